//! What providers' habits do to requests and answers. Pure.
//!
//! The standard shape is made first, by the `oauth2` crate; here it is bent to what a row says. On
//! the way back, the many shapes of token answers are brought into the one that the crate reads.

use aws_lc_rs::hmac;
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use super::catalogue::{AccountCall, Habits};
use crate::egress::{Method, Request};
use crate::kernel::Secret;

/// Under which name a token answer carries everything that is neither token nor about one.
pub(super) const ACCOUNT: &str = "befriend_account";

/// An authorization request under the provider's word for `client_id`.
pub(super) fn authorize_url(url: Url, habits: &Habits) -> Url {
    if habits.client_id_name == "client_id" {
        return url;
    }
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut bent = url;
    bent.query_pairs_mut().clear().extend_pairs(
        pairs
            .iter()
            .map(|(name, value)| (renamed(name, habits), value)),
    );
    bent
}

/// A token request's body, and its content type. `repeated` are parameters of the callback.
pub(super) fn token_body(
    form: &[u8],
    habits: &Habits,
    repeated: &[(String, String)],
) -> (&'static str, Vec<u8>) {
    let wanted = repeated
        .iter()
        .filter(|(name, _)| habits.token_repeats.contains(&name.as_str()));
    let pairs = form_urlencoded::parse(form)
        .into_owned()
        .chain(wanted.cloned());
    if habits.token_takes_json {
        let fields: Map<String, Value> = pairs
            .map(|(name, value)| (renamed(&name, habits).to_owned(), Value::String(value)))
            .collect();
        let body = Value::Object(fields).to_string();
        return ("application/json", body.into_bytes());
    }
    let mut body = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        body.append_pair(renamed(&name, habits), &value);
    }
    (
        "application/x-www-form-urlencoded",
        body.finish().into_bytes(),
    )
}

fn renamed<'n>(name: &'n str, habits: &Habits) -> &'n str {
    if name == "client_id" {
        habits.client_id_name
    } else {
        name
    }
}

/// A token answer in the standard's shape: its status, and JSON. A refusal that came as a success is
/// made one; a refusal that says nothing in the standard's words is given one; what is no token is
/// put under [`ACCOUNT`], without the tokens.
pub(super) fn token_answer(status: u16, answer: Value) -> (u16, Value) {
    let Value::Object(mut fields) = answer else {
        return (status, answer);
    };
    let token = fields.remove("access_token");
    let (true, Some(Value::String(token))) = (status / 100 == 2, token) else {
        let error = fields.get("error").and_then(Value::as_str);
        let status = if status / 100 == 2 { 400 } else { status };
        return (status, json!({ "error": error.unwrap_or("refused") }));
    };
    let id_token = fields.remove("id_token");
    fields.remove("refresh_token");
    let mut standard = json!({ "access_token": token, "token_type": "bearer" });
    if let Some(id_token) = id_token.filter(Value::is_string) {
        standard["id_token"] = id_token;
    }
    standard[ACCOUNT] = Value::Object(fields);
    (status, standard)
}

/// The call that opens the account at `url`.
pub(super) fn account_request(
    url: &Url,
    access: &Secret,
    habits: &Habits,
    client: (&str, Option<&Secret>),
) -> Request {
    let (client_id, secret) = client;
    let mut request = Request::get_json(url.clone());
    match habits.account {
        AccountCall::Bearer => request = request.bearer(access),
        AccountCall::PostBearer => {
            request = request.bearer(access);
            request.method = Method::Post;
        }
        AccountCall::Scheme(scheme) => {
            let value = format!("{scheme} {}", access.expose());
            request.authorization = Some(Secret::new(value));
        }
        AccountCall::Query => {
            let mut query = request.url.query_pairs_mut();
            query.append_pair("access_token", access.expose());
        }
        AccountCall::PostForm => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("access_token", access.expose())
                .append_pair("client_id", client_id);
            request.method = Method::Post;
            request.body = form.finish().into_bytes();
            let kind = "application/x-www-form-urlencoded".to_owned();
            request.headers.push(("content-type".to_owned(), kind));
        }
        AccountCall::Proven => {
            request = request.bearer(access);
            if let Some(secret) = secret {
                let mut query = request.url.query_pairs_mut();
                query.append_pair("appsecret_proof", &proof(access, secret));
            }
        }
    }
    add_headers(&mut request.headers, habits);
    request
}

/// Adds the row's headers, each in place of one of the same name.
pub(super) fn add_headers(headers: &mut Vec<(String, String)>, habits: &Habits) {
    for (name, value) in habits.headers {
        headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        headers.push(((*name).to_owned(), (*value).to_owned()));
    }
}

/// HMAC-SHA256 of the access token under the client secret, in hexadecimal.
fn proof(access: &Secret, secret: &Secret) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let tag = hmac::sign(&key, access.expose().as_bytes());
    let digits = tag.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::catalogue::{self, NO_HABITS};

    fn habits(key: &str) -> &'static Habits {
        catalogue::find(key).unwrap().habits
    }

    #[test]
    fn a_client_id_goes_by_the_providers_word_for_it() {
        let url = Url::parse("https://op.example/?client_id=us&state=s").unwrap();
        let bent = authorize_url(url.clone(), habits("tiktok"));
        assert_eq!(bent.query(), Some("client_key=us&state=s"));
        assert_eq!(authorize_url(url.clone(), &NO_HABITS), url);
        let (kind, body) = token_body(b"client_id=us&code=c", habits("tiktok"), &[]);
        assert_eq!(kind, "application/x-www-form-urlencoded");
        assert_eq!(body, b"client_key=us&code=c");
    }

    #[test]
    fn a_token_request_is_json_or_repeats_the_callback_where_that_is_asked_for() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let callback = [pair("device_id", "d 1"), pair("state", "s"), pair("x", "y")];

        let (kind, body) = token_body(b"code=c%2B1", habits("notion"), &callback);
        assert_eq!(
            (kind, body),
            ("application/json", br#"{"code":"c+1"}"#.to_vec())
        );
        let (_, body) = token_body(b"code=c", habits("vk"), &callback);
        assert_eq!(body, b"code=c&device_id=d+1&state=s");
        let (_, body) = token_body(b"code=c", &NO_HABITS, &callback);
        assert_eq!(body, b"code=c");
    }

    #[test]
    fn every_shape_of_token_answer_becomes_the_standards() {
        for answer in [
            // Twitch names scopes in a list, Naver times in texts, Strava sends the athlete along.
            json!({"access_token": "t", "scope": ["a"], "token_type": "bearer", "expires_in": 1}),
            json!({"access_token": "t", "expires_in": "3600", "token_type": "Bearer"}),
            json!({"access_token": "t", "athlete": {"id": 7}, "refresh_token": "never kept"}),
        ] {
            let (status, standard) = token_answer(200, answer.clone());
            assert_eq!(status, 200);
            assert_eq!(standard["access_token"], "t");
            assert_eq!(standard["token_type"], "bearer");
            assert_eq!(standard[ACCOUNT]["athlete"], answer["athlete"]);
            assert!(!standard[ACCOUNT].to_string().contains("never kept"));
        }
        for (status, answer, error) in [
            (
                200,
                json!({"error": "bad_verification_code"}),
                "bad_verification_code",
            ),
            (
                200,
                json!({"ok": false, "error": "invalid_code"}),
                "invalid_code",
            ),
            (
                400,
                json!({"error": {"message": "m", "type": "OAuthException"}}),
                "refused",
            ),
            (
                400,
                json!({"status": 400, "message": "Invalid authorization code"}),
                "refused",
            ),
            (
                400,
                json!({"error": "invalid_grant", "access_token": "t"}),
                "invalid_grant",
            ),
            (200, json!({"access_token": 7}), "refused"),
        ] {
            let refusal = (400, json!({ "error": error }));
            assert_eq!(token_answer(status, answer.clone()), refusal, "{answer}");
        }
    }

    #[test]
    fn an_account_is_opened_as_its_provider_asks() {
        let url = Url::parse("https://op.example/me?fields=id").unwrap();
        let access = Secret::new("token");
        let secret = Secret::new("secret");
        let call = |key| account_request(&url, &access, habits(key), ("us", Some(&secret)));
        let bearer = |request: &Request| {
            request
                .authorization
                .as_ref()
                .map(|a| a.expose().to_owned())
        };

        let plain = call("github");
        assert_eq!(bearer(&plain).as_deref(), Some("Bearer token"));
        assert_eq!(
            (plain.method, plain.url.query()),
            (Method::Get, Some("fields=id"))
        );
        let posted = call("dropbox");
        assert_eq!((posted.method, posted.body.len()), (Method::Post, 0));
        assert_eq!(bearer(&call("yandex")).as_deref(), Some("OAuth token"));
        let queried = call("mailru");
        assert_eq!(queried.url.query(), Some("fields=id&access_token=token"));
        assert_eq!(bearer(&queried), None);
        let form = call("vk");
        assert_eq!(form.body, b"access_token=token&client_id=us");
        // printf token | openssl dgst -sha256 -hmac secret
        let proven = call("facebook");
        assert_eq!(
            proven.url.query(),
            Some(
                "fields=id&appsecret_proof=e941110e3d2bfe82621f0e3e1434730d7305d106c5f68c87165d0b27a4611a4a"
            )
        );
        let named = call("reddit");
        assert!(named.headers.iter().any(|(name, _)| name == "user-agent"));
        let accepts = call("heroku").headers;
        assert_eq!(accepts.len(), 1, "in place of the usual one");
    }
}
