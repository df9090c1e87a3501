//! The customer's own page.

use askama::Template;

use super::{BrandMark, MeGrant};
use crate::view::{Notice, ProviderButton, StageTag};

/// `/me`: who you are here, and everything known about you.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/me.html")]
pub struct MePage {
    /// The brand whose customer this is.
    pub brand: BrandMark,
    /// The person's name, or their address where they gave none.
    pub name: String,
    /// The person's address.
    pub email: Option<String>,
    /// Whether the address was verified.
    pub email_verified: bool,
    /// The day they became a customer, as in `3 Mar 2026`.
    pub since: String,
    /// Their stage, where the brand shows it.
    pub stage: Option<MeStage>,
    /// The accounts that sign them in.
    pub identities: Vec<MeIdentity>,
    /// Connections that could be added; each posts to its action.
    pub addable: Vec<ProviderButton>,
    /// What they allowed, and when.
    pub consents: Vec<MeConsent>,
    /// What they allow applications of others.
    pub grants: Vec<MeGrant>,
    /// Where they are signed in.
    pub sessions: Vec<MeSession>,
    /// Where ending every other session posts to; none where there is no other.
    pub end_others_action: Option<String>,
    /// What else is known or inferred.
    pub facts: Vec<Fact>,
    /// Where signing out posts to.
    pub sign_out_action: String,
    /// What the last action did.
    pub notice: Option<Notice>,
}

/// How well the brand and the person know each other, told to the person.
#[derive(Debug, Clone)]
pub struct MeStage {
    /// The stage.
    pub stage: StageTag,
    /// The day it began, as in `3 Mar 2026`.
    pub since: String,
}

/// An account that signs the person in.
#[derive(Debug, Clone)]
pub struct MeIdentity {
    /// The provider's key, for its mark.
    pub provider_key: String,
    /// The provider's name.
    pub provider_label: String,
    /// The account as the person knows it: an address or a handle.
    pub account: String,
    /// The day it was linked.
    pub linked_on: String,
    /// Where unlinking posts to; none where that is not offered.
    pub unlink_action: Option<String>,
}

impl MeIdentity {
    fn letter(&self) -> char {
        crate::view::provider::first_letter(&self.provider_label)
    }
}

/// A purpose, and whether it is allowed.
#[derive(Debug, Clone)]
pub struct MeConsent {
    /// What it is, in a few words.
    pub purpose: String,
    /// Whether it is allowed now.
    pub granted: bool,
    /// When and where that was said, as in `3 Mar 2026, on the sign-up page`.
    pub recorded: String,
    /// Where changing it posts to; none for what the account cannot do without.
    pub change_action: Option<String>,
}

/// A browser that is signed in.
#[derive(Debug, Clone)]
pub struct MeSession {
    /// The browser, as in `Firefox on Linux`.
    pub browser: String,
    /// When it was last seen, as in `3 minutes ago`.
    pub last_seen: String,
    /// Whether it is the one that shows this page.
    pub current: bool,
    /// Where ending it posts to; none for the current one, which is ended by signing out.
    pub end_action: Option<String>,
}

/// Something known or inferred.
#[derive(Debug, Clone)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it came from, as in `from Google, 3 Mar 2026`.
    pub source: String,
}

#[cfg(test)]
impl MePage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let identity = |key: &str, label: &str, account: &str| MeIdentity {
            provider_key: words.text(key),
            provider_label: words.text(label),
            account: words.text(account),
            linked_on: "3 Mar 2026".to_owned(),
            unlink_action: Some(words.text("/me/identities/idn_01/unlink")),
        };
        Self {
            brand: BrandMark::sample(words),
            name: words.text("Anna Keller"),
            email: Some(words.text("anna.keller@example.com")),
            email_verified: true,
            since: "14 Sep 2025".to_owned(),
            stage: Some(MeStage {
                stage: StageTag::Friend,
                since: "3 Mar 2026".to_owned(),
            }),
            identities: vec![
                identity("google", "Google", "anna.keller@example.com"),
                identity("github", "GitHub", "annakeller"),
            ],
            addable: ProviderButton::samples(words)
                .into_iter()
                .skip(1)
                .take(1)
                .collect(),
            consents: Self::sample_consents(words),
            grants: vec![super::MeGrant::sample(words)],
            sessions: Self::sample_sessions(words),
            end_others_action: Some(words.text("/me/sessions/end-others?brand=bellmoor")),
            facts: [("Time zone", "Europe/Zurich"), ("Language", "German")]
                .map(|(name, value)| Fact {
                    name: words.text(name),
                    value: words.text(value),
                    source: words.text("from Google, 14 Sep 2025"),
                })
                .into(),
            sign_out_action: words.text("/logout"),
            notice: Some(Notice::Done(words.text("GitHub is linked."))),
        }
    }

    fn sample_consents(words: crate::view::sample::Words) -> Vec<MeConsent> {
        [
            ("Keep your account", true, false),
            ("Send you news by email", false, true),
        ]
        .into_iter()
        .map(|(purpose, granted, optional)| MeConsent {
            purpose: words.text(purpose),
            granted,
            recorded: words.text("14 Sep 2025, when signing up"),
            change_action: optional.then(|| words.text("/me/consents/marketing_email")),
        })
        .collect()
    }

    fn sample_sessions(words: crate::view::sample::Words) -> Vec<MeSession> {
        [("Firefox on Linux", true), ("Safari on iPhone", false)]
            .into_iter()
            .map(|(browser, current)| MeSession {
                browser: words.text(browser),
                last_seen: words.text("3 minutes ago"),
                current,
                end_action: (!current).then(|| words.text("/me/sessions/ses_02/end")),
            })
            .collect()
    }
}
