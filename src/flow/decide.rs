//! Who somebody is: the one decision of a sign-in. Pure.
//!
//! A person is found by (connection, issuer, subject) and by nothing else. An address proven on both
//! sides only ever leads to a question, or to a link where brand and connection allow it.

use crate::kernel::EmailAddress;
use crate::kernel::id::ProfileId;
use crate::profile::Status;

/// Addresses that forward to another: proven, but no sign of who somebody is elsewhere.
const RELAY_DOMAINS: [&str; 2] = ["privaterelay.appleid.com", "users.noreply.github.com"];

/// What is known when a provider has vouched for somebody.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Whether the connection is enabled at this moment.
    pub connection_is_enabled: bool,
    /// Whom the identity signs in, if it is known.
    pub known: Option<Known>,
    /// Set when the flow was begun to link.
    pub linking: Option<Linking>,
    /// Set when the flow is for one person only, who is to prove again who they are.
    pub again: Option<ProfileId>,
    /// Set when another newcomer of this flow waits to be joined with one of these profiles, and
    /// what was just vouched for is to prove it.
    pub awaited: Option<&'a [ProfileId]>,
    /// Profiles that bear one of the addresses that the provider proves.
    pub candidates: &'a [Candidate],
    /// What the brand wants.
    pub policy: Policy,
    /// What the person has answered so far.
    pub answers: Answers,
}

/// Whom an identity signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The profile.
    pub profile_id: ProfileId,
    /// Its status.
    pub status: Status,
}

/// The session that began a linking flow, as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linking {
    /// The profile to link to.
    pub profile_id: ProfileId,
    /// Whether this browser still holds that very session.
    pub is_alive: bool,
    /// Whether its person proved who they are lately.
    pub is_fresh: bool,
}

/// A profile that bears an address which the provider proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The profile.
    pub profile_id: ProfileId,
    /// Whether the profile proved it too.
    pub is_verified: bool,
    /// Whether the brand believes this connection about the address's domain.
    pub is_trusted: bool,
}

/// What the brand wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Link without asking where everything is proven.
    pub links_by_email: bool,
    /// Nothing is stored before the person agrees.
    pub asks_terms: bool,
}

/// What the person has answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// They agreed to what would be stored.
    pub accepts_terms: bool,
    /// They are nobody who was here before, they say.
    pub goes_on_as_new: bool,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Open a session.
    SignIn(ProfileId),
    /// Add the identity to the profile.
    Link {
        /// Which profile.
        profile_id: ProfileId,
        /// On what ground.
        ground: LinkGround,
    },
    /// Add the newcomer who waits to the profile that was just proven, and open a session.
    LinkAwaited(ProfileId),
    /// The identity signs in another account of whoever is signed in, by their own word: let them
    /// prove it whole, and ask whether the two are to become one.
    ProveOther(ProfileId),
    /// Ask whether the newcomer is one of these.
    AskToLink {
        /// Who proved the address before.
        candidates: Vec<ProfileId>,
        /// Why it is asked.
        reason: AskReason,
    },
    /// What was vouched for proves nothing about the newcomer who waits: ask again.
    AskAgain,
    /// Ask for consent to store anything.
    AskConsent,
    /// Make a profile.
    Create {
        /// Profiles that bear the address without proof: it is taken from them, and whoever is
        /// signed in to them is signed out.
        set_apart: Vec<ProfileId>,
    },
    /// Let nobody in.
    Refuse(Refusal),
}

/// On what ground an identity is added to a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkGround {
    /// Its owner, signed in, asked for it.
    Session,
    /// It was there already.
    Already,
    /// The address is proven on both sides, and brand and connection allow it.
    Address,
}

/// Why it is asked whether two are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskReason {
    /// The brand does not link by itself.
    Policy,
    /// The connection is not believed about this domain.
    Domain,
    /// There is more than one candidate.
    Several,
}

/// Why nobody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The connection was switched off meanwhile.
    ConnectionDisabled,
    /// Staff shut the profile.
    Suspended,
    /// The profile is gone.
    Gone,
    /// The session that began linking has ended, or is not this browser's.
    LinkSessionEnded,
    /// The session that began linking is too old for it.
    LinkSessionStale,
    /// The identity signs somebody else in.
    IdentityTaken,
    /// Not the person who was to prove again who they are.
    SomebodyElse,
}

impl Decision {
    /// Decision and reason in a word, for logs and the audit record.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SignIn(_) => "sign_in.identity_known",
            Self::Link { ground, .. } => match ground {
                LinkGround::Session => "link.session",
                LinkGround::Already => "link.already",
                LinkGround::Address => "link.address",
            },
            Self::LinkAwaited(_) => "link.proven",
            Self::AskToLink { reason, .. } => match reason {
                AskReason::Policy => "ask_to_link.policy",
                AskReason::Domain => "ask_to_link.domain",
                AskReason::Several => "ask_to_link.several",
            },
            Self::ProveOther(_) => "merge.prove_other",
            Self::AskAgain => "ask_to_link.not_proven",
            Self::AskConsent => "ask_consent",
            Self::Create { set_apart } if set_apart.is_empty() => "create",
            Self::Create { .. } => "create.set_apart",
            Self::Refuse(refusal) => refusal.code(),
        }
    }
}

impl Refusal {
    /// The refusal in a word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ConnectionDisabled => "refuse.connection_disabled",
            Self::Suspended => "refuse.suspended",
            Self::Gone => "refuse.gone",
            Self::LinkSessionEnded => "refuse.link_session_ended",
            Self::LinkSessionStale => "refuse.link_session_stale",
            Self::IdentityTaken => "refuse.identity_taken",
            Self::SomebodyElse => "refuse.somebody_else",
        }
    }
}

/// Whether an address can tell that two accounts are one person's.
pub fn can_tell(address: &EmailAddress) -> bool {
    !RELAY_DOMAINS.contains(&address.domain())
}

/// Decides.
pub fn decide(situation: &Situation<'_>) -> Decision {
    if !situation.connection_is_enabled {
        return Decision::Refuse(Refusal::ConnectionDisabled);
    }
    if let Some(linking) = situation.linking {
        return link_by_session(linking, situation.known);
    }
    if let Some(expected) = situation.again {
        return match situation.known {
            Some(known) if known.profile_id == expected => sign_in(known, None),
            Some(_) | None => Decision::Refuse(Refusal::SomebodyElse),
        };
    }
    if let Some(known) = situation.known {
        return sign_in(known, situation.awaited);
    }
    if situation.awaited.is_some() {
        return Decision::AskAgain;
    }
    newcomer(situation)
}

fn link_by_session(linking: Linking, known: Option<Known>) -> Decision {
    if !linking.is_alive {
        return Decision::Refuse(Refusal::LinkSessionEnded);
    }
    if !linking.is_fresh {
        return Decision::Refuse(Refusal::LinkSessionStale);
    }
    let profile_id = linking.profile_id;
    let ground = match known {
        None => LinkGround::Session,
        Some(known) if known.profile_id == profile_id => LinkGround::Already,
        Some(known) if known.status == Status::Active => {
            return Decision::ProveOther(known.profile_id);
        }
        Some(_) => return Decision::Refuse(Refusal::IdentityTaken),
    };
    Decision::Link { profile_id, ground }
}

fn sign_in(known: Known, awaited: Option<&[ProfileId]>) -> Decision {
    match known.status {
        Status::Suspended => return Decision::Refuse(Refusal::Suspended),
        // Whoever looks an identity up follows a merge, so a merged profile here leads nowhere.
        Status::Erased | Status::Merged => return Decision::Refuse(Refusal::Gone),
        Status::Active | Status::Anonymous => {}
    }
    match awaited {
        None => Decision::SignIn(known.profile_id),
        Some(candidates) if candidates.contains(&known.profile_id) => {
            Decision::LinkAwaited(known.profile_id)
        }
        Some(_) => Decision::AskAgain,
    }
}

fn newcomer(situation: &Situation<'_>) -> Decision {
    let proven: Vec<&Candidate> = situation
        .candidates
        .iter()
        .filter(|candidate| candidate.is_verified)
        .collect();
    let proven_ids: Vec<ProfileId> = proven.iter().map(|one| one.profile_id).collect();
    let ask = |reason| Decision::AskToLink {
        candidates: proven_ids.clone(),
        reason,
    };
    if !situation.answers.goes_on_as_new {
        match proven.as_slice() {
            [] => {}
            [_, _, ..] => return ask(AskReason::Several),
            [_] if !situation.policy.links_by_email => return ask(AskReason::Policy),
            [one] if !one.is_trusted => return ask(AskReason::Domain),
            [one] => {
                return Decision::Link {
                    profile_id: one.profile_id,
                    ground: LinkGround::Address,
                };
            }
        }
    }
    if situation.policy.asks_terms && !situation.answers.accepts_terms {
        return Decision::AskConsent;
    }
    let set_apart = situation
        .candidates
        .iter()
        .map(|candidate| candidate.profile_id)
        .filter(|profile_id| !proven_ids.contains(profile_id))
        .collect();
    Decision::Create { set_apart }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Entropy;

    fn profiles() -> [ProfileId; 3] {
        let entropy = Entropy::seeded(1);
        [1, 2, 3].map(|second| {
            let at = chrono::DateTime::from_timestamp(second, 0).unwrap();
            ProfileId::new(at, &entropy)
        })
    }

    const POLICY: Policy = Policy {
        links_by_email: false,
        asks_terms: true,
    };

    const NOBODY: Situation<'static> = Situation {
        connection_is_enabled: true,
        known: None,
        linking: None,
        again: None,
        awaited: None,
        candidates: &[],
        policy: POLICY,
        answers: Answers {
            accepts_terms: false,
            goes_on_as_new: false,
        },
    };

    const AGREED: Answers = Answers {
        accepts_terms: true,
        goes_on_as_new: false,
    };

    const LINKS: Policy = Policy {
        links_by_email: true,
        asks_terms: true,
    };

    const fn known(profile_id: ProfileId, status: Status) -> Known {
        Known { profile_id, status }
    }

    fn candidate(profile_id: ProfileId, is_verified: bool, is_trusted: bool) -> Candidate {
        Candidate {
            profile_id,
            is_verified,
            is_trusted,
        }
    }

    #[test]
    fn a_known_identity_signs_in_whatever_addresses_say() {
        let [one, two, three] = profiles();
        let candidates = [candidate(two, true, true), candidate(three, true, true)];
        let situation = Situation {
            known: Some(known(one, Status::Active)),
            candidates: &candidates,
            policy: LINKS,
            ..NOBODY
        };

        assert_eq!(decide(&situation), Decision::SignIn(one));
    }

    #[test]
    fn a33_a_suspended_or_erased_profile_is_refused() {
        let [one, ..] = profiles();
        for (status, refusal) in [
            (Status::Suspended, Refusal::Suspended),
            (Status::Erased, Refusal::Gone),
            (Status::Merged, Refusal::Gone),
        ] {
            let situation = Situation {
                known: Some(known(one, status)),
                ..NOBODY
            };
            assert_eq!(decide(&situation), Decision::Refuse(refusal), "{status:?}");
            let to_prove = Situation {
                awaited: Some(&[one]),
                ..situation
            };
            assert_eq!(decide(&to_prove), Decision::Refuse(refusal), "{status:?}");
        }
    }

    #[test]
    fn a32_a_disabled_connection_is_refused_on_every_path() {
        let [one, ..] = profiles();
        let candidates = [candidate(one, true, true)];
        let linking = Linking {
            profile_id: one,
            is_alive: true,
            is_fresh: true,
        };
        for situation in [
            NOBODY,
            Situation {
                known: Some(known(one, Status::Active)),
                ..NOBODY
            },
            Situation {
                candidates: &candidates,
                policy: LINKS,
                ..NOBODY
            },
            Situation {
                linking: Some(linking),
                ..NOBODY
            },
            Situation {
                answers: AGREED,
                ..NOBODY
            },
        ] {
            let disabled = Situation {
                connection_is_enabled: false,
                ..situation
            };
            let refused = Decision::Refuse(Refusal::ConnectionDisabled);
            assert_eq!(decide(&disabled), refused);
        }
    }

    #[test]
    fn a14_linking_belongs_to_the_session_that_began_it() {
        let [one, two, _] = profiles();
        let verdict = |is_alive, is_fresh, known| {
            decide(&Situation {
                linking: Some(Linking {
                    profile_id: one,
                    is_alive,
                    is_fresh,
                }),
                known,
                ..NOBODY
            })
        };
        let link = |ground| Decision::Link {
            profile_id: one,
            ground,
        };

        assert_eq!(verdict(true, true, None), link(LinkGround::Session));
        let own = Some(known(one, Status::Active));
        assert_eq!(verdict(true, true, own), link(LinkGround::Already));
        // Somebody else's is only ever joined by proving that both are one's own.
        let other = Some(known(two, Status::Active));
        assert_eq!(verdict(true, true, other), Decision::ProveOther(two));
        for (is_alive, is_fresh, known, refusal) in [
            (false, true, None, Refusal::LinkSessionEnded),
            (false, false, own, Refusal::LinkSessionEnded),
            (true, false, None, Refusal::LinkSessionStale),
            (
                true,
                true,
                Some(known(two, Status::Erased)),
                Refusal::IdentityTaken,
            ),
        ] {
            let decided = verdict(is_alive, is_fresh, known);
            assert_eq!(decided, Decision::Refuse(refusal));
        }
    }

    #[test]
    fn nobody_known_is_created_after_consent() {
        let create = Decision::Create {
            set_apart: Vec::new(),
        };
        let without_terms = Policy {
            asks_terms: false,
            ..POLICY
        };

        assert_eq!(decide(&NOBODY), Decision::AskConsent);
        let agreed = Situation {
            answers: AGREED,
            ..NOBODY
        };
        assert_eq!(decide(&agreed), create);
        let unasked = Situation {
            policy: without_terms,
            ..NOBODY
        };
        assert_eq!(decide(&unasked), create);
    }

    #[test]
    fn one_proven_candidate_links_only_where_brand_and_connection_allow_it() {
        let [one, ..] = profiles();
        let ask = |reason| Decision::AskToLink {
            candidates: vec![one],
            reason,
        };
        let link = Decision::Link {
            profile_id: one,
            ground: LinkGround::Address,
        };
        for (policy, is_trusted, expected) in [
            (POLICY, false, ask(AskReason::Policy)),
            (POLICY, true, ask(AskReason::Policy)),
            (LINKS, false, ask(AskReason::Domain)),
            (LINKS, true, link),
        ] {
            let candidates = [candidate(one, true, is_trusted)];
            let situation = Situation {
                candidates: &candidates,
                policy,
                ..NOBODY
            };
            assert_eq!(decide(&situation), expected, "{policy:?} {is_trusted}");
        }
    }

    #[test]
    fn several_candidates_are_asked_about_and_never_guessed() {
        let [one, two, _] = profiles();
        let candidates = [candidate(one, true, true), candidate(two, true, true)];
        let situation = Situation {
            candidates: &candidates,
            policy: LINKS,
            ..NOBODY
        };

        let expected = Decision::AskToLink {
            candidates: vec![one, two],
            reason: AskReason::Several,
        };
        assert_eq!(decide(&situation), expected);
    }

    #[test]
    fn a6_a10_an_unproven_bearer_is_set_apart_and_never_linked() {
        let [one, two, _] = profiles();
        let unproven = [candidate(one, false, true)];
        let situation = Situation {
            candidates: &unproven,
            policy: LINKS,
            answers: AGREED,
            ..NOBODY
        };
        let expected = Decision::Create {
            set_apart: vec![one],
        };
        assert_eq!(decide(&situation), expected);

        let mixed = [candidate(one, false, true), candidate(two, true, true)];
        let beside_a_proven_one = Situation {
            candidates: &mixed,
            ..situation
        };
        let expected = Decision::Link {
            profile_id: two,
            ground: LinkGround::Address,
        };
        assert_eq!(decide(&beside_a_proven_one), expected);
    }

    #[test]
    fn going_on_as_a_new_person_still_asks_for_consent() {
        let [one, ..] = profiles();
        let candidates = [candidate(one, true, true)];
        let verdict = |accepts_terms| {
            decide(&Situation {
                candidates: &candidates,
                policy: LINKS,
                answers: Answers {
                    accepts_terms,
                    goes_on_as_new: true,
                },
                ..NOBODY
            })
        };

        assert_eq!(verdict(false), Decision::AskConsent);
        let expected = Decision::Create {
            set_apart: Vec::new(),
        };
        assert_eq!(verdict(true), expected);
    }

    #[test]
    fn a_waiting_newcomer_is_joined_with_the_candidate_who_was_proven_only() {
        let [one, two, _] = profiles();
        let verdict = |known| {
            decide(&Situation {
                known,
                awaited: Some(&[one]),
                ..NOBODY
            })
        };

        assert_eq!(
            verdict(Some(known(one, Status::Active))),
            Decision::LinkAwaited(one)
        );
        assert_eq!(
            verdict(Some(known(two, Status::Active))),
            Decision::AskAgain
        );
        assert_eq!(verdict(None), Decision::AskAgain);
    }

    #[test]
    fn relay_addresses_tell_nothing() {
        let tells = |text| can_tell(&EmailAddress::parse(text).unwrap());

        assert!(tells("ada@example.com"));
        assert!(!tells("x7f@privaterelay.appleid.com"));
        assert!(!tells("1+octo@users.noreply.github.com"));
    }
}
