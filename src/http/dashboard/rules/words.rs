//! From sentences to what the pages show.

use crate::stage::RuleSet;
use crate::stage::ruleset::Fault;
use crate::stage::ruleset::sentences::{
    Line, Part, RuleSentence, Sentence, Sentences, SignalSentence, Slot, SlotKind,
};
use crate::view::StageTag;
use crate::view::dashboard::{
    Direction, Figure, FigureKind, Line as LineView, Piece, RuleCard, Sections, SignalCard,
};

/// The rules in words. A figure that was typed shows as typed, with what is wrong with it.
pub(super) fn sections(
    set: &RuleSet,
    words: &Sentences,
    typed: &[(String, String)],
    faults: &[Fault],
) -> Sections {
    let filler = Filler { typed, faults };
    Sections {
        names: filler.lines(&words.names),
        rules: words.rules.iter().map(|rule| filler.rule(rule)).collect(),
        signals: words.signals.iter().map(|one| filler.signal(one)).collect(),
        fading: filler.lines(&words.fading),
        disputes: filler.lines(&words.disputes),
        referrals: filler.lines(&words.referrals),
        contact: filler.lines(&words.contact),
        further: further(set),
    }
}

/// The parts that no sentence tells.
fn further(set: &RuleSet) -> Vec<String> {
    set.layers
        .iter()
        .map(|layer| format!("The layer {}, which people enter by invitation", layer.name))
        .collect()
}

struct Filler<'a> {
    typed: &'a [(String, String)],
    faults: &'a [Fault],
}

impl Filler<'_> {
    fn rule(&self, rule: &RuleSentence) -> RuleCard {
        RuleCard {
            id: rule.id.clone(),
            direction: if rule.warms() {
                Direction::Warm
            } else {
                Direction::Cool
            },
            from: rule.from.map(StageTag::from),
            to: StageTag::from(rule.to),
            lead: rule.lead.clone(),
            lines: rule.lines.iter().map(|line| self.nested(line)).collect(),
        }
    }

    fn signal(&self, signal: &SignalSentence) -> SignalCard {
        SignalCard {
            event: signal.event.clone(),
            aliases: match &signal.aliases[..] {
                [] => String::new(),
                names => format!("also {}", names.join(", ")),
            },
            part: signal.part.to_owned(),
            lines: self.lines(&signal.sentences),
        }
    }

    fn nested(&self, line: &Line) -> LineView {
        LineView {
            depth: line.depth,
            pieces: self.pieces(&line.sentence),
        }
    }

    fn lines(&self, sentences: &[Sentence]) -> Vec<LineView> {
        sentences
            .iter()
            .map(|sentence| LineView {
                depth: 0,
                pieces: self.pieces(sentence),
            })
            .collect()
    }

    fn pieces(&self, sentence: &Sentence) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = sentence.parts.iter().map(|part| self.piece(part)).collect();
        if let Some(Piece::Words(first)) = pieces.first_mut() {
            *first = super::capitalised(first);
        }
        pieces
    }

    fn piece(&self, part: &Part) -> Piece {
        match part {
            Part::Words(words) => Piece::Words(words.clone()),
            Part::Slot(slot) => Piece::Figure(self.figure(slot)),
        }
    }

    fn figure(&self, slot: &Slot) -> Figure {
        let typed = self.typed.iter().find(|(path, _)| *path == slot.path);
        let fault = self.faults.iter().find(|fault| fault.path == slot.path);
        Figure {
            name: slot.path.clone(),
            value: typed.map_or_else(|| slot.value.clone(), |(_, text)| text.clone()),
            label: slot.label.clone(),
            kind: match slot.kind {
                SlotKind::Points => FigureKind::Number,
                SlotKind::HalfLife | SlotKind::Percent | SlotKind::Factor => FigureKind::Positive,
                SlotKind::Days | SlotKind::Count => FigureKind::Whole,
                SlotKind::Name => FigureKind::Text,
            },
            error: fault
                .map(|fault| super::capitalised(&format!("{}: {}", fault.problem, fault.mend))),
        }
    }
}
