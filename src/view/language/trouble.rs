//! What goes wrong before somebody is let in, told in every language.

use super::Language;
use super::text::Text;

/// Something that a customer is told instead of the page they asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is no such sign-in, or not any more.
    Gone,
    /// It was begun in another browser.
    OtherBrowser,
    /// It took too long.
    TooLate,
    /// It was finished already.
    Over,
    /// The site that sent the person is not known, or not at that address.
    CannotStart,
    /// A provider does not answer; `{provider}`.
    ProviderSilent,
    /// A provider's answer is no good; `{provider}`.
    ProviderWrong,
    /// A way in was switched off.
    WayClosed,
    /// The account is shut.
    NotLetIn,
    /// Linking needs a fresh sign-in.
    SignInFirst,
    /// The identity is somebody else's.
    Taken,
    /// Nobody is signed in.
    NotSignedIn,
    /// Nothing is here.
    NotFound,
    /// The request came from another site.
    OtherSite,
    /// The link has served its time.
    LinkExpired,
    /// The service cannot answer just now.
    Busy,
    /// Something broke.
    Broken,
}

/// How a trouble is told.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// What happened.
    pub title: Text,
    /// What to do.
    pub advice: Text,
}

/// Every trouble with its words, in one language.
pub(super) type Troubles = [(Trouble, &'static str, &'static str); Trouble::ALL.len()];

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Gone,
        Self::OtherBrowser,
        Self::TooLate,
        Self::Over,
        Self::CannotStart,
        Self::ProviderSilent,
        Self::ProviderWrong,
        Self::WayClosed,
        Self::NotLetIn,
        Self::SignInFirst,
        Self::Taken,
        Self::NotSignedIn,
        Self::NotFound,
        Self::OtherSite,
        Self::LinkExpired,
        Self::Busy,
        Self::Broken,
    ];

    /// How it is told in `language`.
    pub fn told(self, language: Language) -> Told {
        let (_, title, advice) = language
            .troubles()
            .iter()
            .find(|(trouble, _, _)| *trouble == self)
            .expect("a test finds every trouble in every language");
        Told {
            title: Text(title),
            advice: Text(advice),
        }
    }
}
