//! From an event as it was sent to an act as the fold needs it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::day::Day;
use super::dimension::{Dimension, Scores};
use super::hash::fnv;
use super::ready_layer::ReadyLayer;
use super::rules::{ReadySignal, Rules};
use super::ruleset::{DISCOUNT_SHARE, Guard, Role, Scalar};

/// A customer-satisfaction answer from which a complaint counts as settled.
const CSAT_SATISFIED: f64 = 4.0;
/// "No layer" in an act.
pub(super) const NO_LAYER: u16 = u16::MAX;
/// "A layer that the rules do not know" in an act.
const UNKNOWN_LAYER: u16 = u16::MAX - 1;
/// "No case" in an act.
const NO_CASE: u16 = u16::MAX;

/// The properties that are looked at whatever the event; all others only of
/// [events read closely](Rules::events_read_closely).
pub const READ_OF_ANY: [&str; 2] = ["channel", "purpose"];

/// An event as stored, in the words of whoever sent it.
#[derive(Debug, Clone, Copy)]
pub struct Fact<'a> {
    /// When it happened, after correction of the sender's clock.
    pub at: DateTime<Utc>,
    /// Who sent it. With `message_id` it settles the order of events of one instant.
    pub source: &'a str,
    /// The sender's id of it, unique within the source.
    pub message_id: &'a str,
    /// The event's name: "Order Completed".
    pub name: &'a str,
    /// Its properties, an object or null.
    pub properties: &'a Value,
    /// Whether a holder of a secret key said it.
    pub trusted: bool,
    /// Whether the profile is identified from this event on.
    pub known_after: bool,
    /// Whether the brand did it, as it sends a message. Such a fact counts for nothing, unless the
    /// rule set itself gives its event to the brand ("Promise Kept").
    pub brand_initiated: bool,
}

/// Whether and why an event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It counts.
    Counted,
    /// No signal names this event.
    NoSignal,
    /// Its properties meet none of the signal's cases.
    NoCase,
    /// It came through a key that anyone can copy, and adds more than familiarity.
    Untrusted,
    /// The brand did it.
    BrandInitiated,
}

/// An event reduced to what the fold needs; no JSON is left in it.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who sent it.
    pub source: &'a str,
    /// The sender's id of it.
    pub message_id: &'a str,
    /// Whether it counts, and why not.
    pub verdict: Verdict,
    /// Whether the profile is identified from here on.
    pub known_after: bool,
    /// Whether the customer did it: a sign of life.
    pub(super) by_customer: bool,
    pub(super) satisfied: Option<bool>,
    pub(super) public: bool,
    pub(super) case: u16,
    /// The order, dispute or referee it is about, hashed; 0 when it names none.
    pub(super) thing: u64,
    /// The layer it names, by place in the rules; [`NO_LAYER`] when it names none.
    pub(super) layer: u16,
    /// The day it names: until when to hibernate, or of which invitation it speaks.
    pub(super) names_day: Option<Day>,
    /// How many generations away a converted referral is; 1 for everything else.
    pub(super) hop: u8,
    /// The channel it names; empty when it names none, or comes from somebody not believed.
    pub(super) channel: &'a str,
    /// What it says it is for; empty when it does not.
    pub(super) purpose: &'a str,
}

impl Act<'_> {
    /// Where it stands among others: by time, then source, then message id.
    pub(super) fn key(&self) -> (DateTime<Utc>, &str, &str) {
        (self.at, self.source, self.message_id)
    }

    /// What it adds under `rules`, before the caps of its day; nothing if it does not count.
    pub fn worth(&self, rules: &Rules) -> Scores {
        if self.counts() && self.case != NO_CASE {
            Scores::from(rules.case(self.case).weights)
        } else {
            Scores::default()
        }
    }

    /// The kind of advocacy act it is under `rules`; none if it does not count as one.
    pub fn advocacy_kind<'r>(&self, rules: &'r Rules) -> Option<&'r str> {
        if !self.counts() || self.case == NO_CASE || self.hop != 1 {
            return None;
        }
        let case = rules.case(self.case);
        let signal = rules.signal(case.signal);
        let kind = signal.advocacy_kind.as_deref();
        kind.filter(|_| case.weights[Dimension::Advocacy.index()] > 0.0)
    }

    pub(super) fn counts(&self) -> bool {
        self.verdict == Verdict::Counted
    }
}

/// What `rules` make of `fact`.
pub fn interpret<'a>(rules: &Rules, fact: &Fact<'a>) -> Act<'a> {
    let signal = rules.signal_named(fact.name);
    let mut act = Act {
        at: fact.at,
        source: fact.source,
        message_id: fact.message_id,
        verdict: Verdict::NoSignal,
        known_after: fact.known_after,
        by_customer: !fact.brand_initiated && signal.is_none_or(|signal| !signal.brand_initiated),
        satisfied: None,
        public: false,
        case: NO_CASE,
        thing: 0,
        layer: NO_LAYER,
        names_day: None,
        hop: 1,
        channel: "",
        purpose: "",
    };
    if fact.trusted {
        let [channel, purpose] = READ_OF_ANY.map(|name| word(fact.properties.get(name)));
        (act.channel, act.purpose) = (channel, purpose);
    }
    let Some(signal) = signal else { return act };
    act.verdict = judge(rules, signal, fact, &mut act.case);
    if let (Verdict::Counted, Some(role)) = (act.verdict, signal.role) {
        read_role(rules, role, fact.properties, &mut act);
        if act.hop > rules.referrals().hops {
            act.verdict = Verdict::NoCase;
        }
    }
    if act.counts() && rules.case(act.case).names_layer && act.layer == NO_LAYER {
        act.layer = layer_named(rules, fact.properties);
    }
    act
}

fn judge(rules: &Rules, signal: &ReadySignal, fact: &Fact<'_>, chosen: &mut u16) -> Verdict {
    if fact.brand_initiated && !signal.brand_initiated {
        return Verdict::BrandInitiated;
    }
    if !fact.trusted && !signal.counts_untrusted {
        return Verdict::Untrusted;
    }
    let mut cases = signal.cases.clone();
    match cases.find(|case| {
        rules
            .case(*case)
            .guards
            .iter()
            .all(|guard| guard_holds(guard, fact.properties))
    }) {
        Some(case) => {
            *chosen = case;
            Verdict::Counted
        }
        None => Verdict::NoCase,
    }
}

fn read_role(rules: &Rules, role: Role, properties: &Value, act: &mut Act<'_>) {
    let id_property = match role {
        Role::Order | Role::Refund => "order_id",
        Role::ReferralConverted | Role::ReferralClawedBack => {
            // That somebody else came is no sign of life.
            act.by_customer = false;
            act.hop = hop(properties.get("hop"));
            "referee_id"
        }
        Role::RelationshipEnded
        | Role::DisputesReviewed
        | Role::ContactSent
        | Role::ChannelClosed => return,
        Role::LayerInvited
        | Role::InvitationAccepted
        | Role::InvitationDeclined
        | Role::LayerLeft
        | Role::MilestoneReached
        | Role::RelationshipPaused
        | Role::RelationshipResumed => return read_layer_role(rules, role, properties, act),
        Role::DisputeOpened
        | Role::DisputeAcknowledged
        | Role::RemedyProposed
        | Role::DisputeResolved
        | Role::DisputeReopened
        | Role::DisputeWithdrawn
        | Role::DisputeHandedOff => "dispute_id",
    };
    act.thing = identify(properties.get(id_property));
    act.public = properties.get("channel").and_then(Value::as_str) == Some("public");
    act.satisfied = properties
        .get("satisfied")
        .and_then(Value::as_bool)
        .or_else(|| number(properties.get("csat")).map(|answer| answer >= CSAT_SATISFIED));
}

fn read_layer_role(rules: &Rules, role: Role, properties: &Value, act: &mut Act<'_>) {
    act.layer = layer_named(rules, properties);
    let day_property = match role {
        Role::RelationshipPaused => "hibernate_until",
        Role::InvitationAccepted => "invited_at",
        Role::MilestoneReached if act.layer == NO_LAYER => {
            act.layer = layer_opened(rules, properties);
            return;
        }
        _ => return,
    };
    act.names_day = day_named(properties.get(day_property));
}

/// The place of the layer that `layer` names.
fn layer_named(rules: &Rules, properties: &Value) -> u16 {
    match properties.get("layer") {
        None | Some(Value::Null) => NO_LAYER,
        Some(name) => {
            let is_it = |layer: &ReadyLayer| name.as_str() == Some(layer.id.as_str());
            place_of(rules, is_it).unwrap_or(UNKNOWN_LAYER)
        }
    }
}

/// The place of the first layer to which the milestone invites.
fn layer_opened(rules: &Rules, properties: &Value) -> u16 {
    let Some(reached) = properties.get("milestone").and_then(Value::as_str) else {
        return NO_LAYER;
    };
    let opens = |layer: &ReadyLayer| layer.invitation.milestones.iter().any(|one| one == reached);
    place_of(rules, opens).unwrap_or(NO_LAYER)
}

fn place_of(rules: &Rules, is_it: impl Fn(&ReadyLayer) -> bool) -> Option<u16> {
    let place = rules.layers().iter().position(is_it)?;
    u16::try_from(place).ok()
}

/// A date, or an instant, as text.
fn day_named(property: Option<&Value>) -> Option<Day> {
    let text = property?.as_str()?.trim();
    let date = text.parse().map(|date: NaiveDate| Day::from(date));
    date.or_else(|_| DateTime::parse_from_rfc3339(text).map(|at| Day::of(at.to_utc())))
        .ok()
}

/// One generation away where nothing is said; farther than anybody is credited for where what is
/// said is no distance.
fn hop(property: Option<&Value>) -> u8 {
    match property {
        None | Some(Value::Null) => 1,
        Some(value) => number(Some(value))
            .and_then(|hops| (1..=u8::MAX).find(|hop| f64::from(*hop).total_cmp(&hops).is_eq()))
            .unwrap_or(u8::MAX),
    }
}

fn word(property: Option<&Value>) -> &str {
    property.and_then(Value::as_str).unwrap_or_default()
}

fn identify(id: Option<&Value>) -> u64 {
    match id {
        Some(Value::String(text)) if !text.is_empty() => fnv(text.as_bytes()),
        Some(Value::Number(number)) => fnv(number.to_string().as_bytes()),
        _ => 0,
    }
}

fn guard_holds(guard: &Guard, properties: &Value) -> bool {
    let property = properties.get(&guard.property);
    if let Some(expected) = &guard.equals {
        return equals(expected, property);
    }
    if let Some(expected) = guard.present {
        return is_present(property) == expected;
    }
    let figure = if guard.property == DISCOUNT_SHARE {
        Some(discount_share(properties))
    } else {
        number(property)
    };
    figure.is_some_and(|figure| {
        guard.at_least.is_none_or(|least| figure >= least)
            && guard.at_most.is_none_or(|most| figure <= most)
    })
}

fn equals(expected: &Scalar, property: Option<&Value>) -> bool {
    match (expected, property) {
        (Scalar::Bool(expected), Some(Value::Bool(value))) => expected == value,
        (Scalar::Text(expected), Some(Value::String(value))) => expected == value,
        (Scalar::Number(expected), value) => {
            number(value).is_some_and(|value| value.total_cmp(expected).is_eq())
        }
        _ => false,
    }
}

fn is_present(property: Option<&Value>) -> bool {
    match property {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

/// A number, or text that is one: the standard has ratings as text.
pub(super) fn number(property: Option<&Value>) -> Option<f64> {
    match property? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

fn discount_share(properties: &Value) -> f64 {
    let discount = number(properties.get("discount")).unwrap_or_default();
    if discount <= 0.0 {
        return 0.0;
    }
    let paid = ["subtotal", "revenue", "total"]
        .into_iter()
        .find_map(|name| number(properties.get(name)))
        .unwrap_or_default();
    discount / (discount + paid.max(0.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reading(name: &str, properties: &Value, trusted: bool) -> (Verdict, [f64; 4]) {
        let rules = Rules::default_rules();
        let fact = Fact {
            at: DateTime::UNIX_EPOCH,
            source: "shop",
            message_id: "m1",
            name,
            properties,
            trusted,
            known_after: false,
            brand_initiated: false,
        };
        let act = interpret(&rules, &fact);
        let weights = if act.counts() {
            rules.case(act.case).weights
        } else {
            [0.0; 4]
        };
        (act.verdict, weights)
    }

    #[test]
    fn properties_decide_what_an_event_is_worth() {
        let table = [
            (
                "Order Completed",
                json!({"revenue": 50}),
                [0.0, 10.0, 0.0, 0.0],
            ),
            (
                "Completed Order",
                json!({"revenue": 50}),
                [0.0, 10.0, 0.0, 0.0],
            ),
            (
                "Order Completed",
                json!({"revenue": 80, "discount": 20}),
                [0.0, 6.0, 0.0, 0.0],
            ),
            (
                "Order Completed",
                json!({"revenue": 81, "discount": "19"}),
                [0.0, 10.0, 0.0, 0.0],
            ),
            (
                "Product Reviewed",
                json!({"rating": "5"}),
                [0.0, 0.0, 1.0, 5.0],
            ),
            (
                "Product Reviewed",
                json!({"rating": 2}),
                [0.0, 0.0, -3.0, 0.0],
            ),
            ("NPS Submitted", json!({"score": 9}), [0.0, 0.0, 0.0, 4.0]),
            ("NPS Submitted", json!({"score": 6}), [0.0, 0.0, -5.0, 0.0]),
            (
                "Order Delivered",
                json!({"on_time": true}),
                [0.0, 0.0, 1.0, 0.0],
            ),
            (
                "Apology Offered",
                json!({"remedy": "voucher"}),
                [0.0, 0.0, 1.0, 0.0],
            ),
        ];

        for (name, properties, weights) in table {
            let (verdict, found) = reading(name, &properties, true);
            assert_eq!(verdict, Verdict::Counted, "{name} {properties}");
            assert_eq!(Vec::from(found), Vec::from(weights), "{name} {properties}");
        }
    }

    #[test]
    fn what_does_not_count_says_why() {
        let table = [
            ("order completed", json!({}), Verdict::NoSignal),
            ("Product Reviewed", json!({"rating": 3}), Verdict::NoCase),
            (
                "Product Reviewed",
                json!({"rating": "nice"}),
                Verdict::NoCase,
            ),
            ("Product Reviewed", json!(null), Verdict::NoCase),
            ("Order Delivered", json!({}), Verdict::NoCase),
        ];

        for (name, properties, verdict) in table {
            assert_eq!(
                reading(name, &properties, true).0,
                verdict,
                "{name} {properties}"
            );
        }
    }

    #[test]
    fn a_browser_may_say_only_what_adds_familiarity() {
        let table = [
            ("Product Viewed", Verdict::Counted),
            ("Signed Up", Verdict::Counted),
            ("Order Completed", Verdict::Untrusted),
            ("Order Refunded", Verdict::Untrusted),
            ("Referral Converted", Verdict::Untrusted),
            ("Dispute Resolved", Verdict::Untrusted),
            ("Promise Kept", Verdict::Untrusted),
            ("Account Deleted", Verdict::Untrusted),
            // Worth no more than familiarity, and yet not anybody's to say.
            ("Consent Given", Verdict::Untrusted),
        ];

        for (name, verdict) in table {
            assert_eq!(reading(name, &json!({}), false).0, verdict, "{name}");
        }
    }

    #[test]
    fn a_referral_counts_up_to_the_third_generation() {
        let table = [
            (json!({}), Verdict::Counted),
            (json!({ "hop": 1 }), Verdict::Counted),
            (json!({ "hop": "3" }), Verdict::Counted),
            (json!({ "hop": 0 }), Verdict::NoCase),
            (json!({ "hop": 1.5 }), Verdict::NoCase),
            (json!({ "hop": 4 }), Verdict::NoCase),
            (json!({ "hop": "near" }), Verdict::NoCase),
        ];

        for (properties, verdict) in table {
            assert_eq!(
                reading("Referral Converted", &properties, true).0,
                verdict,
                "{properties}"
            );
        }
    }

    #[test]
    fn properties_matter_only_to_events_that_are_read_closely() {
        use proptest::prelude::*;
        use proptest::sample::{select, subsequence};

        let rules = Rules::default_rules();
        let signals = rules.set().signals.iter();
        let names: Vec<String> = signals
            .flat_map(|signal| std::iter::once(&signal.event).chain(&signal.aliases))
            .cloned()
            .chain([String::from("Something Else"), String::new()])
            .collect();
        let guarded = rules.set().signals.iter().flat_map(|signal| &signal.cases);
        let mut keys: Vec<String> = guarded
            .flat_map(|case| case.when.iter().map(|guard| guard.property.clone()))
            .collect();
        let read = "order_id dispute_id referee_id hop channel purpose satisfied csat discount \
                    subtotal revenue total rating score on_time remedy layer until milestone";
        keys.extend(read.split_whitespace().map(str::to_owned));
        keys.sort();
        keys.dedup();
        let value = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(|value| json!(value)),
            (-3..12).prop_map(|value| json!(value)),
            select(vec!["public", "", "7", "x"]).prop_map(|value| json!(value)),
        ];
        let many = keys.len();
        let properties = (
            subsequence(keys, 0..=many),
            prop::collection::vec(value, many),
        );
        let closely = rules.events_read_closely();

        proptest!(|(
            name in select(names),
            (keys, values) in properties,
            trusted: bool,
            known_after: bool,
            brand_initiated: bool,
        )| {
            let whole = Value::Object(keys.into_iter().zip(values).collect());
            let is_marked = READ_OF_ANY.iter().any(|key| whole.get(key).is_some());
            let is_read = is_marked || closely.contains(&name);
            let narrowed = if is_read { whole.clone() } else { Value::Null };
            let fact = Fact {
                at: DateTime::UNIX_EPOCH,
                source: "",
                message_id: "m1",
                name: &name,
                properties: &whole,
                trusted,
                known_after,
                brand_initiated,
            };
            let plain = interpret(&rules, &fact);
            let read = interpret(&rules, &Fact { properties: &narrowed, ..fact });
            prop_assert_eq!(format!("{plain:?}"), format!("{read:?}"));
        });
        assert!(closely.iter().any(|name| name == "Order Completed"));
        assert!(!closely.iter().any(|name| name == "Product Viewed"));
    }

    #[test]
    fn what_the_brand_sends_counts_for_nothing() {
        let rules = Rules::default_rules();
        let properties = json!({});
        let fact = Fact {
            at: DateTime::UNIX_EPOCH,
            source: "crm",
            message_id: "m1",
            name: "Email Link Clicked",
            properties: &properties,
            trusted: true,
            known_after: false,
            brand_initiated: true,
        };

        let act = interpret(&rules, &fact);

        assert_eq!(act.verdict, Verdict::BrandInitiated);
        assert!(!act.by_customer);
    }
}
