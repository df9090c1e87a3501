//! Which claim is believed, and what follows from it. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::Credit;
use crate::kernel::id::ProfileId;
use crate::stage::Conversion;
use crate::stage::ruleset::ReferralRules;

/// Why a claim is no edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Not judged yet.
    Pending,
    /// Nobody is known by the code or the user id.
    Unknown,
    /// They would have brought themselves.
    Own,
    /// Both paid by the same means.
    Payment,
    /// Both used the same device.
    Device,
    /// Both live in one household.
    Household,
    /// The one who is said to have brought them was brought by them.
    Loop,
    /// The referrer has brought too many on that day.
    DayCap,
    /// They had ordered before.
    AlreadyCustomer,
    /// Somebody else, or an earlier word of the same, brought them.
    AlreadyBrought,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Unknown,
        Self::Own,
        Self::Payment,
        Self::Device,
        Self::Household,
        Self::Loop,
        Self::DayCap,
        Self::AlreadyCustomer,
        Self::AlreadyBrought,
    ];

    /// As stored and as told to machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::Own => "self",
            Self::Payment => "payment",
            Self::Device => "device",
            Self::Household => "household",
            Self::Loop => "loop",
            Self::DayCap => "day_cap",
            Self::AlreadyCustomer => "already_customer",
            Self::AlreadyBrought => "already_brought",
        }
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// A claim as stored, with what was last made of it.
#[derive(Clone, Debug)]
pub(super) struct StoredClaim {
    pub(super) message_id: String,
    pub(super) profile_id: ProfileId,
    pub(super) code: Option<String>,
    pub(super) referrer_user_id: Option<String>,
    pub(super) claimed_at: DateTime<Utc>,
    pub(super) verdict: Verdict,
}

/// What is made of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) referee_id: ProfileId,
    pub(super) referrer_id: Option<ProfileId>,
    pub(super) link_message_id: Option<String>,
    pub(super) refusal: Option<Refusal>,
}

/// Where an edge stands among edges: those before it may decide on it.
pub(super) type Place = (DateTime<Utc>, String);

/// Somebody was brought by somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) referrer_id: ProfileId,
    pub(super) place: Place,
}

/// All that judging needs to know.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Whose a code is, and the event that made it so.
    pub(super) owners: HashMap<String, (ProfileId, String)>,
    /// Who a user id is.
    pub(super) users: HashMap<String, ProfileId>,
    /// What a referee (first) and a referrer share.
    pub(super) shared: HashMap<(ProfileId, ProfileId), Refusal>,
    /// Who brought whom.
    pub(super) edges: HashMap<ProfileId, Edge>,
    /// Whom a referrer brought on a day.
    pub(super) days: HashMap<(ProfileId, NaiveDate), BTreeSet<(Place, ProfileId)>>,
}

impl Known {
    /// Judges the claims of `person` and remembers the outcome for those who come after. The claims
    /// are in the order of their places.
    pub(super) fn judge(
        &mut self,
        person: ProfileId,
        claims: &[StoredClaim],
        conversion: Option<&Conversion>,
        rules_at: &dyn Fn(DateTime<Utc>) -> ReferralRules,
    ) -> Vec<Verdict> {
        self.forget(person, claims);
        let mut edge = None;
        let mut verdicts = Vec::with_capacity(claims.len());
        for claim in claims {
            let rules = rules_at(claim.claimed_at);
            let named = self.named(claim);
            let place = (claim.claimed_at, claim.message_id.clone());
            let refusal = match &named {
                None => Some(Refusal::Unknown),
                Some((referrer, _)) => self
                    .refusal(person, *referrer, &place, conversion, rules)
                    .or(edge.is_some().then_some(Refusal::AlreadyBrought)),
            };
            let (referrer_id, link_message_id) = named.unzip();
            if let (None, Some(referrer_id)) = (refusal, referrer_id) {
                edge = Some(Edge { referrer_id, place });
            }
            verdicts.push(Verdict {
                referee_id: person,
                referrer_id,
                link_message_id: link_message_id.flatten(),
                refusal,
            });
        }
        if let Some(edge) = edge {
            let day = (edge.referrer_id, edge.place.0.date_naive());
            let brought = self.days.entry(day).or_default();
            brought.insert((edge.place.clone(), person));
            self.edges.insert(person, edge);
        }
        verdicts
    }

    fn forget(&mut self, person: ProfileId, claims: &[StoredClaim]) {
        self.edges.remove(&person);
        let own: HashSet<&str> = claims.iter().map(|one| one.message_id.as_str()).collect();
        for brought in self.days.values_mut() {
            brought.retain(|((_, id), who)| *who != person && !own.contains(id.as_str()));
        }
    }

    /// Who is said to have brought them, and by which event.
    fn named(&self, claim: &StoredClaim) -> Option<(ProfileId, Option<String>)> {
        let by_code = claim.code.as_ref().and_then(|code| self.owners.get(code));
        let by_code = by_code.map(|(owner, link)| (*owner, Some(link.clone())));
        by_code.or_else(|| {
            let user = claim.referrer_user_id.as_ref();
            let found = user.and_then(|user| self.users.get(user));
            found.map(|referrer| (*referrer, None))
        })
    }

    fn refusal(
        &self,
        person: ProfileId,
        referrer: ProfileId,
        place: &Place,
        conversion: Option<&Conversion>,
        rules: ReferralRules,
    ) -> Option<Refusal> {
        if referrer == person {
            return Some(Refusal::Own);
        }
        if let Some(shared) = self.shared.get(&(person, referrer)) {
            return Some(*shared);
        }
        if self.upwards(referrer, place, rules.hops).contains(&person) {
            return Some(Refusal::Loop);
        }
        if conversion.is_some_and(|one| one.ordered_at < place.0) {
            return Some(Refusal::AlreadyCustomer);
        }
        let brought = self.days.get(&(referrer, place.0.date_naive()));
        let before = brought.map_or(0, |all| {
            all.iter().take_while(|(other, _)| other < place).count()
        });
        (before >= usize::from(rules.per_day_max)).then_some(Refusal::DayCap)
    }

    /// `from` and those above, over edges each older than the one before: at most `hops` people.
    fn upwards(&self, from: ProfileId, place: &Place, hops: u8) -> Vec<ProfileId> {
        let mut people = vec![from];
        let mut place = place;
        while people.len() < usize::from(hops)
            && let Some(last) = people.last()
            && let Some(edge) = self.edges.get(last)
            && edge.place < *place
            && !people.contains(&edge.referrer_id)
        {
            people.push(edge.referrer_id);
            place = &edge.place;
        }
        people
    }

    /// What `person`'s becoming a customer earns those who brought them.
    pub(super) fn credits(
        &self,
        person: ProfileId,
        referee_key: &str,
        conversion: Option<&Conversion>,
        rules_at: &dyn Fn(DateTime<Utc>) -> ReferralRules,
    ) -> Vec<Credit> {
        let (Some(edge), Some(conversion)) = (self.edges.get(&person), conversion) else {
            return Vec::new();
        };
        let rules = rules_at(conversion.at);
        let window = TimeDelta::days(i64::from(rules.claw_back_days));
        let clawed_back_at = conversion
            .taken_back_at
            .filter(|at| *at - conversion.ordered_at <= window)
            // What was taken back before its sender came to be known is taken back then.
            .map(|at| at.max(conversion.at));
        let referrers = self.upwards(edge.referrer_id, &edge.place, rules.hops);
        (1..)
            .zip(referrers)
            .filter(|(_, referrer)| *referrer != person)
            .map(|(hop, referrer_id)| Credit {
                referrer_id,
                referee_id: person,
                referee_key: referee_key.to_owned(),
                hop,
                converted_at: conversion.at,
                clawed_back_at,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Entropy;

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(day)
    }

    fn people<const N: usize>() -> [ProfileId; N] {
        let entropy = Entropy::seeded(7);
        std::array::from_fn(|_| ProfileId::new(at(0), &entropy))
    }

    fn claim(person: ProfileId, number: i64, code: &str) -> StoredClaim {
        StoredClaim {
            message_id: format!("c{number:03}"),
            profile_id: person,
            code: Some(code.to_owned()),
            referrer_user_id: None,
            claimed_at: at(number),
            verdict: Verdict {
                referee_id: person,
                referrer_id: None,
                link_message_id: None,
                refusal: Some(Refusal::Pending),
            },
        }
    }

    fn known(codes: &[(&str, ProfileId)]) -> Known {
        let owners = codes.iter();
        Known {
            owners: owners
                .map(|(code, owner)| ((*code).to_owned(), (*owner, format!("link {code}"))))
                .collect(),
            ..Known::default()
        }
    }

    fn rules(_: DateTime<Utc>) -> ReferralRules {
        ReferralRules::default()
    }

    fn bought(day: i64, back: Option<i64>) -> Conversion {
        Conversion {
            at: at(day),
            ordered_at: at(day),
            message_id: "order".to_owned(),
            taken_back_at: back.map(at),
        }
    }

    fn refusals(verdicts: &[Verdict]) -> Vec<Option<Refusal>> {
        verdicts.iter().map(|verdict| verdict.refusal).collect()
    }

    #[test]
    fn the_first_claim_that_holds_is_the_edge() {
        let [anna, bilal, chen] = people();
        let mut known = known(&[("ANNA", anna), ("BILAL", bilal), ("CHEN", chen)]);
        let claims = [
            claim(chen, 1, "NOBODY"),
            claim(chen, 2, "CHEN"),
            claim(chen, 3, "ANNA"),
            claim(chen, 4, "BILAL"),
        ];

        let verdicts = known.judge(chen, &claims, None, &rules);

        let expected = [
            Some(Refusal::Unknown),
            Some(Refusal::Own),
            None,
            Some(Refusal::AlreadyBrought),
        ];
        assert_eq!(refusals(&verdicts), expected);
        assert_eq!(verdicts[2].link_message_id.as_deref(), Some("link ANNA"));
        assert_eq!(known.edges[&chen].referrer_id, anna);
    }

    #[test]
    fn credits_go_up_three_older_edges_and_no_farther() {
        let family: [ProfileId; 5] = people();
        let codes = ["0", "1", "2", "3"];
        let mut known = known(&codes.map(|code| (code, family[code.parse::<usize>().unwrap()])));
        for (place, (person, code)) in family[1..].iter().zip(codes).enumerate() {
            let day = i64::try_from(place).unwrap();
            known.judge(*person, &[claim(*person, day, code)], None, &rules);
        }
        let last = family[4];

        let credits = known.credits(last, "last", Some(&bought(9, None)), &rules);

        let paid: Vec<_> = credits
            .iter()
            .map(|one| (one.hop, one.referrer_id))
            .collect();
        assert_eq!(paid, [(1, family[3]), (2, family[2]), (3, family[1])]);
        assert!(known.credits(last, "last", None, &rules).is_empty());
    }

    #[test]
    fn a_younger_edge_is_not_followed() {
        let [a, b, c] = people();
        let mut known = known(&[("A", a), ("B", b)]);
        known.judge(b, &[claim(b, 8, "A")], None, &rules);
        known.judge(c, &[claim(c, 5, "B")], None, &rules);

        let credits = known.credits(c, "c", Some(&bought(9, None)), &rules);

        assert_eq!(credits.len(), 1, "{credits:?}");
    }

    #[test]
    fn whoever_was_brought_cannot_bring_those_above() {
        let [a, b, c] = people();
        let mut known = known(&[("A", a), ("B", b), ("C", c)]);
        known.judge(b, &[claim(b, 1, "A")], None, &rules);
        known.judge(c, &[claim(c, 2, "B")], None, &rules);

        let verdicts = known.judge(a, &[claim(a, 3, "C")], None, &rules);
        assert_eq!(refusals(&verdicts), [Some(Refusal::Loop)]);

        let earlier = known.judge(a, &[claim(a, 0, "C")], None, &rules);
        assert_eq!(
            refusals(&earlier),
            [None],
            "older than the edges that would close it"
        );
    }

    #[test]
    fn who_shares_a_hash_or_has_bought_before_was_not_brought() {
        let [a, b] = people();
        let mut known = known(&[("A", a)]);
        let late = known.judge(b, &[claim(b, 5, "A")], Some(&bought(4, None)), &rules);
        assert_eq!(refusals(&late), [Some(Refusal::AlreadyCustomer)]);

        known.shared.insert((b, a), Refusal::Device);
        let shared = known.judge(b, &[claim(b, 5, "A")], None, &rules);
        assert_eq!(refusals(&shared), [Some(Refusal::Device)]);
    }

    #[test]
    fn a_day_holds_only_so_many_the_earliest_first() {
        let [a, b, c, d] = people();
        let mut known = known(&[("A", a)]);
        let two = |_| ReferralRules {
            per_day_max: 2,
            ..ReferralRules::default()
        };
        let on = |person, minute: i64, id: &str| StoredClaim {
            message_id: id.to_owned(),
            claimed_at: at(3) + TimeDelta::minutes(minute),
            ..claim(person, 3, "A")
        };
        let verdict = |known: &mut Known, person, minute, id| {
            refusals(&known.judge(person, &[on(person, minute, id)], None, &two))
        };

        assert_eq!(verdict(&mut known, b, 1, "b"), [None]);
        assert_eq!(verdict(&mut known, c, 3, "c"), [None]);
        assert_eq!(verdict(&mut known, d, 4, "d"), [Some(Refusal::DayCap)]);
        assert_eq!(
            verdict(&mut known, d, 2, "d"),
            [None],
            "in between there was room"
        );
        assert_eq!(verdict(&mut known, c, 3, "c"), [Some(Refusal::DayCap)]);
    }

    #[test]
    fn a_first_order_that_was_refunded_soon_is_clawed_back() {
        let [a, b] = people();
        let mut known = known(&[("A", a)]);
        known.judge(b, &[claim(b, 1, "A")], None, &rules);
        let back = |day| {
            let conversion = bought(10, Some(day));
            known.credits(b, "b", Some(&conversion), &rules)[0].clawed_back_at
        };

        assert_eq!(back(40), Some(at(40)));
        assert_eq!(back(41), None, "31 days after the order");
    }

    #[test]
    fn reasons_are_read_as_they_are_stored() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::parse(refusal.as_str()), Some(refusal));
        }
    }
}
