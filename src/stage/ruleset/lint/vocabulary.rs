//! The event names that somebody may be expected to send.

use std::collections::BTreeSet;

use super::nearest::nearest;
use crate::stage::ruleset::presets::Preset;

/// Standard names that no preset weighs. Together with those that presets do, they are what a
/// document is checked against when no brand's own history is at hand.
const FURTHER_STANDARD_NAMES: &[&str] = &[
    "Application Installed",
    "Application Opened",
    "Article Read",
    "Cart Viewed",
    "Checkout Started",
    "Checkout Step Completed",
    "Coupon Applied",
    "Email Delivered",
    "Email Opened",
    "Lead Captured",
    "Order Updated",
    "Page Viewed",
    "Payment Info Entered",
    "Product Clicked",
    "Product List Viewed",
    "Product Removed",
    "Product Removed from Wishlist",
    "Products Searched",
    "Promotion Clicked",
    "Promotion Viewed",
    "Push Notification Received",
    "Signed Out",
    "Trial Started",
    "Trial Ended",
    "Video Playback Completed",
    "Video Playback Started",
];

/// The event names that a signal may wait for.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    names: BTreeSet<String>,
    is_seen: bool,
}

impl Vocabulary {
    /// The names that Befriend's presets and the common tracking plans use.
    pub fn standard() -> Self {
        let mut names: BTreeSet<String> = FURTHER_STANDARD_NAMES
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        for preset in Preset::ALL {
            for signal in preset.set().signals {
                names.insert(signal.event);
                names.extend(signal.aliases);
            }
        }
        Self {
            names,
            is_seen: false,
        }
    }

    /// The names that a brand's senders have sent so far. With none of them nothing is doubted: a
    /// brand that just began has sent nothing yet.
    pub fn seen(names: impl IntoIterator<Item = String>) -> Self {
        Self {
            names: names.into_iter().collect(),
            is_seen: true,
        }
    }

    /// These names and further ones.
    #[must_use]
    pub fn and(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names.extend(names);
        self
    }

    /// Whether these are the names of a brand's own history.
    pub const fn is_seen(&self) -> bool {
        self.is_seen
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        (self.is_seen && self.names.is_empty()) || self.names.contains(name)
    }

    pub(super) fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.names.iter().map(String::as_str))
    }
}
