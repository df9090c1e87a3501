//! What a brand sent, and what came back: noted for the contact policy. It moves nobody.

use super::Fold;
use crate::stage::contact::{Closing, Contact};
use crate::stage::event::Act;
use crate::stage::ruleset::Role;

/// Contacts kept: as many as any cap or run of unanswered ones looks at, and a few more.
const CONTACTS_MAX: usize = 32;

impl Fold<'_> {
    /// Notes a sign of life of the customer, counted or not: an answer, and by what channel it came.
    pub(super) fn note_answer(&mut self, act: &Act<'_>) {
        // By the rules of its own time, whether or not the fold has come to them.
        let (_, rules) = self.rules_at(act.at);
        let signal = rules.signal_of(act);
        if signal.is_some_and(|signal| signal.role == Some(Role::ChannelClosed)) {
            return;
        }
        let channel = self.channel_of(act);
        let record = &mut self.state.contact;
        if !record.recent.is_empty() {
            record.answered_at = record.answered_at.max(Some(act.at));
        }
        if channel.is_some() && channel != record.inbound {
            record.inbound = channel;
        }
    }

    /// Notes that the brand wrote; contact of service is no contact in this sense.
    pub(super) fn note_contact(&mut self, act: &Act<'_>) {
        if self.rules.contact().is_service(act.purpose) {
            return;
        }
        let contact = Contact {
            at: act.at,
            channel: self.channel_of(act),
        };
        let record = &mut self.state.contact;
        if record.recent.len() == CONTACTS_MAX {
            record.recent.remove(0);
        }
        record.last = Some(act.at.timestamp());
        record.recent.push(contact);
    }

    /// Notes that the customer closed a channel.
    pub(super) fn close_channel(&mut self, act: &Act<'_>) {
        let Some(channel) = self.channel_of(act) else {
            return;
        };
        let closed = &mut self.state.contact.closed;
        match closed.iter_mut().find(|known| known.channel == channel) {
            Some(known) => known.at = act.at,
            None => closed.push(Closing {
                channel,
                at: act.at,
            }),
        }
    }

    /// The channel of an act: what it says, else what its signal says; one of the rules' channels.
    fn channel_of(&self, act: &Act<'_>) -> Option<String> {
        let (_, rules) = self.rules_at(act.at);
        let contact = rules.contact();
        if contact.is_channel(act.channel) {
            return Some(act.channel.to_owned());
        }
        rules
            .signal_of(act)
            .and_then(|signal| signal.channel.clone())
            .filter(|channel| contact.is_channel(channel))
    }
}
