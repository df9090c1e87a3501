//! A preview as text for people.

use std::collections::{BTreeSet, HashMap};

use crate::projection::preview::PreviewMode;
use crate::stage::Stage;
use crate::stage::simulate::{Course, Preview};
use crate::view::format::{count, date_time, day_of, plural};

/// What people are called, by profile id.
pub(super) type Names = HashMap<String, String>;

pub(super) fn preview_in_words(
    brand: &str,
    mode: PreviewMode,
    preview: &Preview,
    names: &Names,
) -> String {
    let mut lines = head(brand, mode, preview);
    lines.extend(matrix(preview));
    lines.extend(earnings(preview));
    lines.extend(samples(preview, names));
    if !preview.warnings.is_empty() {
        lines.push("\nTo think about".to_owned());
        let warnings = preview.warnings.iter();
        lines.extend(warnings.map(|warning| format!("  {warning}")));
    }
    lines.join("\n")
}

fn head(brand: &str, mode: PreviewMode, preview: &Preview) -> Vec<String> {
    let how = match mode {
        PreviewMode::FromNowOn => "from then on",
        PreviewMode::History => "applied to history",
    };
    let (present, draft) = (&preview.present, &preview.draft);
    let mut lines = vec![
        format!("{brand}, {}, {how}", date_time(preview.at)),
        format!(
            "  {} of {} would stand elsewhere; {} would have another past",
            count(preview.moved),
            plural(preview.people, "customer", "customers"),
            plural(preview.timelines_changed, "customer", "customers"),
        ),
        format!(
            "  had these rules always held: {} moves instead of {}, of which {} instead of {} were \
             reversed within 30 days",
            count(draft.transitions),
            count(present.transitions),
            count(draft.flip_flops),
            count(present.flip_flops),
        ),
        format!(
            "  seen: {} events; not counted: {} anonymous visitors, whom nobody has put a name to",
            count(preview.events),
            count(preview.anonymous),
        ),
    ];
    let invited = |course: &Course, layer: &String| {
        count(course.invitations.get(layer).copied().unwrap_or(0))
    };
    let layers = present.invitations.keys().chain(draft.invitations.keys());
    lines.extend(layers.collect::<BTreeSet<_>>().into_iter().map(|layer| {
        let (now, then) = (invited(present, layer), invited(draft, layer));
        format!("  invitations into {layer}: {then} instead of {now}")
    }));
    lines
}

/// Who stands where, and would stand where.
fn matrix(preview: &Preview) -> Vec<String> {
    let mut lines = vec!["\nNow \\ then would be".to_owned()];
    let cells = |label: &str, figures: [String; 5]| {
        let figures: Vec<_> = figures
            .iter()
            .map(|figure| format!("{figure:>13}"))
            .collect();
        format!("  {label:<13}{}", figures.concat())
    };
    let [stranger, acquaintance, friend, advocate] = Stage::ALL.map(name);
    let columns = [stranger, acquaintance, friend, advocate, "now".to_owned()];
    lines.push(cells("", columns));
    for from in Stage::ALL {
        let [s, a, f, v] = Stage::ALL.map(|to| count(preview.count(from, to)));
        lines.push(cells(
            &name(from),
            [s, a, f, v, count(preview.before(from))],
        ));
    }
    let [s, a, f, v] = Stage::ALL.map(|stage| count(preview.after(stage)));
    lines.push(cells("then", [s, a, f, v, count(preview.people)]));
    lines
}

/// What the people of each stage went on to buy.
fn earnings(preview: &Preview) -> Vec<String> {
    let currency = preview.currency.as_deref().unwrap_or("no currency named");
    let mut lines = vec![
        format!(
            "\nWhat each stage of {} went on to earn in {} days ({currency})",
            day_of(preview.reference),
            preview.horizon_days,
        ),
        format!(
            "  {:<13}{:>10}{:>14}{:>13}{:>13}{:>9}",
            "", "people", "bought again", "orders each", "per head", "share"
        ),
    ];
    for (title, course) in [
        ("by the rules in force", &preview.present),
        ("had these rules always held", &preview.draft),
    ] {
        lines.push(format!("  {title}"));
        lines.extend(Stage::ALL.into_iter().rev().map(|stage| row(course, stage)));
    }
    lines
}

fn row(course: &Course, stage: Stage) -> String {
    let earned = &course.earned[usize::from(stage.rank())];
    format!(
        "    {:<11}{:>10}{:>12.1} %{:>13.2}{:>13.2}{:>7.1} %",
        name(stage),
        count(earned.people),
        100.0 * earned.again_share(),
        earned.orders_per_head(),
        earned.revenue_per_head(),
        100.0 * course.revenue_share(stage),
    )
}

fn samples(preview: &Preview, names: &Names) -> Vec<String> {
    let mut lines = Vec::new();
    if !preview.samples.is_empty() {
        lines.push("\nSome of those who would stand elsewhere".to_owned());
    }
    for sample in &preview.samples {
        let who = match names.get(&sample.profile_id) {
            Some(name) => format!("{name} ({})", sample.profile_id),
            None => sample.profile_id.clone(),
        };
        lines.push(format!(
            "  {who}: {} now, would be {}",
            name(sample.from),
            name(sample.to)
        ));
        lines.push(format!("    {}", sample.reason));
        let figures = sample.figures.iter();
        lines.extend(figures.map(|figure| format!("    - {figure}")));
    }
    lines
}

fn name(stage: Stage) -> String {
    format!("{stage:?}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::simulate::{Earned, Money, Sample};

    #[test]
    fn the_table_says_who_would_move_and_what_stages_are_worth() {
        let mut preview = Preview {
            people: 3,
            moved: 1,
            matrix: [[1, 0, 0, 0], [0, 1, 1, 0], [0; 4], [0; 4]],
            currency: Some("EUR".to_owned()),
            horizon_days: 273,
            warnings: vec!["Think twice.".to_owned()],
            samples: vec![Sample {
                profile_id: "prf_1".to_owned(),
                from: Stage::Acquaintance,
                to: Stage::Friend,
                rule: Some("P2".to_owned()),
                reason: "Warmed.".to_owned(),
                figures: vec!["Investment at least 15: 19.6".to_owned()],
            }],
            ..Preview::default()
        };
        preview.present.earned[2] = Earned {
            people: 1,
            bought_again: 1,
            orders: 3,
            revenue: Money::of(115.5),
        };
        let names = Names::from([("prf_1".to_owned(), "Ada".to_owned())]);

        let text = preview_in_words("Bakery", PreviewMode::FromNowOn, &preview, &names);

        for line in [
            "  1 of 3 customers would stand elsewhere; 0 customers would have another past",
            "  acquaintance             0            1            1            0            2",
            "  then                     1            1            1            0            3",
            "    friend              1       100.0 %         3.00       115.50  100.0 %",
            "  Ada (prf_1): acquaintance now, would be friend",
            "    - Investment at least 15: 19.6",
            "  Think twice.",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line}\n---\n{text}"
            );
        }
    }
}
