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
mod preferences;
mod security;
mod sign_out;
mod signed_out;
mod step;
mod test_provider;
mod window_done;

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
pub use preferences::{PauseChoice, PreferenceChoice, PreferencesPage};
pub use security::{
    AppNewPage, PasskeyNewPage, PasskeySignIn, PasskeySignUpPage, RecoveryCodesPage,
    SecondFactorPage, SecurityBrowser, SecurityPage, SecurityPasskey,
};
pub use sign_out::SignOutPage;
pub use signed_out::SignedOutPage;
pub use step::{StepAct, StepPage};
pub use test_provider::{TestPerson, TestProviderPage};
pub use window_done::WindowDonePage;

use super::colour::Colour;
use super::format::path_segment;
use super::language::{Language, Messages};
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
    /// The address of the brand's logo on this server, if it has one.
    pub logo: Option<String>,
    /// What the brand says of itself, in few words.
    pub headline: Option<String>,
    /// And a line under it.
    pub line: Option<String>,
    /// The language that the page is in.
    pub language: Language,
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

    /// The texts of the page's language.
    pub fn messages(&self) -> &'static Messages {
        self.language.messages()
    }

    #[cfg(test)]
    pub(in crate::view) fn sample(words: super::sample::Words) -> Self {
        Self {
            slug: words.text("bellmoor"),
            name: words.text("Bellmoor Bakery"),
            colour: Colour::new(0xb8, 0x52, 0x07),
            logo: Some(words.text("/logo/bellmoor/0123456789abcdef.png")),
            headline: Some(words.text("Bread from six")),
            line: Some(words.text("The mill is a walk away, and so are we.")),
            language: Language::English,
        }
    }
}
