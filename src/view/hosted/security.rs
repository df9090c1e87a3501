//! A customer's ways in beside social accounts, and the second step.

use askama::Template;

use super::{BrandMark, Purpose};
use crate::view::{Field, Notice};

/// `/me/security`: passkeys, the authenticator app, recovery codes, trusted browsers.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/security.html")]
pub struct SecurityPage {
    /// The brand.
    pub brand: BrandMark,
    /// The customer's own page.
    pub me_href: String,
    /// What the last action did.
    pub notice: Option<Notice>,
    /// Their passkeys.
    pub passkeys: Vec<SecurityPasskey>,
    /// Where one is added; none where none can be.
    pub add_passkey_href: Option<String>,
    /// The page for a password, where passwords are on.
    pub password_href: Option<String>,
    /// Whether they have a password.
    pub has_password: bool,
    /// The day the app was set up, if there is one.
    pub app_since: Option<String>,
    /// Where an app is set up.
    pub app_href: String,
    /// Where turning it off posts to.
    pub app_remove_action: String,
    /// How many recovery codes are left.
    pub codes_left: usize,
    /// Where making new ones posts to.
    pub codes_action: String,
    /// Browsers that are not asked for the second step.
    pub browsers: Vec<SecurityBrowser>,
}

/// A passkey.
#[derive(Debug, Clone)]
pub struct SecurityPasskey {
    /// What its owner calls it.
    pub name: String,
    /// The day it was added.
    pub added: String,
    /// When it was last used, as in `3 minutes ago`.
    pub used: Option<String>,
    /// Whether it is on its owner's other devices too.
    pub is_copied: bool,
    /// Where renaming posts to.
    pub rename_action: String,
    /// Where removing posts to; none for the only way in.
    pub remove_action: Option<String>,
}

/// A trusted browser.
#[derive(Debug, Clone)]
pub struct SecurityBrowser {
    /// As in `Firefox on Linux`.
    pub name: String,
    /// The day it was trusted.
    pub since: String,
    /// The day it is asked again.
    pub until: String,
    /// Where asking again at once posts to.
    pub remove_action: String,
}

/// `/me/security/passkeys/new`.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/passkey_new.html")]
pub struct PasskeyNewPage {
    /// The brand.
    pub brand: BrandMark,
    /// Where the answer posts to.
    pub action: String,
    /// Where the question comes from.
    pub options: String,
    /// What the passkey is to be called.
    pub name: Field,
    /// Why the last answer was not taken.
    pub error: Option<String>,
    /// Where to go without one.
    pub back_href: String,
}

/// `/me/security/app`: the secret as a picture and as a text, and a field for its first code.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/app_new.html")]
pub struct AppNewPage {
    /// The brand.
    pub brand: BrandMark,
    /// Where the code posts to.
    pub action: String,
    /// The secret, sealed, to come back with the code.
    pub sealed: String,
    /// The secret as people type it.
    pub key: String,
    /// The picture's width.
    pub qr_size: usize,
    /// The picture.
    pub qr_path: String,
    /// Why the last code was not taken.
    pub error: Option<String>,
    /// Where to go without one.
    pub back_href: String,
}

/// Recovery codes, shown once.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/recovery_codes.html")]
pub struct RecoveryCodesPage {
    /// The brand.
    pub brand: BrandMark,
    /// The codes.
    pub codes: Vec<String>,
    /// What was done, as a sentence.
    pub said: String,
    /// Where to go on.
    pub back_href: String,
}

/// `/login/second-factor`.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/second_factor.html")]
pub struct SecondFactorPage {
    /// The brand.
    pub brand: BrandMark,
    /// Where the code posts to.
    pub action: String,
    /// Whether the browser can be trusted from now on.
    pub offers_trust: bool,
    /// Why the last code was not taken.
    pub error: Option<String>,
    /// The other ways in.
    pub back_href: String,
}

/// `/login/passkey/new`: a name, what is stored and for what, and a passkey.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/passkey_sign_up.html")]
pub struct PasskeySignUpPage {
    /// The brand.
    pub brand: BrandMark,
    /// Where the answer posts to.
    pub action: String,
    /// Where the question comes from.
    pub options: String,
    /// Their name.
    pub name: Field,
    /// What it is used for; none where the brand asks for no terms.
    pub purposes: Vec<Purpose>,
    /// The brand's terms, if it has any.
    pub terms_url: Option<String>,
    /// The brand's privacy notice.
    pub privacy_url: Option<String>,
    /// Why the last answer was not taken.
    pub error: Option<String>,
    /// The other ways in.
    pub back_href: String,
}

/// Passkeys on the sign-in page.
#[derive(Debug, Clone)]
pub struct PasskeySignIn {
    /// Where the answer posts to.
    pub action: String,
    /// Where the question comes from.
    pub options: String,
    /// Where somebody new makes one.
    pub sign_up_href: Option<String>,
}

#[cfg(test)]
mod samples {
    use super::*;
    use crate::view::qr;
    use crate::view::sample::Words;

    impl SecurityPage {
        pub(in crate::view) fn sample(words: Words) -> Self {
            let passkey =
                |name: &str, used: Option<&str>, is_copied, removable: bool| SecurityPasskey {
                    name: words.text(name),
                    added: "3 Mar 2026".to_owned(),
                    used: used.map(|used| words.text(used)),
                    is_copied,
                    rename_action: words.text("/me/security/passkeys/crd_01/name"),
                    remove_action: removable
                        .then(|| words.text("/me/security/passkeys/crd_01/remove")),
                };
            Self {
                brand: BrandMark::sample(words),
                me_href: words.text("/me?brand=bellmoor"),
                notice: Some(Notice::Done(words.text("The passkey was added."))),
                passkeys: vec![
                    passkey("Telephone", Some("3 minutes ago"), true, true),
                    passkey("Key ring", None, false, false),
                ],
                add_passkey_href: Some(words.text("/me/security/passkeys/new?brand=bellmoor")),
                password_href: Some(words.text("/me/password?brand=bellmoor")),
                has_password: true,
                app_since: Some("3 Mar 2026".to_owned()),
                app_href: words.text("/me/security/app?brand=bellmoor"),
                app_remove_action: words.text("/me/security/app/remove?brand=bellmoor"),
                codes_left: 7,
                codes_action: words.text("/me/security/recovery-codes?brand=bellmoor"),
                browsers: vec![SecurityBrowser {
                    name: words.text("Firefox on Linux"),
                    since: "3 Mar 2026".to_owned(),
                    until: "2 Apr 2026".to_owned(),
                    remove_action: words.text("/me/security/browsers/crd_02/remove"),
                }],
            }
        }

        pub(in crate::view) fn sample_empty(words: Words) -> Self {
            Self {
                notice: None,
                passkeys: vec![],
                add_passkey_href: None,
                password_href: None,
                has_password: false,
                app_since: None,
                codes_left: 0,
                browsers: vec![],
                ..Self::sample(words)
            }
        }
    }

    impl PasskeyNewPage {
        pub(in crate::view) fn sample(words: Words) -> Self {
            Self {
                brand: BrandMark::sample(words),
                action: words.text("/me/security/passkeys?brand=bellmoor"),
                options: words.text("/me/security/passkeys/options?brand=bellmoor"),
                name: Field::filled(words.text("Firefox on Linux")),
                error: Some(words.text("That passkey was not taken. Try once more.")),
                back_href: words.text("/me/security?brand=bellmoor"),
            }
        }
    }

    impl AppNewPage {
        pub(in crate::view) fn sample(words: Words) -> Self {
            let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
            let qr = qr::draw(key).expect("short");
            Self {
                brand: BrandMark::sample(words),
                action: words.text("/me/security/app?brand=bellmoor"),
                sealed: words.text("c2VhbGVk"),
                key: words.text(key),
                qr_size: qr.size,
                qr_path: qr.path,
                error: Some(words.text("That code is not right.")),
                back_href: words.text("/me/security?brand=bellmoor"),
            }
        }
    }

    impl RecoveryCodesPage {
        pub(in crate::view) fn sample(words: Words) -> Self {
            Self {
                brand: BrandMark::sample(words),
                codes: vec![
                    words.text("abcd-efgh-jkmn-pqrs"),
                    words.text("tuvw-xyz0-2345-6789"),
                ],
                said: words.text("Your app is set up."),
                back_href: words.text("/me/security?brand=bellmoor"),
            }
        }
    }

    impl SecondFactorPage {
        pub(in crate::view) fn sample(words: Words) -> Self {
            Self {
                brand: BrandMark::sample(words),
                action: words.text("/login/second-factor?flow=flw_01"),
                offers_trust: true,
                error: Some(words.text("That code is not right. Type the one shown now.")),
                back_href: words.text("/login?flow=flw_01"),
            }
        }
    }

    impl PasskeySignUpPage {
        pub(in crate::view) fn sample(words: Words) -> Self {
            Self {
                brand: BrandMark::sample(words),
                action: words.text("/login/passkey/new?flow=flw_01"),
                options: words.text("/login/passkey/new/options?flow=flw_01"),
                name: Field::refused(words.text("Anna"), words.text("Type a name.")),
                purposes: [("terms", false), ("marketing", true)]
                    .map(|(key, optional)| Purpose {
                        key: words.text(key),
                        title: words.text("Keep your account and what you do here"),
                        why: words.text("So that you can sign in again."),
                        optional,
                        ticked: false,
                    })
                    .into(),
                terms_url: Some(words.text("https://bellmoor.example/terms")),
                privacy_url: Some(words.text("https://bellmoor.example/privacy")),
                error: Some(words.text("That passkey was not taken. Try once more.")),
                back_href: words.text("/login?flow=flw_01"),
            }
        }
    }

    impl PasskeySignIn {
        pub(in crate::view) fn sample(words: Words) -> Self {
            Self {
                action: words.text("/login/passkey?flow=flw_01"),
                options: words.text("/login/passkey/options?flow=flw_01"),
                sign_up_href: Some(words.text("/login/passkey/new?flow=flw_01")),
            }
        }
    }
}
