//! Every word that a sender may be told, what it means and how to mend it.

/// A code or a warning, explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The stable word.
    pub code: &'static str,
    /// What it means.
    pub means: &'static str,
    /// What to do about it.
    pub mend: &'static str,
}

const fn explained(code: &'static str, means: &'static str, mend: &'static str) -> Explained {
    Explained { code, means, mend }
}

/// Where the codes are explained, on the same host that gave them.
pub const DOCS_PATH: &str = "/docs/errors";

/// Where one code is explained: a path with a fragment.
pub fn docs(code: &str) -> String {
    format!("{DOCS_PATH}#{code}")
}

/// Why one event was not stored. Its neighbours in the batch are.
pub const OF_EVENTS: &[Explained] = &[
    explained(
        "ce_data_base64_not_json",
        "data_base64 of a CloudEvent holds something other than a JSON object.",
        "Send a JSON object as data.",
    ),
    explained(
        "ce_data_not_an_object",
        "The data of a CloudEvent is JSON, but no object: it becomes the event's properties.",
        "Send {…} as data, or leave it out.",
    ),
    explained(
        "ce_data_not_json",
        "datacontenttype of a CloudEvent is not JSON.",
        "Send JSON data, with application/json or nothing as its type.",
    ),
    explained(
        "ce_data_twice",
        "A CloudEvent has both data and data_base64.",
        "Send one of them.",
    ),
    explained(
        "ce_header_invalid",
        "A ce- header is not percent-encoded UTF-8.",
        "Encode what is not ASCII, spaces, quotes and percent signs as %XX.",
    ),
    explained(
        "ce_id_missing",
        "A CloudEvent has no id.",
        "Send id: a text that is unique within its source.",
    ),
    explained(
        "ce_source_missing",
        "A CloudEvent has no source.",
        "Send source: the system that it comes from, such as /shop.",
    ),
    explained(
        "ce_specversion_missing",
        "A CloudEvent does not say which version it is.",
        "Send specversion 1.0.",
    ),
    explained(
        "ce_specversion_unknown",
        "specversion of a CloudEvent is not 1.0.",
        "Send events of version 1.0.",
    ),
    explained(
        "ce_subject_missing",
        "A CloudEvent names nobody.",
        "Send subject: the user id, or anonymous: and the anonymous id.",
    ),
    explained(
        "ce_type_missing",
        "A CloudEvent does not say what happened.",
        "Send type: it is taken as the name of the event.",
    ),
    explained(
        "duplicate",
        "The same event is stored already.",
        "Nothing: a repeat changes nothing, so retry as often as you like.",
    ),
    explained(
        "duplicate_key",
        "An object holds the same key twice, and programs differ about which one counts.",
        "Write each key once. A library that turns objects into JSON does so by itself.",
    ),
    explained(
        "erased",
        "The person asked to be forgotten after this happened. Nothing of the event is kept.",
        "Nothing: forget them on your side too. What they do from then on makes somebody new.",
    ),
    explained(
        "event_not_allowed",
        "The key has a list of events that it may send, and this is not one of them.",
        "Add the event to the key under Keys, or send it with another key.",
    ),
    explained(
        "event_too_large",
        "The event is larger than 32 KiB, and this Befriend is set to refuse such.",
        "Send what was done, not the whole of your objects.",
    ),
    explained(
        "group_id_missing",
        "A group event names no group.",
        "Send groupId: a text of at most 255 characters.",
    ),
    explained(
        "id_not_text",
        "userId, anonymousId, previousId or groupId is neither a text nor a whole number.",
        "Send it as a text. The pointer says which one it is.",
    ),
    explained(
        "id_too_long",
        "An id has more than 255 characters.",
        "Send the id that your database knows the person by, not a document about them.",
    ),
    explained(
        "invalid_json",
        "The event is not JSON as RFC 8259 has it: NaN, Infinity, single quotes, comments and \
         commas at the end are not.",
        "Let a library write the JSON.",
    ),
    explained(
        "invalid_unicode",
        "A text holds bytes that are not UTF-8, half of a surrogate pair such as \\ud800 alone, or a \
         control character such as a line break that is not escaped.",
        "Let a library write the JSON, send UTF-8, and do not cut a text in the middle of a character.",
    ),
    explained(
        "key_too_long",
        "The name of a property is longer than 1,000 bytes.",
        "Put what varies into the value: {\"page\": \"…\"} instead of {\"…\": true}.",
    ),
    explained(
        "message_id_not_text",
        "messageId is not a text.",
        "Send a text of 1 to 100 characters, or leave it out.",
    ),
    explained(
        "message_id_reused",
        "Another event is stored under this messageId, and the first is kept.",
        "Give each event a messageId of its own; a UUID is never given twice.",
    ),
    explained(
        "message_id_too_long",
        "messageId has more than 100 characters.",
        "Shorten it, for example to a UUID or a hash.",
    ),
    explained(
        "name_missing",
        "A track does not say what happened.",
        "Send event with the name of what happened, for example Order Completed.",
    ),
    explained(
        "name_too_long",
        "The name of the event or page has more than 200 characters.",
        "Use one name for each kind of act, and put what varies into properties.",
    ),
    explained(
        "no_ids",
        "The event names nobody.",
        "Send a userId, or an anonymousId for somebody who is not signed in.",
    ),
    explained(
        "not_an_object",
        "The event, or its properties, traits or context, is not a JSON object.",
        "Send {…}. The pointer says which one it is.",
    ),
    explained(
        "not_storable",
        "The database refused the event for a reason that was not foreseen.",
        "Please report it: this is a fault of Befriend's. The event is kept for seven days and can \
         be replayed from Live once it is mended.",
    ),
    explained(
        "nul_character",
        "A text holds the character U+0000, which cannot be stored.",
        "Take it out; it is often what is left of a fixed-width field.",
    ),
    explained(
        "number_out_of_range",
        "A number is larger than a double-precision number can hold.",
        "Send it as a text.",
    ),
    explained(
        "previous_id_missing",
        "An alias does not say which earlier id it is about.",
        "Send previousId: the anonymous id that the person had before.",
    ),
    explained(
        "reserved_id",
        "The id is a word that programs write when they have none, such as null, undefined, 0 or \
         anonymous: it would join everybody who has no id into one person.",
        "Leave the field out when there is no id.",
    ),
    explained(
        "time_in_future",
        "The time lies more than a day in the future.",
        "Set the sender's clock, or send sentAt so that its error can be corrected.",
    ),
    explained(
        "time_invalid",
        "The time cannot be read.",
        "Send RFC 3339, such as 2026-11-22T03:18:13.288Z, or the milliseconds since 1970.",
    ),
    explained(
        "time_too_old",
        "The time lies before 1980: the sender's clock was never set.",
        "Set the clock, or leave the time out: the time of arrival is then taken.",
    ),
    explained(
        "too_deep",
        "Objects and arrays nest deeper than 64.",
        "Send what was done, not the whole of your objects.",
    ),
    explained(
        "too_many_values",
        "The event holds more than 20,000 values.",
        "Send what was done, not the whole of your objects.",
    ),
    explained(
        "type_mismatch",
        "type says something other than the address that the event was sent to.",
        "Leave type out, or send to the address of that type.",
    ),
    explained(
        "type_missing",
        "An event in a batch does not say what sort it is.",
        "Send type: track, identify, page, screen, group or alias.",
    ),
    explained(
        "type_unknown",
        "type is none of track, identify, page, screen, group and alias.",
        "Send track, with the name of what happened in event.",
    ),
    explained(
        "user_id_missing",
        "An alias does not say whom the earlier id belongs to.",
        "Send userId.",
    ),
    explained(
        "visitor_quota",
        "One visitor of a page sent more events than one person does: 300 at once and 300 a minute, \
         unless this Befriend is set otherwise. What others sent in the same batch is stored. Of a \
         visitor's refused events the first of each minute is listed under Live.",
        "Look for a loop in the page's script. A server that sends for many people needs a secret key, \
         or an anonymousId for each of them.",
    ),
];

/// Why a whole request was not taken. Nothing in it was stored.
pub const OF_REQUESTS: &[Explained] = &[
    explained(
        "body_incomplete",
        "The body ended before its end.",
        "Send it again.",
    ),
    explained(
        "body_too_large",
        "The body is larger than 4 MiB, packed or unpacked; 512 KiB where the key stands in the \
         body.",
        "Send smaller batches.",
    ),
    explained(
        "broken_gzip",
        "The body is said to be gzip and is not, or it is cut short.",
        "Send it unpacked, or see to it that it is packed once and whole.",
    ),
    explained(
        "busy",
        "More events wait to be stored than are taken.",
        "Come back after the seconds in Retry-After. SDKs do so by themselves.",
    ),
    explained(
        "internal",
        "Something went wrong on our side; nothing was stored.",
        "Send it again, and report it if it goes on.",
    ),
    explained(
        "key_in_url",
        "A key stands in an address where it need not.",
        "Send it as the user name of Basic authorization. Only beacons and pixels bring it in the address.",
    ),
    explained(
        "key_missing",
        "The request brings no key.",
        "Send it as the user name of Basic authorization, or as writeKey in the body. A packed \
         body needs it in the header.",
    ),
    explained(
        "key_unknown",
        "This is not a key of this Befriend, or it was revoked.",
        "Look at Keys in the dashboard.",
    ),
    explained(
        "method_not_allowed",
        "The address does not take this method.",
        "Send events by POST.",
    ),
    explained(
        "no_batch",
        "The address takes a batch, and the body has none.",
        "Send {\"batch\": […]}, or send one event to the address of its type.",
    ),
    explained(
        "quota_spent",
        "The key, or the network address, has sent more than its quota.",
        "Come back after the seconds in Retry-After. SDKs do so by themselves.",
    ),
    explained(
        "scope_missing",
        "The key may not do this: it lacks the scope that the message names.",
        "Give it the scope under Keys, or use another key.",
    ),
    explained(
        "secret_key_exposed",
        "A secret key stands in an address, or a web page sent it: everybody can read it there.",
        "Revoke it, and use a browser key on pages.",
    ),
    explained(
        "too_many_events",
        "The batch holds more than 10,000 events.",
        "Send smaller batches.",
    ),
    explained(
        "too_slow",
        "The body did not arrive within 30 seconds.",
        "Send it again, or send smaller batches.",
    ),
    explained(
        "unavailable",
        "The database cannot be reached just now.",
        "Come back after the seconds in Retry-After. SDKs do so by themselves.",
    ),
    explained(
        "unexpected_batch",
        "The address takes one event, and the body has a batch.",
        "Send batches to /v1/batch.",
    ),
    explained(
        "unknown_encoding",
        "Content-Encoding is neither gzip nor absent.",
        "Pack the body once with gzip, or not at all.",
    ),
    explained(
        "unknown_format",
        "The body is in none of the forms that CloudEvents are taken in.",
        "Send application/cloudevents+json, application/cloudevents-batch+json, or ce- headers.",
    ),
];

/// Why a row of an imported file made no event. The other rows do.
pub const OF_ROWS: &[Explained] = &[
    explained(
        "columns_differ",
        "The row has more or fewer columns than the header row.",
        "Put fields that hold the delimiter in quotes.",
    ),
    explained(
        "id_empty",
        "The event's id is made of a column that is empty in this row.",
        "Fill it, or take other columns for message_id in the mapping.",
    ),
    explained(
        "line_too_long",
        "The line is longer than 4 MiB.",
        "Look whether line breaks are missing, or a quote.",
    ),
    explained(
        "not_a_number",
        "A column that the mapping says is a number holds none.",
        "Write a plain number, say decimal_comma, or read the column as text.",
    ),
    explained(
        "not_boolean",
        "A column that the mapping says is true or false holds neither.",
        "Write true or false, or read the column as text.",
    ),
    explained(
        "not_of_format",
        "The line is not of the format that the file is in.",
        "Mend the line, and import the file again: what is stored stays as it is.",
    ),
    explained(
        "not_utf8",
        "The row is not written in UTF-8.",
        "Say encoding: windows-1252 in the mapping if that is what it is.",
    ),
    explained(
        "quote_not_closed",
        "A quote is opened in this line and not closed where it should be.",
        "Close it, or write a quote within a field as two.",
    ),
    explained(
        "time_missing",
        "The row does not say when it happened.",
        "Fill the column of the time, or leave such rows out with skip_when_empty.",
    ),
];

/// Warnings on events that were stored.
pub const WARNINGS: &[Explained] = &[
    explained(
        "alias_of_another",
        "previousId belongs to somebody else who is known; two known people are never joined.",
        "Look at which of your systems mixes them up.",
    ),
    explained(
        "alias_over_cap",
        "The person has 1,000 anonymous ids already. The event is stored as theirs; its anonymous id is \
         not joined to them.",
        "Keep the anonymousId of a browser for as long as it is the same browser: a server must not make \
         up a new one for each event.",
    ),
    explained(
        "anonymous_id_of_another",
        "The anonymous id belongs to somebody else already: a shared device.",
        "Nothing; or call reset() of the SDK when somebody signs out.",
    ),
    explained(
        "future_clamped",
        "The time was more than five minutes ahead and was set to the time of arrival.",
        "Set the sender's clock.",
    ),
    explained(
        "many_properties",
        "The event has more than 255 properties; it is stored whole.",
        "Send what was done, not the whole of your objects.",
    ),
    explained(
        "name_over_cap",
        "The brand has as many names of events as are listed; this one is stored, counts, and is in no list.",
        "Use one name for each kind of act, and put what varies into properties.",
    ),
    explained(
        "oversize",
        "The event is larger than 32 KiB, which other receivers refuse.",
        "Send what was done, not the whole of your objects.",
    ),
    explained(
        "reserved_anonymous_id",
        "anonymousId is a word for nobody, such as undefined, and was ignored.",
        "Leave it out when there is none.",
    ),
    explained(
        "reserved_user_id",
        "userId is a word for nobody, such as null, and was ignored.",
        "Leave it out when there is none.",
    ),
    explained(
        "self_alias",
        "An alias names one id twice; it does nothing.",
        "Call identify instead. One browser SDK sends this by itself after identify.",
    ),
    explained(
        "sent_at_invalid",
        "sentAt cannot be read, so the sender's clock was not corrected.",
        "Send RFC 3339, such as 2026-11-22T03:18:13.288Z.",
    ),
    explained(
        "user_id_unproven",
        "A browser key sent a userId without proof: the event does not count as that person's.",
        "Send the ID token of the signed-in customer in context.idToken, or use a secret key from \
         your server.",
    ),
    explained(
        "zone_missing",
        "The time names no zone and was taken as UTC.",
        "End it with Z or an offset such as +01:00.",
    ),
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn all() -> Vec<&'static str> {
        let lists = [OF_EVENTS, OF_ROWS, OF_REQUESTS, WARNINGS];
        lists.concat().iter().map(|one| one.code).collect()
    }

    /// What is written right after `opening`, up to the end of the text.
    fn said_after<'a>(code: &'a str, opening: &str) -> Vec<&'a str> {
        let told = code.split(opening).skip(1);
        told.filter_map(|rest| rest.split('"').next())
            .filter(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
            .collect()
    }

    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .flat_map(|path| {
                if path.is_dir() {
                    sources(&path)
                } else {
                    vec![path]
                }
            })
            .filter(|path| !path.to_string_lossy().ends_with("tests.rs"))
            .collect()
    }

    #[test]
    fn every_word_that_a_sender_is_told_is_explained() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let known = all();
        let mut told = 0;
        let folders = ["event", "http/tracking", "cli/import"].map(|folder| root.join(folder));
        for path in folders.iter().flat_map(|folder| sources(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
            for opening in [
                "Fault::new( place, \"",
                "Fault::new(place, \"",
                "Fault::new( Place::line(number), \"",
                "Fault::new(Place::line(number), \"",
                "Fault::new(Place::line(error.line), \"",
                "Fault::new(Place::line(item.line), \"",
                "Fault::new(Place::line(line.number), \"",
                "self.fault(row, column, \"",
                "self.fault(row, part.column, \"",
                ".fault(row, column, \"",
                "Fault::new( \"",
                "Fault::new(\"",
                "fault( \"",
                "fault(\"",
                "bad_request(\"",
                "bad_request( \"",
                "code: \"",
                "\"code\": \"",
                "flags.push(\"",
                "_QUOTA: &str = \"",
                "_OF_ANOTHER: &str = \"",
                "_OVER_CAP: &str = \"",
                "instant::Fault::TooOld => (\"",
                "instant::Fault::Future => (\"",
                "StatusCode::UNAUTHORIZED, \"",
                "StatusCode::FORBIDDEN, \"",
                "StatusCode::NOT_FOUND, \"",
                "StatusCode::REQUEST_TIMEOUT, \"",
                "StatusCode::TOO_MANY_REQUESTS, \"",
                "StatusCode::SERVICE_UNAVAILABLE, \"",
                "StatusCode::INTERNAL_SERVER_ERROR, \"",
                "StatusCode::PAYLOAD_TOO_LARGE, \"",
                "StatusCode::BAD_REQUEST, \"",
            ] {
                for word in said_after(&code, opening) {
                    assert!(
                        word.is_empty() || known.contains(&word),
                        "{}: {word} is not explained",
                        path.display()
                    );
                    told += usize::from(!word.is_empty());
                }
            }
        }
        assert!(
            told > 40,
            "only {told} words were found: the search is broken"
        );
    }

    #[test]
    fn each_word_is_explained_once_and_in_order() {
        for list in [OF_EVENTS, OF_ROWS, OF_REQUESTS, WARNINGS] {
            assert!(list.is_sorted_by(|one, other| one.code < other.code));
        }
        let mut words = all();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all().len());
    }
}
