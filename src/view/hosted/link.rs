//! One person, two ways in: whether to join them.

use askama::Template;

use super::BrandMark;
use crate::view::ProviderButton;

/// `/link?flow=…`: the address already signs in another way.
///
/// Each proving button posts to its own action; going on as a new person posts to
/// `continue_action`.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/link.html")]
pub struct LinkPage {
    /// The brand signed in to.
    pub brand: BrandMark,
    /// The verified address that both ways share.
    pub email: String,
    /// The provider just used, such as `GitHub`.
    pub provider_label: String,
    /// The ways in that the address already has: signing in with one of them proves it.
    pub proofs: Vec<ProviderButton>,
    /// Where going on as a new person posts to.
    pub continue_action: String,
    /// Why the last try did not work.
    pub error: Option<String>,
}

impl LinkPage {
    /// Who the address is here, and by which way in; which of several stands on the buttons.
    fn known_way(&self) -> String {
        let texts = self.brand.messages();
        let (email, brand) = (self.email.as_str(), self.brand.name.as_str());
        match self.proofs.as_slice() {
            [one] => texts.link_lead.fill(&[
                ("email", email),
                ("brand", brand),
                ("way", one.label.as_str()),
            ]),
            _ => texts
                .link_lead_several
                .fill(&[("email", email), ("brand", brand)]),
        }
    }
}

#[cfg(test)]
impl LinkPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: BrandMark::sample(words),
            email: words.text("anna.keller@example.com"),
            provider_label: words.text("GitHub"),
            proofs: ProviderButton::samples(words)
                .into_iter()
                .take(1)
                .map(|way| ProviderButton {
                    last_used: false,
                    ..way
                })
                .collect(),
            continue_action: words.text("/link?flow=flw_01"),
            error: None,
        }
    }
}
