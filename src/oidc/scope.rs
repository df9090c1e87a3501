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
}

impl Scope {
    /// Every scope that is offered, as discovery lists them.
    pub const OFFERED: [&'static str; 3] = ["openid", "profile", "email"];

    /// Reads a space-separated list. Unknown scopes are left out (OIDC Core §3.1.2.1); without
    /// `openid` it is no request of this kind, and `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let asked = |scope: &str| text.split(' ').any(|word| word == scope);
        asked("openid").then(|| Self {
            profile: asked("profile"),
            email: asked("email"),
        })
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
                "openid profile email offline_access",
                Some("openid profile email"),
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
}
