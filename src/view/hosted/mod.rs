//! What a brand's customers see: sign-in, consent, linking, their own page, and errors.
//!
//! These pages wear the brand's name and colour, and every one of them works without scripts. They
//! must never show that some other person has a profile. Start reading at [`LoginPage`].

mod allow;
mod consent;
mod error;
mod hand_off;
mod join;
mod link;
mod login;
mod mailbox;
mod me;
mod password;
mod security;
mod sign_out;
mod signed_out;
mod step;
mod test_provider;

pub use allow::{AllowItem, AllowPage, MeGrant};
pub use consent::{ConsentPage, Purpose, StoredItem};
pub use error::{ErrorAction, ErrorPage};
pub use hand_off::HandOffPage;
pub use join::{JoinPage, JoinSide};
pub use link::LinkPage;
pub use login::{LanguageLink, LoginPage};
pub use mailbox::{EmailCodePage, EmailPage, MailCodePage, MailLinkPage};
pub use me::{
    Fact, MeConsent, MeCredential, MeDeletion, MeIdentity, MeJoin, MePage, MeSession, MeStage,
};
pub use password::{MePasswordPage, NewPasswordPage, PasswordPage, ResetPage, SignUpPage};
pub use security::{
    AppNewPage, PasskeyNewPage, PasskeySignIn, PasskeySignUpPage, RecoveryCodesPage,
    SecondFactorPage, SecurityBrowser, SecurityPage, SecurityPasskey,
};
pub use sign_out::SignOutPage;
pub use signed_out::SignedOutPage;
pub use step::{StepAct, StepPage};
pub use test_provider::{TestPerson, TestProviderPage};

use super::colour::Colour;
use super::format::path_segment;
use super::provider::first_letter;

/// How a brand shows itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrandMark {
    /// The brand's slug, as in addresses.
    pub slug: String,
    /// The brand's name, as its customers know it.
    pub name: String,
    /// The brand's colour as chosen; the style sheet moves it until it reads.
    pub colour: Colour,
}

impl BrandMark {
    /// The letter that stands for the brand's logo.
    pub fn letter(&self) -> char {
        first_letter(&self.name)
    }

    /// The address of the brand's style sheet. It changes with the colour, so that it may be cached
    /// for long.
    pub fn stylesheet(&self) -> String {
        let colour = self.colour.to_string();
        format!(
            "/brand/{}.css?v={}",
            path_segment(&self.slug),
            colour.trim_start_matches('#')
        )
    }

    #[cfg(test)]
    pub(in crate::view) fn sample(words: super::sample::Words) -> Self {
        Self {
            slug: words.text("bellmoor"),
            name: words.text("Bellmoor Bakery"),
            colour: Colour::new(0xb8, 0x52, 0x07),
        }
    }
}
