//! Passwords: signing in with one, choosing one, and choosing another.

use askama::Template;

use super::BrandMark;
use crate::view::{Field, Notice};

/// `/login/password?flow=…`
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/password.html")]
pub struct PasswordPage {
    /// The brand signed in to.
    pub brand: BrandMark,
    /// Where it posts to.
    pub action: String,
    /// The address.
    pub email: Field,
    /// Why the last try did not work.
    pub error: Option<String>,
    /// Where somebody goes who forgot theirs.
    pub reset_href: Option<String>,
    /// Where somebody goes who has none.
    pub sign_up_href: Option<String>,
    /// The page of all ways in.
    pub back_href: String,
}

/// `/login/sign-up?flow=…`
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/sign_up.html")]
pub struct SignUpPage {
    /// The brand signed up to.
    pub brand: BrandMark,
    /// Where it posts to.
    pub action: String,
    /// The address.
    pub email: Field,
    /// What is wrong with the password.
    pub password_error: Option<String>,
    /// What a password has to be.
    pub hint: String,
    /// Signing in instead.
    pub back_href: String,
}

/// `/login/reset?flow=…`: which address?
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/reset.html")]
pub struct ResetPage {
    /// The brand signed in to.
    pub brand: BrandMark,
    /// Where it posts to.
    pub action: String,
    /// The address.
    pub email: Field,
    /// Signing in instead.
    pub back_href: String,
}

/// The new password, with the code where no link was opened.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/new_password.html")]
pub struct NewPasswordPage {
    /// The brand signed in to.
    pub brand: BrandMark,
    /// Where it posts to.
    pub action: String,
    /// Where the mail went and for how many minutes its code works; none where a link was opened.
    pub asked: Option<(String, u32)>,
    /// What is wrong with the code.
    pub code_error: Option<String>,
    /// What is wrong with the password.
    pub password_error: Option<String>,
    /// What a password has to be.
    pub hint: String,
    /// Where another address is typed.
    pub other_href: Option<String>,
}

/// `/me/password`: somebody signed in chooses, changes or removes a password.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/me_password.html")]
pub struct MePasswordPage {
    /// The brand.
    pub brand: BrandMark,
    /// Where a new password posts to.
    pub action: String,
    /// For the browser's own store of passwords: with which address it goes.
    pub address: String,
    /// Whether there is one already, which is asked for then.
    pub has_password: bool,
    /// What is wrong with the old one.
    pub current_error: Option<String>,
    /// What is wrong with the new one.
    pub password_error: Option<String>,
    /// What a password has to be.
    pub hint: String,
    /// Where removing it posts to; none where it is the only way in.
    pub remove_action: Option<String>,
    /// What the last action did.
    pub notice: Option<Notice>,
    /// The account page.
    pub back_href: String,
}

#[cfg(test)]
mod samples {
    use super::*;
    use crate::view::sample::Words;

    const HINT: &str = "At least 15 characters. A few words that only you put together do well.";

    impl PasswordPage {
        pub(in crate::view) fn sample(words: Words) -> Self {
            Self {
                brand: BrandMark::sample(words),
                action: words.text("/login/password?flow=flw_01"),
                email: Field::filled(words.text("anna.keller@example.com")),
                error: Some(words.text("That address and password do not go together.")),
                reset_href: Some(words.text("/login/reset?flow=flw_01")),
                sign_up_href: Some(words.text("/login/sign-up?flow=flw_01")),
                back_href: words.text("/login?flow=flw_01"),
            }
        }
    }

    impl SignUpPage {
        pub(in crate::view) fn sample(words: Words) -> Self {
            Self {
                brand: BrandMark::sample(words),
                action: words.text("/login/sign-up?flow=flw_01"),
                email: Field::filled(words.text("anna.keller@example.com")),
                password_error: Some(words.text(HINT)),
                hint: words.text(HINT),
                back_href: words.text("/login/password?flow=flw_01"),
            }
        }
    }

    impl ResetPage {
        pub(in crate::view) fn sample(words: Words) -> Self {
            Self {
                brand: BrandMark::sample(words),
                action: words.text("/login/reset?flow=flw_01"),
                email: Field::empty(),
                back_href: words.text("/login/password?flow=flw_01"),
            }
        }
    }

    impl NewPasswordPage {
        pub(in crate::view) fn sample(words: Words) -> Self {
            Self {
                brand: BrandMark::sample(words),
                action: words.text("/login/reset/code?flow=flw_01"),
                asked: Some((words.text("anna.keller@example.com"), 10)),
                code_error: Some(words.text("That is not the code.")),
                password_error: None,
                hint: words.text(HINT),
                other_href: Some(words.text("/login/reset?flow=flw_01&other=1")),
            }
        }

        pub(in crate::view) fn sample_by_link(words: Words) -> Self {
            Self {
                action: words.text("/login/mail/secret"),
                asked: None,
                code_error: None,
                password_error: Some(words.text(HINT)),
                other_href: None,
                ..Self::sample(words)
            }
        }
    }

    impl MePasswordPage {
        pub(in crate::view) fn sample(words: Words) -> Self {
            Self {
                brand: BrandMark::sample(words),
                action: words.text("/me/password?brand=bellmoor"),
                address: words.text("anna.keller@example.com"),
                has_password: true,
                current_error: Some(words.text("That is not your password.")),
                password_error: None,
                hint: words.text(HINT),
                remove_action: Some(words.text("/me/password/remove?brand=bellmoor")),
                notice: None,
                back_href: words.text("/me?brand=bellmoor"),
            }
        }

        pub(in crate::view) fn sample_new(words: Words) -> Self {
            Self {
                has_password: false,
                current_error: None,
                remove_action: None,
                ..Self::sample(words)
            }
        }
    }
}
