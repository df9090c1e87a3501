//! What an identify says of a person, reduced to what a profile keeps.

use serde_json::{Map, Value};

use crate::kernel::EmailAddress;

/// The longest name that is kept, in characters; the column is indexed.
const NAME_CHARS_MAX: usize = 200;
/// The longest picture address that is kept, in bytes.
const PICTURE_LENGTH_MAX: usize = 2_000;
/// The longest language tag that is kept, in bytes.
const LOCALE_LENGTH_MAX: usize = 35;
/// The largest set of traits that one event adds to a profile, in bytes of JSON.
const DOCUMENT_LENGTH_MAX: usize = 32 * 1024;

/// What an identify says of a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Traits {
    /// All of it, as JSON.
    pub document: String,
    /// The whole name.
    pub display_name: Option<String>,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// A picture, by https.
    pub picture_url: Option<String>,
    /// Language and region.
    pub locale: Option<String>,
    /// An address: hearsay until the person proves it.
    pub email: Option<EmailAddress>,
}

impl Traits {
    /// Reads them where senders put them: at the root, else in `context`. `None` when there are
    /// none, or more than a profile takes.
    pub(super) fn read(event: &Map<String, Value>) -> Option<Self> {
        let filled = |value: Option<&Value>| {
            value
                .and_then(Value::as_object)
                .filter(|map| !map.is_empty())
                .cloned()
        };
        let context = event.get("context");
        let map = filled(event.get("traits"))
            .or_else(|| filled(context.and_then(|context| context.get("traits"))))?;
        let locale = tag(map.get("locale"))
            .or_else(|| tag(context.and_then(|context| context.get("locale"))));
        let name_of = |keys: &[&str]| keys.iter().find_map(|key| name(map.get(*key)));
        let (given_name, family_name) = (
            name_of(&["firstName", "first_name", "firstname", "given_name"]),
            name_of(&["lastName", "last_name", "lastname", "family_name"]),
        );
        let joined = match (&given_name, &family_name) {
            (Some(given), Some(family)) => name(Some(&Value::String(format!("{given} {family}")))),
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        let traits = Self {
            display_name: name_of(&["name", "displayName", "display_name"]).or(joined),
            given_name,
            family_name,
            picture_url: picture(map.get("avatar").or_else(|| map.get("picture"))),
            locale,
            email: map
                .get("email")
                .and_then(Value::as_str)
                .and_then(|text| EmailAddress::parse(text).ok()),
            document: Value::Object(map).to_string(),
        };
        (traits.document.len() <= DOCUMENT_LENGTH_MAX).then_some(traits)
    }
}

fn name(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    let plain: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME_CHARS_MAX)
        .collect();
    (!plain.is_empty()).then_some(plain)
}

fn picture(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let fits = text.len() <= PICTURE_LENGTH_MAX
        && text.starts_with("https://")
        && url::Url::parse(text).is_ok();
    fits.then(|| text.to_owned())
}

fn tag(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.replace('_', "-");
    let fits = !text.is_empty()
        && text.len() <= LOCALE_LENGTH_MAX
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(event: &Value) -> Option<Traits> {
        Traits::read(event.as_object().expect("an object"))
    }

    #[test]
    fn root_traits_go_before_those_in_the_context() {
        let root = read(&json!({"traits": {"name": "Ada"}, "context": {"traits": {"name": "No"}}}));
        let context = read(&json!({"context": {"traits": {"name": "Ada", "x": 1}}}));

        assert_eq!(root.expect("traits").display_name.as_deref(), Some("Ada"));
        let context = context.expect("traits");
        assert_eq!(context.display_name.as_deref(), Some("Ada"));
        assert_eq!(context.document, r#"{"name":"Ada","x":1}"#);
    }

    #[test]
    fn an_empty_root_does_not_hide_the_context() {
        let traits = read(&json!({"traits": {}, "context": {"traits": {"email": "A@x.com"}}}));

        assert_eq!(
            traits.expect("traits").email.expect("an address").as_str(),
            "a@x.com"
        );
    }

    #[test]
    fn parts_make_a_name_and_nonsense_is_left_out() {
        let traits = read(&json!({"traits": {
            "firstName": " Ada ", "last_name": "Byron", "email": "no address",
            "avatar": "javascript:alert(1)", "locale": "de_CH"
        }}))
        .expect("traits");

        assert_eq!(traits.display_name.as_deref(), Some("Ada Byron"));
        assert_eq!(traits.locale.as_deref(), Some("de-CH"));
        assert_eq!((traits.email, traits.picture_url), (None, None));
        assert_eq!(read(&json!({"traits": {}})), None);
        assert_eq!(read(&json!({"traits": {"x": "y".repeat(40_000)}})), None);
    }

    #[test]
    fn a_name_is_cut_to_what_an_index_holds() {
        let traits = read(&json!({"traits": {"name": "é".repeat(5_000)}})).expect("traits");

        assert_eq!(
            traits.display_name.expect("a name").chars().count(),
            NAME_CHARS_MAX
        );
    }
}
