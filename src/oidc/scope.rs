//! What an application asks to know.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::application::Settings;

/// What is granted beside `openid`, which always is.
#[expect(
    clippy::struct_excessive_bools,
    reason = "a set of scopes, each there or not"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Name, picture, language.
    pub profile: bool,
    /// The email address, and whether it is verified.
    pub email: bool,
    /// How well the person and the brand know each other, and since when; only where the brand lets
    /// the application learn it.
    #[serde(default)]
    pub stage: bool,
    /// A refresh token (OIDC Core §11), for as long as the person stays signed in.
    #[serde(default)]
    pub offline_access: bool,
}

impl Scope {
    /// Every scope that is offered, as discovery lists them.
    pub const OFFERED: [&'static str; 5] =
        ["openid", "profile", "email", "stage", "offline_access"];

    /// Reads a space-separated list. Unknown scopes are left out (OIDC Core §3.1.2.1); without
    /// `openid` it is no request of this kind, and `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let asked = |scope: &str| text.split(' ').any(|word| word == scope);
        asked("openid").then(|| Self {
            profile: asked("profile"),
            email: asked("email"),
            stage: asked("stage"),
            offline_access: asked("offline_access"),
        })
    }

    /// Whether all of this is part of `granted`.
    pub const fn is_within(self, granted: Self) -> bool {
        (granted.profile || !self.profile)
            && (granted.email || !self.email)
            && (granted.stage || !self.stage)
            && (granted.offline_access || !self.offline_access)
    }

    /// All that is in either.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self {
            profile: self.profile || other.profile,
            email: self.email || other.email,
            stage: self.stage || other.stage,
            offline_access: self.offline_access || other.offline_access,
        }
    }

    /// What of this `application` can have: a stage only if the brand lets it.
    #[must_use]
    pub const fn allowed_to(self, settings: &Settings) -> Self {
        Self {
            stage: self.stage && settings.may_learn_stage,
            ..self
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("openid")?;
        if self.profile {
            f.write_str(" profile")?;
        }
        if self.email {
            f.write_str(" email")?;
        }
        if self.stage {
            f.write_str(" stage")?;
        }
        if self.offline_access {
            f.write_str(" offline_access")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_offered_is_granted() {
        for (asked, granted) in [
            ("openid", Some("openid")),
            ("email openid", Some("openid email")),
            (
                "openid offline_access address profile email",
                Some("openid profile email offline_access"),
            ),
            ("stage openid", Some("openid stage")),
            ("openid  profile", Some("openid profile")),
            ("profile email", None),
            ("OpenID", None),
            ("", None),
        ] {
            let scope = Scope::parse(asked).map(|scope| scope.to_string());
            assert_eq!(scope.as_deref(), granted, "{asked}");
        }
    }

    #[test]
    fn less_is_within_and_more_is_not() {
        let all = "openid profile email offline_access";
        for (asked, granted, is_within) in [
            ("openid", "openid", true),
            ("openid email", all, true),
            (all, all, true),
            ("openid profile", "openid email", false),
            ("openid stage", "openid profile email offline_access", false),
            ("openid email", "openid profile", false),
            ("openid offline_access", "openid profile email", false),
        ] {
            let read = |text| Scope::parse(text).expect("a scope");
            assert_eq!(
                read(asked).is_within(read(granted)),
                is_within,
                "{asked} of {granted}"
            );
        }
    }

    #[test]
    fn the_stage_is_for_those_whom_the_brand_lets_and_who_ask() {
        let asked = Scope::parse("openid stage").expect("a scope");
        let allowed = Settings {
            may_learn_stage: true,
            ..Settings::default()
        };

        assert!(!asked.allowed_to(&Settings::default()).stage);
        assert!(asked.allowed_to(&allowed).stage);
        assert!(!Scope::default().allowed_to(&allowed).stage);
    }

    #[test]
    fn with_is_all_that_is_in_either() {
        let read = |text| Scope::parse(text).expect("a scope");

        let both = read("openid profile").with(read("openid email offline_access"));

        assert_eq!(both, read("openid profile email offline_access"));
    }
}
