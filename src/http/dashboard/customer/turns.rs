//! Turns of the spiral, and layers, put into words.

use crate::projection::Current;
use crate::stage::explain::{LayerReading, read_layers};
use crate::stage::{LayerStatus, Step, Turn, TurnOutcome};
use crate::view::dashboard::{LayerRow, TurnRow, TurnsCard};
use crate::view::format;

/// The card; none where no turn has begun and no layer is near.
pub(super) fn card(current: &Current) -> Option<TurnsCard> {
    let rules = &current.rules.rules;
    let turns = current.state.turns();
    if turns.is_empty() && current.standing.layers.is_empty() {
        return None;
    }
    let step = current.standing.step;
    let rows: Vec<_> = turns.iter().map(|turn| row(current, turn, step)).collect();
    let layers = read_layers(rules, &current.state, current.at);
    let set = rules.set();
    let depths = set.layers.iter().map(|layer| set.layer_depth(&layer.id));
    let rings = depths.max().unwrap_or(0) + 1;
    let finding = finding(turns.last(), step);
    let layers = layers.into_iter().map(layer).collect();
    Some(TurnsCard::new(finding, rows, layers, rings))
}

fn row(current: &Current, turn: &Turn, step: Option<Step>) -> TurnRow {
    let set = current.rules.rules.set();
    let layer = turn.layer.as_deref();
    let name = layer.map(|id| set.layer(id).map_or(id, |layer| layer.name.as_str()));
    let (outcome, slug) = match turn.outcome {
        None => (capitalised(where_they_are(step)), "present"),
        Some(outcome) => told(outcome),
    };
    TurnRow {
        number: turn.number,
        layer: name.unwrap_or("The base").to_owned(),
        depth: layer.map_or(0, |id| set.layer_depth(id)),
        from: format::date(turn.from),
        until: turn.until.map_or_else(String::new, format::date),
        outcome,
        slug,
        share: if turn.outcome.is_some() {
            1.0
        } else {
            gone_by(step)
        },
    }
}

fn told(outcome: TurnOutcome) -> (String, &'static str) {
    let (told, slug) = match outcome {
        TurnOutcome::Referral => ("Came back for more, and brought somebody", "referral"),
        TurnOutcome::Refill => ("Came back for more", "refill"),
        TurnOutcome::Graduation => ("Joined a layer", "graduation"),
        TurnOutcome::DropOut => ("Cooled to stranger in silence", "drop_out"),
        TurnOutcome::Break => ("Ended", "break"),
    };
    (told.to_owned(), slug)
}

/// The share of a round that lies behind somebody at a step.
fn gone_by(step: Option<Step>) -> f64 {
    match step {
        None => 0.0,
        Some(Step::Discover) => 0.25,
        Some(Step::Decide) => 0.5,
        Some(Step::Use) => 0.75,
        Some(Step::After) => 0.95,
    }
}

const fn where_they_are(step: Option<Step>) -> &'static str {
    match step {
        None => "just begun",
        Some(Step::Discover) => "looking around",
        Some(Step::Decide) => "making up their mind",
        Some(Step::Use) => "using what they have",
        Some(Step::After) => "telling how it went",
    }
}

fn finding(last: Option<&Turn>, step: Option<Step>) -> String {
    match last {
        None => String::from("No turn has begun yet."),
        Some(turn) if turn.outcome.is_none() => format!(
            "In turn {} since {}, {}.",
            turn.number,
            format::date(turn.from),
            where_they_are(step)
        ),
        Some(turn) => format!("Between turns; {} are over.", turn.number),
    }
}

fn layer(reading: LayerReading) -> LayerRow {
    let status = reading.standing.as_ref().map(|standing| standing.status);
    LayerRow {
        name: reading.name,
        status: status.map_or_else(String::new, |status| status_label(status).to_owned()),
        sentences: reading.sentences,
        entitlements: reading
            .standing
            .map(|standing| standing.entitlements)
            .unwrap_or_default(),
    }
}

/// How they stand to a layer, in a word or two.
pub(super) const fn status_label(status: LayerStatus) -> &'static str {
    match status {
        LayerStatus::Invited => "Invited",
        LayerStatus::Active => "In it",
        LayerStatus::Notice => "On notice",
        LayerStatus::Hibernating => "At rest",
        LayerStatus::Lapsed => "Lapsed",
        LayerStatus::Declined => "Declined",
        LayerStatus::Expired => "Not answered",
        LayerStatus::Left => "Left",
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
