//! What an application asks to know.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is granted beside `openid`, which always is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Name, picture, language.
    pub profile: bool,
    /// The email address, and whether it is verified.
    pub email: bool,
    /// A refresh token (OIDC Core §11), for as long as the person stays signed in.
    #[serde(default)]
    pub offline_access: bool,
}

impl Scope {
    /// Every scope that is offered, as discovery lists them.
    pub const OFFERED: [&'static str; 4] = ["openid", "profile", "email", "offline_access"];

    /// Reads a space-separated list. Unknown scopes are left out (OIDC Core §3.1.2.1); without
    /// `openid` it is no request of this kind, and `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let asked = |scope: &str| text.split(' ').any(|word| word == scope);
        asked("openid").then(|| Self {
            profile: asked("profile"),
            email: asked("email"),
            offline_access: asked("offline_access"),
        })
    }

    /// Whether all of this is part of `granted`.
    pub const fn is_within(self, granted: Self) -> bool {
        (granted.profile || !self.profile)
            && (granted.email || !self.email)
            && (granted.offline_access || !self.offline_access)
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
}
