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
    /// What signs them in beside: a password, passkeys.
    pub credentials: Vec<MeCredential>,
    /// Where adding another account of theirs posts to.
    pub join_action: String,
    /// Accounts that were joined to this one, and can be taken apart again.
    pub joins: Vec<MeJoin>,
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
    /// What else is known.
    pub facts: Vec<Fact>,
    /// What is inferred from it.
    pub inferred: Vec<Fact>,
    /// Where downloading everything posts to.
    pub export_action: String,
    /// Where deleting the account is asked about.
    pub delete_href: String,
    /// Set when the account is going to be deleted.
    pub deletion: Option<MeDeletion>,
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

impl MeStage {
    /// What it means, to the person.
    const fn words(&self) -> &'static str {
        match self.stage {
            StageTag::Stranger => "We do not know each other yet, or have not met for a while.",
            StageTag::Acquaintance => "We have met, and are getting to know each other.",
            StageTag::Friend => "We know each other well: you keep coming back.",
            StageTag::Advocate => "We know each other well, and you bring others along.",
        }
    }
}

/// Something of their own that signs the person in.
#[derive(Debug, Clone)]
pub struct MeCredential {
    /// What it is, as in `A password` or `Passkey: my phone`.
    pub name: String,
    /// The day it was added.
    pub added_on: String,
    /// When it was last used, as in `3 days ago`.
    pub last_used: Option<String>,
}

/// An account that was joined to this one.
#[derive(Debug, Clone)]
pub struct MeJoin {
    /// What the person was called there.
    pub name: String,
    /// The day it was joined.
    pub on: String,
    /// The last day on which it can be undone.
    pub until: String,
    /// Where undoing it posts to.
    pub part_action: String,
}

/// An account that is going to be deleted.
#[derive(Debug, Clone)]
pub struct MeDeletion {
    /// The day that was asked for.
    pub asked: String,
    /// The day on which it happens.
    pub due: String,
    /// Where taking it back posts to.
    pub keep_action: String,
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
    /// When it last signed them in, as in `3 days ago`.
    pub last_used: String,
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
            last_used: "3 days ago".to_owned(),
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
            credentials: vec![MeCredential {
                name: words.text("Passkey: my phone"),
                added_on: "4 Mar 2026".to_owned(),
                last_used: Some("yesterday".to_owned()),
            }],
            join_action: words.text("/me/join/begin?brand=bellmoor"),
            joins: vec![MeJoin {
                name: words.text("annakeller"),
                on: "10 Mar 2026".to_owned(),
                until: "9 Apr 2026".to_owned(),
                part_action: words.text("/me/joins/mrg_01/part?brand=bellmoor"),
            }],
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
            inferred: vec![Fact {
                name: words.text("Orders expected within a year"),
                value: words.text("4"),
                source: words.text("worked out from your orders, 14 Mar 2026"),
            }],
            export_action: words.text("/me/export?brand=bellmoor"),
            delete_href: words.text("/me/delete?brand=bellmoor"),
            deletion: Some(MeDeletion {
                asked: "10 Mar 2026".to_owned(),
                due: "24 Mar 2026".to_owned(),
                keep_action: words.text("/me/keep?brand=bellmoor"),
            }),
            sign_out_action: words.text("/logout"),
            notice: Some(Notice::Done(words.text("GitHub is linked."))),
        }
    }

    /// Somebody who has just come: one way in, nothing joined, nothing inferred.
    pub(in crate::view) fn sample_new(words: crate::view::sample::Words) -> Self {
        let whole = Self::sample(words);
        Self {
            stage: None,
            identities: whole
                .identities
                .into_iter()
                .take(1)
                .map(|identity| MeIdentity {
                    unlink_action: None,
                    ..identity
                })
                .collect(),
            credentials: Vec::new(),
            joins: Vec::new(),
            inferred: Vec::new(),
            deletion: None,
            notice: None,
            ..whole
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
