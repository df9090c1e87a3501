//! Saving a draft over what the page showed, and not over what somebody else saved meanwhile.

use super::desk::Desk;
use crate::app::App;
use crate::http::dashboard::access::InBrand;
use crate::http::page_error::PageError;
use crate::view::Notice;

/// What a form says of the draft it was made from.
#[derive(Clone, Debug, Default)]
pub(super) struct Base {
    /// The version.
    pub(super) version: i32,
    /// [`Desk::seen`] when the page was made.
    pub(super) seen: String,
}

impl Base {
    /// Takes `base` and `seen` out of a form's fields.
    pub(super) fn take(fields: &mut Vec<(String, String)>) -> Self {
        let mut base = Self::default();
        fields.retain(|(name, value)| match name.as_str() {
            "base" => {
                base.version = value.parse().unwrap_or_default();
                false
            }
            "seen" => {
                base.seen.clone_from(value);
                false
            }
            _ => true,
        });
        base
    }

    /// Whether somebody saved the draft, threw it away or published it since the page was made.
    pub(super) fn is_overtaken(&self, desk: &Desk) -> bool {
        self.seen != desk.seen() || self.version != desk.base()
    }
}

/// What is said where two people write at once. What was typed stays on the page, which now knows
/// of the other's draft: saving again is a decision.
pub(super) fn overtaken() -> Notice {
    Notice::Problem(
        "Nothing was saved: somebody changed the draft or the rules since you opened this page. \
         What you typed is below; save again to put it over theirs."
            .to_owned(),
    )
}

/// Stores the draft.
pub(super) async fn store(
    app: &App,
    within: &InBrand,
    document: &str,
    base: i32,
) -> Result<(), PageError> {
    let by = within.staff.change(app).actor;
    app.projector
        .save_draft(within.brand.brand_id, document, base, by)
        .await?;
    Ok(())
}
