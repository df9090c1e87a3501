//! Lists in pages: `limit`, `cursor`, `next_cursor`, and `Link: rel="next"`.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::http::problem::{FieldError, Problem};
use crate::kernel::cursor;

/// Rows of a page, unless asked for otherwise.
const LIMIT_DEFAULT: i64 = 50;
/// Most rows of a page.
const LIMIT_MAX: i64 = 200;

/// The query of a request, each name at most once.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of `uri`, which may have the names in `known` and those of a page.
    pub(super) fn read(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let text = uri.query().unwrap_or_default();
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (Cow::into_owned(name), Cow::into_owned(value)))
            .collect();
        for (place, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) && !["limit", "cursor"].contains(&name.as_str()) {
                return Err(fault(
                    name,
                    "unknown_parameter",
                    "there is no such parameter",
                ));
            }
            if pairs[..place].iter().any(|(earlier, _)| earlier == name) {
                return Err(fault(name, "repeated_parameter", "given more than once"));
            }
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a parameter says `true`; it may also say `false`, or be left out.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool, Problem> {
        match self.value(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(fault(name, "not_a_boolean", "true or false")),
        }
    }

    /// How many rows are asked for.
    pub(super) fn limit(&self) -> Result<i64, Problem> {
        let Some(text) = self.value("limit") else {
            return Ok(LIMIT_DEFAULT);
        };
        text.parse()
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| fault("limit", "out_of_range", "a whole number from 1 to 200"))
    }

    /// From where the page goes on.
    pub(super) fn cursor<P: DeserializeOwned>(&self) -> Result<Option<P>, Problem> {
        self.value("cursor")
            .map(cursor::decode)
            .transpose()
            .map_err(|error| fault("cursor", "unknown_cursor", &error.to_string()))
    }
}

/// A fault of one parameter.
pub(super) fn fault(name: &str, code: &'static str, detail: &str) -> Problem {
    let mut problem = Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid_parameter",
        "a parameter of the request cannot be used; errors says which",
    );
    problem.errors.push(FieldError {
        pointer: format!("/query/{name}"),
        code,
        detail: detail.to_owned(),
    });
    problem
}

/// A page of `rows` under `name`. `rows` holds one more than `limit` if there is a next page, which
/// begins after the position of the last row shown.
pub(super) fn answer<R, P: Serialize>(
    uri: &Uri,
    name: &str,
    mut rows: Vec<R>,
    limit: i64,
    (position, shown): (impl Fn(&R) -> P, impl Fn(&R) -> Value),
) -> Response {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|last| cursor::encode(&position(last)));
    let mut headers = HeaderMap::new();
    if let Some(next) = &next
        && let Ok(link) = HeaderValue::from_str(&next_link(uri, next))
    {
        headers.insert(header::LINK, link);
    }
    let mut body = Map::new();
    body.insert(name.to_owned(), rows.iter().map(shown).collect());
    body.insert("next_cursor".to_owned(), json!(next));
    (headers, Json(Value::Object(body))).into_response()
}

fn next_link(uri: &Uri, next: &str) -> String {
    let query = uri.query().unwrap_or_default();
    let kept = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor");
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .append_pair("cursor", next)
        .finish();
    format!(r#"<{}?{query}>; rel="next""#, uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Query, Problem> {
        Query::read(
            &format!("/api/v1/things?{query}").parse().unwrap(),
            &["email"],
        )
    }

    #[test]
    fn only_what_is_known_and_said_once_is_read() {
        let query = read("email=a%40b.example&limit=7").unwrap();
        assert_eq!(query.value("email"), Some("a@b.example"));
        assert_eq!(query.limit().unwrap(), 7);
        assert_eq!(read("").unwrap().limit().unwrap(), LIMIT_DEFAULT);

        for (wrong, code) in [
            ("mail=x", "unknown_parameter"),
            ("email=x&email=y", "repeated_parameter"),
        ] {
            let problem = read(wrong).err().unwrap();
            assert_eq!(problem.errors[0].code, code, "{wrong}");
        }
        for wrong in ["limit=0", "limit=201", "limit=-1", "limit=many", "limit="] {
            assert!(read(wrong).unwrap().limit().is_err(), "{wrong}");
        }
        assert!(read("cursor=!").unwrap().cursor::<i64>().is_err());
    }

    #[test]
    fn the_link_to_the_next_page_keeps_the_rest_of_the_query() {
        let uri = "/api/v1/things?limit=2&cursor=old&email=a%40b"
            .parse()
            .unwrap();

        assert_eq!(
            next_link(&uri, "new"),
            r#"</api/v1/things?limit=2&email=a%40b&cursor=new>; rel="next""#
        );
    }
}
