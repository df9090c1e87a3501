//! One form for what every provider says about a person. Pure.
//!
//! An address and whether it is proven are one value, decided here by the provider's row and
//! nowhere else (S29).

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use super::attempt::PostedName;
use super::catalogue::{EmailTrust, ListPaths, Paths, Provider};
use super::id_token::{Claims, is_subject};
use crate::kernel::EmailAddress;

/// The longest name or other short text that is kept, in characters.
const TEXT_CHARS_MAX: usize = 200;
/// The longest URL that is kept, in bytes.
const URL_BYTES_MAX: usize = 2000;
/// The most addresses that are kept.
const EMAILS_MAX: usize = 10;

/// What a provider says about a person, in one form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NormalClaims {
    /// Who vouches.
    pub issuer: String,
    /// For whom: stable within the issuer.
    pub subject: String,
    /// The whole name.
    pub display_name: Option<String>,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// The handle; never an identifier.
    pub username: Option<String>,
    /// Addresses, each with whether it counts as proven.
    pub emails: Vec<ClaimedEmail>,
    /// The telephone number.
    pub phone: Option<String>,
    /// The picture: an `https` URL.
    pub picture_url: Option<String>,
    /// The account's public page: an `https` URL.
    pub profile_url: Option<String>,
    /// Language and region.
    pub locale: Option<String>,
    /// The time zone.
    pub zone: Option<String>,
    /// The gender, as its owner says.
    pub gender: Option<String>,
    /// The day of birth, as the provider writes it.
    pub birthdate: Option<String>,
    /// The provider's own answers: `id_token`, `userinfo`, `emails`, each if given.
    pub raw: Value,
}

/// An address, and whether the provider's word proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedEmail {
    /// The address, in canonical form.
    #[serde(deserialize_with = "address")]
    pub address: EmailAddress,
    /// Whether it counts as proven.
    pub is_verified: bool,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EmailAddress, D::Error> {
    let text = String::deserialize(deserializer)?;
    EmailAddress::parse(&text).map_err(serde::de::Error::custom)
}

impl NormalClaims {
    /// The addresses that count as proven.
    pub fn verified_emails(&self) -> impl Iterator<Item = &EmailAddress> {
        self.emails
            .iter()
            .filter(|email| email.is_verified)
            .map(|email| &email.address)
    }

    /// What to call the person, if they have a name.
    pub fn name(&self) -> Option<String> {
        let parts = [&self.given_name, &self.family_name];
        let joined: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        self.display_name
            .clone()
            .or_else(|| (!joined.is_empty()).then(|| joined.join(" ")))
    }
}

/// What a provider answered, as far as it was asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answers<'a> {
    /// The verified ID token's claims.
    pub id_token: Option<&'a Claims>,
    /// The userinfo answer.
    pub userinfo: Option<&'a Value>,
    /// The separate list of addresses.
    pub emails: Option<&'a Value>,
    /// The name that came with the browser's form, which nobody signed: it is taken where nothing
    /// signed gives one, and no more than the name (A36).
    pub posted_name: Option<&'a PostedName>,
}

/// Why an answer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It does not say whose account it is.
    #[error("the provider's answer names nobody")]
    Subject,
    /// Userinfo is about another account than the ID token (OIDC Core §5.3.2, A29).
    #[error("the provider's two answers are about different accounts")]
    SubjectMismatch,
}

/// Normalises `answers` by the provider's row. `issuer` stands for providers without ID tokens;
/// `overrides` are the paths that a generic connection sets itself.
pub fn normalise(
    provider: &Provider,
    issuer: &str,
    overrides: &Map<String, Value>,
    answers: Answers<'_>,
) -> Result<NormalClaims, Unusable> {
    let reader = Reader {
        answers,
        overrides,
        paths: provider.paths,
        account_key: provider.account_key,
    };
    let subject = reader.subject()?;
    let posted = answers.posted_name;
    let posted = |part: fn(&PostedName) -> Option<&String>| {
        posted.and_then(part).and_then(|text| clean(text))
    };
    let text = |name, path| reader.text(name, path);
    let paths = provider.paths;
    Ok(NormalClaims {
        issuer: answers
            .id_token
            .map_or(issuer, |claims| claims.issuer.as_str())
            .to_owned(),
        subject,
        display_name: text("name", paths.name),
        given_name: text("given_name", paths.given_name)
            .or_else(|| posted(|name| name.given.as_ref())),
        family_name: text("family_name", paths.family_name)
            .or_else(|| posted(|name| name.family.as_ref())),
        username: text("username", paths.username),
        emails: emails(provider, &reader),
        phone: text("phone", paths.phone),
        picture_url: reader.url("picture", paths.picture),
        profile_url: reader.url("profile", paths.profile),
        locale: text("locale", paths.locale),
        zone: text("zone", paths.zone),
        gender: text("gender", paths.gender),
        birthdate: text("birthdate", paths.birthdate),
        raw: raw(answers),
    })
}

fn raw(answers: Answers<'_>) -> Value {
    let mut raw = Map::new();
    if let Some(claims) = answers.id_token {
        raw.insert("id_token".to_owned(), Value::Object(claims.all.clone()));
    }
    let others = [("userinfo", answers.userinfo), ("emails", answers.emails)];
    for (name, value) in others {
        if let Some(value) = value {
            raw.insert(name.to_owned(), value.clone());
        }
    }
    without_nul(Value::Object(raw))
}

/// Postgres stores no NUL in JSON; what comes with one goes on without it.
fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(text.replace('\0', "")),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name.replace('\0', ""), without_nul(value)))
                .collect(),
        ),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

/// Finds claims: in the ID token first, then in userinfo.
struct Reader<'a> {
    answers: Answers<'a>,
    overrides: &'a Map<String, Value>,
    paths: &'a Paths,
    account_key: &'a [&'a str],
}

impl Reader<'_> {
    fn subject(&self) -> Result<String, Unusable> {
        let found = self.userinfo_subject();
        let Some(claims) = self.answers.id_token else {
            return found.ok_or(Unusable::Subject);
        };
        if self.answers.userinfo.is_some() && found.as_deref() != Some(claims.subject.as_str()) {
            return Err(Unusable::SubjectMismatch);
        }
        if self.account_key.is_empty() {
            return Ok(claims.subject.clone());
        }
        let parts = self.account_key.iter().map(|path| {
            let text = at_path_in(&claims.all, path).and_then(Value::as_str);
            // A part with the mark between parts in it could make two accounts look like one.
            text.filter(|text| is_subject(text) && !text.contains('/'))
        });
        let parts: Option<Vec<&str>> = parts.collect();
        let subject = parts.ok_or(Unusable::Subject)?.join("/");
        is_subject(&subject)
            .then_some(subject)
            .ok_or(Unusable::Subject)
    }

    fn userinfo_subject(&self) -> Option<String> {
        let userinfo = self.answers.userinfo?;
        let subject = match at_path(userinfo, self.path("subject", self.paths.subject))? {
            Value::String(text) => text.clone(),
            // A number must be whole: 1 and 1.0 would be two spellings of one account.
            Value::Number(number) if number.is_u64() || number.is_i64() => number.to_string(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => {
                return None;
            }
        };
        is_subject(&subject).then_some(subject)
    }

    /// The path of `name`: the connection's own, else the row's.
    fn path<'p>(&'p self, name: &str, row: &'p str) -> &'p str {
        self.overrides
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or(row)
    }

    fn value(&self, name: &str, row: &str) -> Option<&Value> {
        let path = self.path(name, row);
        if path.is_empty() {
            return None;
        }
        let in_token = self
            .answers
            .id_token
            .and_then(|claims| at_path_in(&claims.all, path));
        in_token
            .or_else(|| at_path(self.answers.userinfo?, path))
            .filter(|value| !value.is_null())
    }

    /// Fills the braces of an address with what stands at the paths in them, as one part of a path
    /// each. `None` when one is missing.
    fn fill(&self, template: &str) -> Option<String> {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, from)) = rest.split_once('{') {
            let (path, after) = from.split_once('}')?;
            let value = match at_path(self.answers.userinfo?, path)? {
                Value::String(value) => value.clone(),
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
            };
            text.push_str(before);
            text.push_str(&value.replace(['?', '#', '%', '\\'], ""));
            rest = after;
        }
        Some(text + rest)
    }

    fn text(&self, name: &str, row: &str) -> Option<String> {
        clean(self.value(name, row)?.as_str()?)
    }

    /// The value of a flag, and the address beside it: an address and its flag are of one answer, so
    /// that no answer's flag proves another's address. The ID token first, if it has both.
    fn email(&self) -> Option<(&str, Option<&Value>)> {
        let address = self.path("email", self.paths.email);
        let flag = self.path("email_verified", self.paths.email_verified);
        if address.is_empty() {
            return None;
        }
        let in_token = self.answers.id_token.map(|claims| &claims.all);
        let in_userinfo = self.answers.userinfo.and_then(Value::as_object);
        let found: Vec<(&str, Option<&Value>)> = [in_token, in_userinfo]
            .into_iter()
            .flatten()
            .filter_map(|answer| {
                let address = at_path_in(answer, address)?.as_str()?;
                let flag = Some(flag).filter(|path| !path.is_empty());
                Some((address, flag.and_then(|path| at_path_in(answer, path))))
            })
            .collect();
        let with_flag = found.iter().find(|(_, flag)| flag.is_some());
        with_flag.or(found.first()).copied()
    }

    fn url(&self, name: &str, row: &str) -> Option<String> {
        let template = self.path(name, row);
        let filled;
        let text = if template.contains('{') {
            filled = self.fill(template)?;
            &filled
        } else {
            self.value(name, row)?.as_str()?
        };
        let url = Url::parse(text).ok()?;
        (url.scheme() == "https" && text.len() <= URL_BYTES_MAX).then(|| url.to_string())
    }
}

fn at_path<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let Value::Array(items) = value else {
        return at_path_in(value.as_object()?, path);
    };
    let (place, rest) = path.split_once('.').unwrap_or((path, ""));
    let item = items.get(place.parse::<usize>().ok()?)?;
    if rest.is_empty() {
        Some(item)
    } else {
        at_path(item, rest)
    }
}

fn at_path_in<'v>(object: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    // Claim names may hold dots themselves (`https://…/claim`), so the whole path is tried first.
    if let Some(value) = object.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    at_path(object.get(first)?, rest)
}

/// A short text without control characters or marks that turn the reading direction, or `None` if
/// nothing is left.
pub(super) fn clean(text: &str) -> Option<String> {
    let is_kept = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let kept: String = text.chars().filter(is_kept).take(TEXT_CHARS_MAX).collect();
    let trimmed = kept.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// The addresses that parse. One whose spelling is not canonical after parsing is left out, so that
/// two spellings never meet in one account (A37).
fn emails(provider: &Provider, reader: &Reader<'_>) -> Vec<ClaimedEmail> {
    if let EmailTrust::List(paths) = provider.email_trust {
        let list = reader.answers.emails;
        return list.map_or_else(Vec::new, |list| listed_emails(list, paths));
    }
    let claimed = reader.email().and_then(|(text, flag)| {
        let address = EmailAddress::parse(text).ok()?;
        Some(ClaimedEmail {
            is_verified: is_verified(provider.email_trust, &address, flag, reader),
            address,
        })
    });
    claimed.into_iter().collect()
}

/// The tenant of Microsoft's consumer accounts.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Only the boolean `true` is a yes: an absent claim, `"true"`, `1` and `"yes"` are not (A2), but for
/// the one provider that is known to send the text.
fn is_verified(
    trust: EmailTrust,
    address: &EmailAddress,
    claim: Option<&Value>,
    reader: &Reader<'_>,
) -> bool {
    let said = claim == Some(&Value::Bool(true));
    let in_token = |name: &str| reader.answers.id_token?.all.get(name);
    match trust {
        EmailTrust::Never | EmailTrust::List(_) => false,
        EmailTrust::Claim => said,
        EmailTrust::ClaimOrText => said || claim.and_then(Value::as_str) == Some("true"),
        EmailTrust::Google => {
            let hosted = in_token("hd").is_some_and(Value::is_string);
            said && (address.domain() == "gmail.com" || hosted)
        }
        EmailTrust::Microsoft => {
            // Of the signed answer alone: the account endpoint says what the tenant says.
            let is_signed = in_token("email")
                .and_then(Value::as_str)
                .is_some_and(|text| {
                    EmailAddress::parse(text).is_ok_and(|signed| signed == *address)
                });
            let is_of_domain = in_token("xms_edov") == Some(&Value::Bool(true));
            let is_consumer = in_token("tid").and_then(Value::as_str) == Some(CONSUMERS);
            is_signed && (is_of_domain || is_consumer)
        }
    }
}

/// Reads a list of addresses, the primary one first.
fn listed_emails(answer: &Value, paths: &ListPaths) -> Vec<ClaimedEmail> {
    let list = if paths.list.is_empty() {
        Some(answer)
    } else {
        at_path(answer, paths.list)
    };
    let entries = list.and_then(Value::as_array);
    let entries = entries.map(Vec::as_slice).unwrap_or_default();
    let is_true = |entry: &Value, name: &str| entry.get(name) == Some(&json!(true));
    let mut emails: Vec<(bool, ClaimedEmail)> = entries
        .iter()
        .filter_map(|entry| {
            let address = EmailAddress::parse(entry.get(paths.address)?.as_str()?).ok()?;
            let is_primary = is_true(entry, paths.primary);
            let is_verified = is_primary && is_true(entry, paths.verified);
            Some((
                is_primary,
                ClaimedEmail {
                    address,
                    is_verified,
                },
            ))
        })
        .take(EMAILS_MAX)
        .collect();
    emails.sort_by_key(|(is_primary, _)| !is_primary);
    emails.into_iter().map(|(_, email)| email).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::catalogue;

    fn token(claims: &Value) -> Claims {
        Claims {
            issuer: "https://accounts.example".to_owned(),
            subject: claims["sub"].as_str().unwrap().to_owned(),
            all: claims.as_object().unwrap().clone(),
        }
    }

    fn by_token(provider: &str, claims: &Value) -> NormalClaims {
        let token = token(claims);
        let answers = Answers {
            id_token: Some(&token),
            ..Answers::default()
        };
        let provider = catalogue::find(provider).unwrap();
        normalise(provider, "unused", &Map::new(), answers).unwrap()
    }

    fn verified(claims: &NormalClaims) -> Vec<&str> {
        claims.verified_emails().map(EmailAddress::as_str).collect()
    }

    #[test]
    fn a2_only_the_boolean_true_proves_an_address() {
        let base = json!({"sub": "1", "email": "Ada@Example.com"});
        let with = |value: Value| {
            let mut claims = base.clone();
            claims["email_verified"] = value;
            by_token("oidc", &claims)
        };

        assert_eq!(verified(&with(json!(true))), ["ada@example.com"]);
        for value in [
            json!(false),
            json!("true"),
            json!("True"),
            json!(1),
            json!("yes"),
            json!([true]),
            Value::Null,
        ] {
            let claims = with(value.clone());
            assert!(verified(&claims).is_empty(), "{value}");
            assert_eq!(claims.emails.len(), 1, "kept as hearsay: {value}");
        }
        assert!(verified(&by_token("oidc", &base)).is_empty(), "absent");
    }

    #[test]
    fn google_proves_addresses_that_google_manages() {
        for (email, hd, expected) in [
            ("ada@gmail.com", Value::Null, true),
            ("ada@brand.example", Value::Null, false),
            ("ada@brand.example", json!("brand.example"), true),
            ("ada@brand.example", json!(true), false),
        ] {
            let mut claims = json!({"sub": "1", "email": email, "email_verified": true});
            if !hd.is_null() {
                claims["hd"] = hd.clone();
            }
            let is_verified = by_token("google", &claims).emails[0].is_verified;
            assert_eq!(is_verified, expected, "{email} {hd}");
        }
    }

    #[test]
    fn a3_github_proves_the_primary_verified_entry_and_not_the_profile() {
        let userinfo = json!({
            "id": 583_231, "login": "octo", "name": "Octo Cat", "email": "victim@example.com",
            "avatar_url": "https://avatars.example/1", "html_url": "https://github.com/octo",
        });
        let list = json!([
            {"email": "second@example.com", "primary": false, "verified": true},
            {"email": "First@example.com", "primary": true, "verified": true},
            {"email": "third@example.com", "primary": true, "verified": "true"},
            {"email": "victim＠example.com", "primary": true, "verified": true},
            {"primary": true},
            7,
        ]);
        let answers = Answers {
            id_token: None,
            userinfo: Some(&userinfo),
            emails: Some(&list),
            posted_name: None,
        };
        let github = catalogue::find("github").unwrap();

        let claims = normalise(github, "https://github.com", &Map::new(), answers).unwrap();

        assert_eq!(claims.subject, "583231");
        assert_eq!(claims.issuer, "https://github.com");
        assert_eq!(claims.username.as_deref(), Some("octo"));
        assert_eq!(verified(&claims), ["first@example.com"]);
        assert_eq!(claims.emails.len(), 3);
    }

    #[test]
    fn a29_userinfo_is_about_the_same_account() {
        let token = token(&json!({"sub": "1"}));
        let normalised = |userinfo: &Value| {
            let answers = Answers {
                id_token: Some(&token),
                userinfo: Some(userinfo),
                ..Answers::default()
            };
            let oidc = catalogue::find("oidc").unwrap();
            normalise(oidc, "unused", &Map::new(), answers)
        };

        let agreed = normalised(&json!({"sub": "1", "name": "Ada"})).unwrap();
        assert_eq!(agreed.display_name.as_deref(), Some("Ada"));
        for other in [
            json!({"sub": "2"}),
            json!({}),
            json!([]),
            json!({"sub": ""}),
        ] {
            assert_eq!(
                normalised(&other),
                Err(Unusable::SubjectMismatch),
                "{other}"
            );
        }
    }

    #[test]
    fn a37_addresses_that_are_not_plain_are_left_out() {
        for text in [
            "victim@x.com@evil",
            "victim＠x.com",
            "victim@x.com\u{0}",
            "\"a b\"@x.com",
            "victim@x.com.",
            "",
        ] {
            let claims = by_token(
                "oidc",
                &json!({"sub": "1", "email": text, "email_verified": true}),
            );
            assert!(claims.emails.is_empty(), "{text:?}");
        }
        let shouted = json!({"sub": "1", "email": "VICTIM@X.COM", "email_verified": true});
        assert_eq!(verified(&by_token("oidc", &shouted)), ["victim@x.com"]);
    }

    #[test]
    fn a36_texts_lose_control_characters_and_urls_are_https() {
        let claims = by_token(
            "oidc",
            &json!({
                "sub": "1", "name": " Ada\u{0}\u{202e} Lovelace ", "given_name": "\n",
                "family_name": 7, "picture": "javascript:alert(1)",
                "profile": "http://plain.example/", "locale": "x".repeat(1000),
            }),
        );

        assert_eq!(claims.display_name.as_deref(), Some("Ada Lovelace"));
        assert_eq!(claims.given_name, None);
        assert_eq!(claims.family_name, None);
        assert_eq!(claims.picture_url, None);
        assert_eq!(claims.profile_url, None);
        assert_eq!(claims.locale.map(|text| text.len()), Some(TEXT_CHARS_MAX));
        assert!(!claims.raw.to_string().contains("\\u0000"));
    }

    #[test]
    fn a_generic_connection_names_its_own_paths() {
        let userinfo = json!({
            "data": {"account": {"id": "u-7", "mail": "ada@example.com", "proven": true}},
            "title": "Ada",
        });
        let overrides = json!({
            "subject": "data.account.id", "email": "data.account.mail",
            "email_verified": "data.account.proven", "name": "title",
        });
        let overrides = overrides.as_object().unwrap();
        let oauth2 = catalogue::find("oauth2").unwrap();
        let normalised = |userinfo: &Value| {
            let answers = Answers {
                userinfo: Some(userinfo),
                ..Answers::default()
            };
            normalise(oauth2, "https://login.example", overrides, answers)
        };

        let claims = normalised(&userinfo).unwrap();

        assert_eq!(claims.subject, "u-7");
        assert_eq!(claims.display_name.as_deref(), Some("Ada"));
        assert_eq!(verified(&claims), ["ada@example.com"]);
        for nobody in [
            json!({}),
            json!({"data": {"account": {"id": 1.5}}}),
            json!("x"),
        ] {
            assert_eq!(normalised(&nobody), Err(Unusable::Subject), "{nobody}");
        }
    }

    #[test]
    fn claims_survive_being_set_aside() {
        let claims = by_token(
            "oidc",
            &json!({"sub": "1", "email": "ada@example.com", "email_verified": true}),
        );

        let stored = serde_json::to_value(&claims).unwrap();

        assert_eq!(
            serde_json::from_value::<NormalClaims>(stored).unwrap(),
            claims
        );
    }

    #[test]
    fn a2_the_text_true_counts_for_apple_alone() {
        for provider in catalogue::all() {
            let EmailTrust::List(_) = provider.email_trust else {
                let claims = json!({
                    "sub": "1", "email": "ada@gmail.com", "email_verified": "true", "tid": "t",
                    "oid": "o", "https://slack.com/team_id": "t", "https://slack.com/user_id": "u",
                });
                let key = provider.key;
                if provider.signs() {
                    let counts = !verified(&by_token(key, &claims)).is_empty();
                    assert_eq!(counts, key == "apple", "{key}");
                }
                continue;
            };
        }
    }

    #[test]
    fn a1_microsofts_address_counts_by_its_domain_or_for_consumers() {
        let base = json!({
            "sub": "1", "tid": "t", "oid": "o", "email": "victim@brand.example",
            "email_verified": true,
        });
        for (name, value, expected) in [
            ("xms_edov", json!(true), true),
            ("xms_edov", json!("true"), false),
            ("xms_edov", json!(1), false),
            ("xms_edov", json!(false), false),
            ("tid", json!(CONSUMERS), true),
            ("none", Value::Null, false),
        ] {
            let mut claims = base.clone();
            claims[name] = value.clone();
            let claims = by_token("microsoft", &claims);
            assert_eq!(claims.emails[0].is_verified, expected, "{name} {value}");
        }
        let claims = by_token("microsoft", &base);
        assert_eq!(claims.subject, "t/o", "the pair that no tenant can take");
        let token = token(&json!({"sub": "1", "tid": "t/o", "oid": "p"}));
        let answers = Answers {
            id_token: Some(&token),
            ..Answers::default()
        };
        let microsoft = catalogue::find("microsoft").unwrap();
        let normalised = normalise(microsoft, "unused", &Map::new(), answers);
        assert_eq!(normalised, Err(Unusable::Subject));
    }

    #[test]
    fn an_address_and_its_flag_are_of_one_answer() {
        let token = token(&json!({"sub": "1", "email": "signed@example.com"}));
        let userinfo = json!({"sub": "1", "email": "told@example.com", "email_verified": true});
        let answers = Answers {
            id_token: Some(&token),
            userinfo: Some(&userinfo),
            ..Answers::default()
        };
        let oidc = catalogue::find("oidc").unwrap();

        let claims = normalise(oidc, "unused", &Map::new(), answers).unwrap();

        assert_eq!(verified(&claims), ["told@example.com"]);
        assert_eq!(claims.emails.len(), 1);
    }

    #[test]
    fn a36_a_posted_name_is_cleaned_and_taken_where_nothing_signed_gives_one() {
        let posted = PostedName {
            given: Some("A\u{0}da\u{202e}".to_owned()),
            family: Some("x".repeat(1000)),
        };
        let named = |claims: &Value| {
            let token = token(claims);
            let answers = Answers {
                id_token: Some(&token),
                posted_name: Some(&posted),
                ..Answers::default()
            };
            let apple = catalogue::find("apple").unwrap();
            normalise(apple, "unused", &Map::new(), answers).unwrap()
        };

        let claims = named(&json!({"sub": "1"}));
        assert_eq!(claims.given_name.as_deref(), Some("Ada"));
        assert_eq!(
            claims.family_name.map(|text| text.len()),
            Some(TEXT_CHARS_MAX)
        );
        assert!(claims.emails.is_empty());
        let signed = named(&json!({"sub": "1", "given_name": "Grace"}));
        assert_eq!(signed.given_name.as_deref(), Some("Grace"));
    }

    #[test]
    fn a_picture_is_filled_into_its_address_and_lists_are_walked() {
        let picture = |userinfo: &Value| {
            let answers = Answers {
                userinfo: Some(userinfo),
                ..Answers::default()
            };
            let discord = catalogue::find("discord").unwrap();
            let claims = normalise(discord, "https://discord.com", &Map::new(), answers);
            claims.unwrap().picture_url
        };

        let filled = picture(&json!({"id": "7", "avatar": "a1"}));
        let expected = "https://cdn.discordapp.com/avatars/7/a1.png";
        assert_eq!(filled.as_deref(), Some(expected));
        assert_eq!(picture(&json!({"id": "7", "avatar": null})), None);
        let list = json!({"images": [{"url": "first"}, {"url": "second"}]});
        assert_eq!(at_path(&list, "images.1.url"), Some(&json!("second")));
        assert_eq!(at_path(&list, "images.2.url"), None);
        assert_eq!(at_path(&list, "images.url"), None);
    }
}
