//! Why a sign-in does not go on, as people are told it. What went wrong in detail stands in the log
//! and the audit record.

use axum::http::StatusCode;

use crate::federation;
use crate::federation::attempt;
use crate::flow::decide::Refusal;
use crate::flow::{Flow, Unusable};
use crate::http::page_error::PageError;
use crate::view::language::Trouble;

/// There is no such sign-in, or not any more.
pub(super) fn gone() -> PageError {
    PageError::told(StatusCode::NOT_FOUND, Trouble::Gone)
}

/// The same address in another browser.
fn other_browser() -> PageError {
    PageError::told(StatusCode::BAD_REQUEST, Trouble::OtherBrowser)
}

impl From<Unusable> for PageError {
    fn from(error: Unusable) -> Self {
        match error {
            Unusable::Unknown => gone(),
            Unusable::OtherBrowser => other_browser(),
            Unusable::Expired | Unusable::Attempt(attempt::Refusal::Expired) => {
                Self::told(StatusCode::BAD_REQUEST, Trouble::TooLate)
            }
            Unusable::Finished
            | Unusable::Attempt(
                attempt::Refusal::Used
                | attempt::Refusal::Unknown
                | attempt::Refusal::OtherConnection,
            ) => Self::told(StatusCode::BAD_REQUEST, Trouble::Over),
            Unusable::Postgres(error) => error.into(),
        }
    }
}

/// The provider did not do its part. Never our own failure, so never a status that says so.
pub(super) fn provider(error: &federation::Error, label: &str, flow: &Flow) -> PageError {
    let page = if error.may_pass() {
        PageError::told_of(StatusCode::BAD_GATEWAY, Trouble::ProviderSilent, label)
    } else {
        PageError::told_of(StatusCode::BAD_REQUEST, Trouble::ProviderWrong, label)
    };
    page.with_action(
        format!("/login?flow={}", flow.flow_id),
        "Back to the sign-in",
    )
}

/// The person is let in nowhere.
pub(in crate::http) fn refused(refusal: Refusal, flow: &Flow) -> PageError {
    let back = format!("/login?flow={}", flow.flow_id);
    match refusal {
        Refusal::ConnectionDisabled => PageError::told(StatusCode::FORBIDDEN, Trouble::WayClosed)
            .with_action(back, "Back to the sign-in"),
        // One text for both: whether a profile was shut or erased is its owner's business.
        Refusal::Suspended | Refusal::Gone => {
            PageError::told(StatusCode::FORBIDDEN, Trouble::NotLetIn)
        }
        Refusal::LinkSessionEnded | Refusal::LinkSessionStale => {
            PageError::told(StatusCode::FORBIDDEN, Trouble::SignInFirst)
        }
        Refusal::SomebodyElse => PageError::new(
            StatusCode::FORBIDDEN,
            "That is somebody else's account",
            "You are signed in as another person, and only they can go on here. Nothing was \
             changed.",
        )
        .with_action(back, "Try again"),
        Refusal::IdentityTaken => PageError::told(StatusCode::CONFLICT, Trouble::Taken),
    }
}
