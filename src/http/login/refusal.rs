//! Why a sign-in does not go on, as people are told it. What went wrong in detail stands in the log
//! and the audit record.

use axum::http::StatusCode;

use crate::federation;
use crate::federation::attempt;
use crate::flow::decide::Refusal;
use crate::flow::{Flow, Unusable};
use crate::http::page_error::PageError;

/// There is no such sign-in, or not any more.
pub(super) fn gone() -> PageError {
    PageError::new(
        StatusCode::NOT_FOUND,
        "This sign-in is not here any more",
        "Go back to the site you came from and sign in again.",
    )
}

/// The same address in another browser.
fn other_browser() -> PageError {
    PageError::new(
        StatusCode::BAD_REQUEST,
        "This sign-in was begun in another browser",
        "For your safety it can only be finished where it was begun. Go back to the site you came \
         from and sign in again.",
    )
}

impl From<Unusable> for PageError {
    fn from(error: Unusable) -> Self {
        match error {
            Unusable::Unknown => gone(),
            Unusable::OtherBrowser => other_browser(),
            Unusable::Expired | Unusable::Attempt(attempt::Refusal::Expired) => Self::new(
                StatusCode::BAD_REQUEST,
                "This sign-in took too long",
                "A sign-in is kept for ten minutes. Go back to the site you came from and sign in \
                 again.",
            ),
            Unusable::Finished | Unusable::Attempt(attempt::Refusal::Used) => Self::new(
                StatusCode::BAD_REQUEST,
                "This sign-in was used already",
                "If you are not signed in, go back to the site you came from and sign in again.",
            ),
            Unusable::Attempt(attempt::Refusal::Unknown | attempt::Refusal::OtherConnection) => {
                Self::new(
                    StatusCode::BAD_REQUEST,
                    "This answer belongs to no sign-in of yours",
                    "Nothing was done. Go back to the site you came from and sign in again.",
                )
            }
            Unusable::Postgres(error) => error.into(),
        }
    }
}

/// The provider did not do its part. Never our own failure, so never a status that says so.
pub(super) fn provider(error: &federation::Error, label: &str, flow: &Flow) -> PageError {
    let page = if error.may_pass() {
        PageError::new(
            StatusCode::BAD_GATEWAY,
            format!("{label} does not answer as it should"),
            "Nothing you did is lost. Try again in a moment, or sign in another way.",
        )
    } else {
        PageError::new(
            StatusCode::BAD_REQUEST,
            format!("We could not take the answer of {label}"),
            "Nothing was done. Try again, or sign in another way.",
        )
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
        Refusal::ConnectionDisabled => PageError::new(
            StatusCode::FORBIDDEN,
            "This way of signing in was switched off",
            "Sign in another way.",
        )
        .with_action(back, "Back to the sign-in"),
        // One text for both: whether a profile was shut or erased is its owner's business.
        Refusal::Suspended | Refusal::Gone => PageError::new(
            StatusCode::FORBIDDEN,
            "You cannot sign in with this account",
            "If you think that this is a mistake, write to the people of this site.",
        ),
        Refusal::LinkSessionEnded | Refusal::LinkSessionStale => PageError::new(
            StatusCode::FORBIDDEN,
            "Sign in again before you link an account",
            "Linking asks that you signed in lately, in this browser. Nothing was linked.",
        ),
        Refusal::SomebodyElse => PageError::new(
            StatusCode::FORBIDDEN,
            "That is somebody else's account",
            "You are signed in as another person, and only they can go on here. Nothing was \
             changed.",
        )
        .with_action(back, "Try again"),
        Refusal::IdentityTaken => PageError::new(
            StatusCode::CONFLICT,
            "This account signs somebody else in",
            "Nothing was linked. If both are yours, sign in with that account to see what it holds.",
        ),
    }
}
