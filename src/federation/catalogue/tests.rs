//! Whether every row is one that can be used.

use std::collections::BTreeSet;

use url::Url;

use super::*;

fn assert_https(text: &str, key: &str) {
    let url = Url::parse(text).unwrap_or_else(|_| panic!("{key}: {text}"));
    assert_eq!(url.scheme(), "https", "{key}: {text}");
}

#[test]
fn there_are_more_than_thirty_five_providers_beside_the_generic_ones() {
    let generic = ["oidc", "oauth2", TEST];
    let products = ["okta", "auth0", "keycloak"];
    let named = all()
        .filter(|provider| !generic.contains(&provider.key) && !products.contains(&provider.key));
    assert_eq!(named.count(), 41);
}

#[test]
fn every_row_is_one_that_can_be_used() {
    let keys: BTreeSet<_> = all().map(|provider| provider.key).collect();
    assert_eq!(keys.len(), all().count(), "keys are unique");
    for provider in all() {
        let key = provider.key;
        assert!(!provider.label.is_empty(), "{key}");
        let slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        assert!(key.chars().all(slug), "{key} is a slug");
        match provider.protocol {
            Protocol::Oidc {
                issuer, algorithms, ..
            } => {
                assert!(!algorithms.is_empty(), "{key}");
                assert!(provider.scopes.contains(&"openid"), "{key}");
                match issuer {
                    Issuer::Fixed(text)
                    | Issuer::Aliased(text, _)
                    | Issuer::Usual(text)
                    | Issuer::Tenants(text) => assert_https(text, key),
                    Issuer::OfConnection | Issuer::BuiltIn => {}
                }
            }
            Protocol::OAuth2 { endpoints } => {
                let Some(endpoints) = endpoints else { continue };
                let all = [endpoints.authorize, endpoints.token];
                for text in all
                    .into_iter()
                    .chain(endpoints.userinfo)
                    .chain(endpoints.emails)
                {
                    assert_https(text, key);
                }
                assert!(!provider.paths.subject.is_empty(), "{key}");
                let lists = matches!(provider.email_trust, EmailTrust::List(_));
                assert_eq!(lists, endpoints.emails.is_some(), "{key}");
            }
        }
    }
}

#[test]
fn every_row_that_says_where_it_is_says_where_to_get_an_id_too() {
    for provider in all().filter(|provider| provider.is_fixed() && provider.key != TEST) {
        assert_https(provider.setup.console, provider.key);
    }
}
