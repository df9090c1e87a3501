//! The decision: may they be written to, why not, and from when again.

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use super::record::{Contact, Permission, Wishes};
use super::words;
use crate::stage::rules::Rules;
use crate::stage::state::State;
use crate::stage::tier::Stage;

/// Days looked ahead for a day with room under a cap: contacts counted lie at most a window back.
const ROOM_DAYS_MAX: u64 = 40;

/// What somebody would send.
#[derive(Debug, Clone, Copy)]
pub struct ContactAsked<'a> {
    /// By which channel; none to be told.
    pub channel: Option<&'a str>,
    /// What for: one of the rules' purposes of service, or anything else, which is promotion.
    pub purpose: &'a str,
    /// When.
    pub at: DateTime<Utc>,
    /// How the customer's clock differs from UTC at that time: their calendar days are counted.
    pub offset: FixedOffset,
}

/// What contact is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    /// It answers or carries out something of the customer's: never capped.
    Service,
    /// Everything else.
    Promotion,
}

/// Whether to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactDecision {
    /// Whether they may be written to now.
    pub allowed: bool,
    /// By which channel; none where no channel is open.
    pub channel: Option<String>,
    /// What the contact is for.
    pub kind: ContactKind,
    /// Why, the most telling first; never empty.
    pub reasons: Vec<ContactReason>,
    /// From when they may be, if nothing else happens: the instant asked about if now, none where
    /// no date is known.
    pub next_allowed_at: Option<DateTime<Utc>>,
    /// Contacts counted against the cap.
    pub used: u16,
    /// The cap; none for service.
    pub cap: Option<u16>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactReason {
    /// Short and lasting, for machines: `cap_reached`.
    pub code: String,
    /// Until when it holds, if that is known.
    pub until: Option<DateTime<Utc>>,
    /// In words.
    pub text: String,
}

/// What stands in the way, or speaks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground<'g> {
    Service,
    Strained,
    Estranged,
    Withdrawn,
    NoPermission,
    UnknownChannel(&'g str),
    NoChannel,
    Closed(&'g str, DateTime<Utc>),
    Unwanted(&'g str),
    Paused(&'g str, DateTime<Utc>),
    Hibernating(DateTime<Utc>),
    CapReached(Count<'g>, Option<DateTime<Utc>>),
    Room(Count<'g>),
    Halved(u16),
}

/// Contacts counted against a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count<'c> {
    pub(super) used: u16,
    pub(super) cap: u16,
    pub(super) days: u16,
    /// The channel whose cap the customer set; none for the stage's.
    pub(super) wished: Option<&'c str>,
    pub(super) stage: Stage,
}

/// How long something stands in the way.
#[derive(Clone, Copy)]
enum Bar {
    /// Until something is done about it.
    Lasting,
    /// Until time has passed.
    Until(DateTime<Utc>),
}

impl Ground<'_> {
    /// Whether it stands in the way, and how long.
    fn bars(&self) -> Option<Bar> {
        match self {
            Self::Service | Self::Room(_) | Self::Halved(_) => None,
            Self::Strained
            | Self::Estranged
            | Self::Withdrawn
            | Self::NoPermission
            | Self::UnknownChannel(_)
            | Self::NoChannel
            | Self::Closed(..)
            | Self::Unwanted(_)
            | Self::CapReached(_, None) => Some(Bar::Lasting),
            Self::Paused(_, until)
            | Self::Hibernating(until)
            | Self::CapReached(_, Some(until)) => Some(Bar::Until(*until)),
        }
    }
}

/// Whether the customer of `state` may be written to. Advance the state to the instant first, so
/// that the stage is the one that time has brought about.
pub fn may_contact(
    rules: &Rules,
    state: &State,
    wishes: &Wishes,
    asked: &ContactAsked<'_>,
) -> ContactDecision {
    let desk = Desk {
        rules,
        state,
        wishes,
        asked,
    };
    if rules.contact().is_service(asked.purpose) {
        desk.service()
    } else {
        desk.promotion()
    }
}

struct Desk<'d> {
    rules: &'d Rules,
    state: &'d State,
    wishes: &'d Wishes,
    asked: &'d ContactAsked<'d>,
}

impl<'d> Desk<'d> {
    /// Service goes out whatever else holds, by the channel asked for or the one they come by.
    fn service(&self) -> ContactDecision {
        let channel = self.asked.channel.or_else(|| self.usual_channel());
        let mut grounds = vec![Ground::Service];
        if let Some(channel) = self.asked.channel.filter(|one| !self.is_channel(one)) {
            grounds.insert(0, Ground::UnknownChannel(channel));
        }
        self.decide(ContactKind::Service, channel, &grounds, (0, None))
    }

    fn promotion(&self) -> ContactDecision {
        let mut grounds = Vec::new();
        let standing = self.state;
        if standing.estranged {
            grounds.push(Ground::Estranged);
        }
        if standing.has_open_dispute() {
            grounds.push(Ground::Strained);
        }
        match self.wishes.permission {
            Permission::Withdrawn => grounds.push(Ground::Withdrawn),
            Permission::NotAsked
                if standing.stage() == Stage::Stranger
                    && self.rules.contact().strangers_need_permission =>
            {
                grounds.push(Ground::NoPermission);
            }
            Permission::NotAsked | Permission::Given => {}
        }
        if let Some(until) = standing
            .hibernating_until()
            .filter(|until| *until > self.asked.at)
        {
            grounds.push(Ground::Hibernating(until));
        }
        let channel = self.asked.channel.or_else(|| self.usual_channel());
        match channel {
            None => grounds.push(Ground::NoChannel),
            Some(channel) => grounds.extend(self.against(channel)),
        }
        let count = self.count(channel);
        if count.used < count.cap {
            grounds.push(Ground::Room(count));
        } else {
            grounds.push(Ground::CapReached(count, self.room_from(&count)));
        }
        if count.wished.is_none() && self.is_unanswered() {
            grounds.push(Ground::Halved(self.rules.contact().unanswered.after));
        }
        self.decide(
            ContactKind::Promotion,
            channel,
            &grounds,
            (count.used, Some(count.cap)),
        )
    }

    fn decide(
        &self,
        kind: ContactKind,
        channel: Option<&str>,
        grounds: &[Ground<'_>],
        (used, cap): (u16, Option<u16>),
    ) -> ContactDecision {
        let bars: Vec<_> = grounds.iter().filter_map(Ground::bars).collect();
        let next_allowed_at = bars
            .iter()
            .try_fold(self.asked.at, |latest, bar| match bar {
                Bar::Lasting => None,
                Bar::Until(until) => Some(latest.max(*until)),
            });
        ContactDecision {
            allowed: bars.is_empty(),
            channel: channel.map(str::to_owned),
            kind,
            reasons: grounds
                .iter()
                .filter(|ground| bars.is_empty() || ground.bars().is_some())
                .map(|ground| words::reason(self.rules, ground))
                .collect(),
            next_allowed_at,
            used,
            cap,
        }
    }

    fn is_channel(&self, channel: &str) -> bool {
        self.rules.contact().is_channel(channel)
    }

    /// What stands against a channel.
    fn against(&self, channel: &'d str) -> Vec<Ground<'d>> {
        if !self.is_channel(channel) {
            return vec![Ground::UnknownChannel(channel)];
        }
        let wish = self.wishes.about(channel);
        let mut grounds = Vec::new();
        if let Some(closed_at) = self.closed_at(channel) {
            grounds.push(Ground::Closed(channel, closed_at));
        }
        if wish.is_some_and(|wish| !wish.allowed) {
            grounds.push(Ground::Unwanted(channel));
        }
        if let Some(until) = wish.and_then(|wish| wish.paused_until)
            && until > self.asked.at
        {
            grounds.push(Ground::Paused(channel, until));
        }
        grounds
    }

    /// When the channel was closed, unless the customer has opened it again since.
    fn closed_at(&self, channel: &str) -> Option<DateTime<Utc>> {
        let closed = &self.state.contact.closed;
        let at = closed.iter().find(|one| one.channel == channel)?.at;
        let is_open_again = self
            .wishes
            .about(channel)
            .is_some_and(|wish| wish.allowed && wish.said_at > at);
        (!is_open_again).then_some(at)
    }

    /// The channel to use if none is asked for: the preferred one, else the one they last came by,
    /// else the first that is open.
    fn usual_channel(&self) -> Option<&'d str> {
        let is_open = |channel: &&str| {
            self.is_channel(channel)
                && self.closed_at(channel).is_none()
                && self.wishes.about(channel).is_none_or(|wish| wish.allowed)
        };
        let preferred = self.wishes.channels.iter().filter(|wish| wish.preferred);
        let inbound = self.state.contact.inbound.as_deref();
        let all = self.rules.contact().channels.iter().map(String::as_str);
        preferred
            .map(|wish| wish.channel.as_str())
            .chain(inbound)
            .chain(all)
            .find(is_open)
    }

    /// The contacts of the window that ends with the day of the instant asked about, and the cap.
    fn count(&self, channel: Option<&'d str>) -> Count<'d> {
        let contact = self.rules.contact();
        let wished = channel.and_then(|channel| self.wishes.about(channel));
        let wished = wished.and_then(|wish| Some((wish.channel.as_str(), wish.per_week?)));
        let stage = self.state.stage();
        let mut cap = contact.at_most.of(stage);
        if cap > 0 && self.is_unanswered() {
            cap = share(cap, contact.unanswered.factor).max(1);
        }
        let count = Count {
            used: 0,
            cap: wished.map_or(cap, |(_, per_week)| per_week),
            days: contact.per_days,
            wished: wished.map(|(channel, _)| channel),
            stage,
        };
        let used = self.used_on(self.day_of(self.asked.at), &count);
        Count { used, ..count }
    }

    fn used_on(&self, day: NaiveDate, count: &Count<'_>) -> u16 {
        let first = day - Days::new(u64::from(count.days.max(1) - 1));
        let counts = |contact: &&Contact| {
            let sent = self.day_of(contact.at);
            let is_of = count
                .wished
                .is_none_or(|channel| contact.channel.as_deref() == Some(channel));
            is_of && sent >= first && sent <= day && contact.at <= self.asked.at
        };
        let used = self.state.contact.recent.iter().filter(counts).count();
        u16::try_from(used).unwrap_or(u16::MAX)
    }

    /// The beginning of the first day with room under the cap, by the customer's calendar.
    fn room_from(&self, count: &Count<'_>) -> Option<DateTime<Utc>> {
        let today = self.day_of(self.asked.at);
        (1..=ROOM_DAYS_MAX)
            .map(|ahead| today + Days::new(ahead))
            .find(|day| self.used_on(*day, count) < count.cap)
            .and_then(|day| {
                let midnight = day.and_time(NaiveTime::MIN);
                self.asked.offset.from_local_datetime(&midnight).single()
            })
            .map(|instant| instant.to_utc())
    }

    /// Whether the latest contacts, as many as the rules ask for, drew no act.
    fn is_unanswered(&self) -> bool {
        let after = usize::from(self.rules.contact().unanswered.after);
        let record = &self.state.contact;
        let Some(place) = record.recent.len().checked_sub(after) else {
            return false;
        };
        let first = record.recent.get(place).map(|contact| contact.at);
        record.answered_at < first
    }

    fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.asked.offset).date_naive()
    }
}

/// A share of a cap, rounded down.
fn share(cap: u16, factor: f64) -> u16 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share between 0 and the cap: the rules keep the factor between 0 and 1"
    )]
    let part = (f64::from(cap) * factor + 1e-9).floor() as u16;
    part
}
