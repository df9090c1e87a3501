//! What an event is worth: weights, caps, guards and the part it plays.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::validate::{NAME_CHARS_MAX, POINTS_MAX};
use crate::stage::dimension::{DIMENSIONS, Dimension};
use crate::stage::turn::Step;

/// Events that never count from a browser, whatever a rule set says: anybody could claim a purchase, a
/// friend who bought, a complaint put right, or another's consent.
const ONLY_FROM_SERVERS: [&str; 13] = [
    "Order Completed",
    "Completed Order",
    "Order Delivered",
    "Order Refunded",
    "Order Cancelled",
    "Subscription Renewed",
    "Donation Made",
    "Referral Converted",
    "Dispute Resolved",
    "Dispute Withdrawn",
    "Consent Given",
    "Consent Withdrawn",
    "Account Deleted",
];

/// What the rule set makes of one event name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// The event's name, as sent; case matters.
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = r"\S"))]
    pub event: String,
    /// Other names of the same event. They share its caps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(max = NAME_CHARS_MAX), regex(pattern = r"\S")))]
    pub aliases: Vec<String>,
    /// Tried in order; the first whose guards all hold says what the event adds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<Case>,
    /// What the event adds when no case holds; without it such an event counts for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add: Option<Amounts>,
    /// The most that this event can add to a dimension in one UTC day.
    #[schemars(extend("properties" = {
        "familiarity": {"exclusiveMinimum": 0},
        "investment": {"exclusiveMinimum": 0},
        "trust": {"exclusiveMinimum": 0},
        "advocacy": {"exclusiveMinimum": 0},
    }))]
    #[serde(default, skip_serializing_if = "Amounts::is_empty")]
    pub cap: Amounts,
    /// Who may say it. Left out: a browser may, if it adds familiarity only and plays no part. What
    /// only a server may ever say, such as an order or a consent, no rule opens to browsers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// The part it plays beyond its weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether it is an act that shows commitment, such as an order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub qualifying: bool,
    /// The kind of advocacy act it is, if it is one: "review", "invite".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advocacy_kind: Option<String>,
    /// The channel it comes by, where the event does not say itself: "email".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Whether the brand does it, and not the customer. Such a signal never satisfies a condition.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub brand_initiated: bool,
    /// The step of a turn that it belongs to; an order is a step of use by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
}

impl Signal {
    /// The first of its names that only a server may ever say, if there is one.
    pub fn guarded_name(&self) -> Option<&str> {
        std::iter::once(&self.event)
            .chain(&self.aliases)
            .map(String::as_str)
            .find(|name| ONLY_FROM_SERVERS.contains(name))
    }

    /// Whether an event from an untrusted browser counts.
    pub fn counts_untrusted(&self) -> bool {
        if self.guarded_name().is_some() {
            return false;
        }
        match self.trust {
            Some(trust) => trust == Trust::Any,
            None => self.role.is_none() && self.amounts().all(Amounts::is_familiarity_only),
        }
    }

    /// What each case adds, and what is added otherwise.
    pub fn amounts(&self) -> impl Iterator<Item = &Amounts> {
        self.cases.iter().map(|case| &case.add).chain(&self.add)
    }
}

/// What an event adds under conditions on its properties.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// All of these must hold.
    #[schemars(length(min = 1))]
    pub when: Vec<Guard>,
    /// What it then adds.
    #[serde(default)]
    pub add: Amounts,
    /// What it then also means.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
}

/// A figure for some dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Amounts {
    /// Points of familiarity.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -POINTS_MAX, max = POINTS_MAX))]
    pub familiarity: Option<f64>,
    /// Points of investment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -POINTS_MAX, max = POINTS_MAX))]
    pub investment: Option<f64>,
    /// Points of trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -POINTS_MAX, max = POINTS_MAX))]
    pub trust: Option<f64>,
    /// Points of advocacy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -POINTS_MAX, max = POINTS_MAX))]
    pub advocacy: Option<f64>,
}

impl Amounts {
    /// The figure for `dimension`, if there is one.
    pub const fn of(&self, dimension: Dimension) -> Option<f64> {
        match dimension {
            Dimension::Familiarity => self.familiarity,
            Dimension::Investment => self.investment,
            Dimension::Trust => self.trust,
            Dimension::Advocacy => self.advocacy,
        }
    }

    /// Whether no dimension has a figure.
    pub fn is_empty(&self) -> bool {
        Dimension::ALL
            .into_iter()
            .all(|dimension| self.of(dimension).is_none())
    }

    fn is_familiarity_only(&self) -> bool {
        Dimension::ALL
            .into_iter()
            .all(|dimension| dimension == Dimension::Familiarity || self.of(dimension).is_none())
    }

    /// All four, with `missing` where there is no figure.
    pub(in crate::stage) fn to_array(self, missing: f64) -> [f64; DIMENSIONS] {
        Dimension::ALL.map(|dimension| self.of(dimension).unwrap_or(missing))
    }
}

/// A condition on one property of an event: exactly one of the comparisons is given.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["at_least"], "properties": {"at_least": {"type": "number"}}},
    {"required": ["at_most"], "properties": {"at_most": {"type": "number"}}},
    {"required": ["equals"], "properties": {"equals": {"not": {"type": "null"}}}},
    {"required": ["present"], "properties": {"present": {"type": "boolean"}}},
]))]
pub struct Guard {
    /// The property's name, or `$discount_share`: discount ÷ (discount + what was paid), from
    /// `discount` and the first of `subtotal`, `revenue`, `total`.
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = r"\S"))]
    pub property: String,
    /// A number (or text that is one) this large or larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// A number (or text that is one) this small or smaller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// Exactly this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Scalar>,
    /// There at all (`true`: neither absent, null, false nor empty text) or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<bool>,
}

/// The computed property that a [`Guard`] may name.
pub(in crate::stage) const DISCOUNT_SHARE: &str = "$discount_share";

/// A value that a property is compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text; case matters.
    Text(String),
}

/// Which senders are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Anyone, also a public browser key.
    Any,
    /// Only a holder of a secret key.
    Secret,
}

/// What an event means beyond its weight, under some of its properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A qualifying act that took a discount to get.
    Discounted,
    /// An answer that says "I would not recommend you".
    Detractor,
}

/// The part an event plays in the engine's own bookkeeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Something bought; `order_id` names it, and a later refund takes its entry back.
    Order,
    /// Takes back the order that `order_id` names.
    Refund,
    /// A complaint begins; `dispute_id` names it, `channel: public` shortens its clock.
    DisputeOpened,
    /// The brand has seen the complaint.
    DisputeAcknowledged,
    /// The brand offers a remedy: the clock stops.
    RemedyProposed,
    /// The complaint ends: `satisfied: true` or `csat` ≥ 4 when the customer says so.
    DisputeResolved,
    /// It was not over.
    DisputeReopened,
    /// The customer takes the complaint back.
    DisputeWithdrawn,
    /// The brand passes the complaint to somebody else.
    DisputeHandedOff,
    /// Somebody at the brand has looked at a customer who complains unusually often.
    DisputesReviewed,
    /// Somebody this customer brought has become a customer; `referee_id` says who, `hop` how far
    /// away (1, the default, for somebody they brought themselves).
    ReferralConverted,
    /// That was taken back; `referee_id` says for whom.
    ReferralClawedBack,
    /// The customer ends the relationship.
    RelationshipEnded,
    /// The brand invites to the layer that `layer` names, by hand.
    LayerInvited,
    /// The customer accepts: `layer` names the layer, else the latest open invitation is meant. With
    /// `invited_at` (a date) it holds even if that invitation is believed no longer.
    InvitationAccepted,
    /// The customer does not want to.
    InvitationDeclined,
    /// The customer leaves the layer that `layer` names, else the deepest they are in.
    LayerLeft,
    /// A milestone is reached; `milestone` names it. It may invite to a layer.
    MilestoneReached,
    /// Hibernation begins, until the date in `hibernate_until` or for as long as is allowed: of the
    /// layer that `layer` names, else of the whole relationship.
    RelationshipPaused,
    /// Hibernation ends: of the layer that `layer` names, else of the whole relationship.
    RelationshipResumed,
    /// The brand wrote: `channel` says by what, `purpose` what for.
    ContactSent,
    /// The customer closes the channel that `channel` names, else the signal's own.
    ChannelClosed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a84_no_rule_set_opens_to_browsers_what_only_servers_may_say() {
        let signal = |event: &str, aliases: &[&str]| Signal {
            event: event.to_owned(),
            aliases: aliases.iter().map(|name| (*name).to_owned()).collect(),
            trust: Some(Trust::Any),
            ..Signal::default()
        };

        for name in ONLY_FROM_SERVERS {
            assert!(!signal(name, &[]).counts_untrusted(), "{name}");
            assert!(!signal("Bought", &[name]).counts_untrusted(), "{name}");
        }
        assert!(signal("Product Viewed", &["Seen"]).counts_untrusted());
    }
}
