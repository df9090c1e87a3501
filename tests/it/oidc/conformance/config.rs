//! `oidcc-config-certification-test-plan`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Plan;

/// The texts of a list in the document.
pub fn texts(document: &Value, name: &str) -> Vec<String> {
    let list = document[name].as_array();
    list.unwrap_or_else(|| panic!("{name} is no list"))
        .iter()
        .map(|value| value.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn oidcc_discovery_endpoint_verification() {
    let mut plan = Plan::start().await;
    let issuer = plan.world.test.app.config.issuer().to_owned();

    let answer = plan.browser.get("/.well-known/openid-configuration").await;

    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer
            .header("content-type")
            .starts_with("application/json")
    );
    let document = answer.json();
    assert_eq!(document["issuer"], issuer);
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "end_session_endpoint",
        "revocation_endpoint",
        "introspection_endpoint",
        "pushed_authorization_request_endpoint",
    ] {
        let url = document[name].as_str().unwrap_or_else(|| panic!("{name}"));
        assert!(url.starts_with(&format!("{issuer}/")), "{name}: {url}");
        assert!(!url.contains(['#', '?']), "{name}: {url}");
    }
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert!(texts(&document, "scopes_supported").contains(&"openid".to_owned()));
    assert!(texts(&document, "claims_supported").contains(&"sub".to_owned()));
    assert!(texts(&document, "grant_types_supported").contains(&"authorization_code".to_owned()));
    assert_eq!(document["subject_types_supported"], json!(["public"]));
    let methods = texts(&document, "token_endpoint_auth_methods_supported");
    assert!(methods.contains(&"client_secret_basic".to_owned()));
    // No alg none, no symmetric one (S24).
    for algorithm in texts(&document, "id_token_signing_alg_values_supported") {
        assert_eq!(algorithm, "ES256");
    }

    let jwks = plan.browser.get("/oauth/jwks").await.json();
    for key in jwks["keys"].as_array().unwrap() {
        assert_eq!(key["use"], "sig");
        assert!(key["kid"].is_string());
        // Only the public half.
        for private in ["d", "p", "q", "k"] {
            assert_eq!(key.get(private), None);
        }
    }
}
