//! Network: how far word of mouth carries, and who carries it.

use askama::Template;

use super::Shell;
use crate::view::chart::Percent;
use crate::view::chart::tree::{Node, TreeFigure, tree};
use crate::view::format::{self, path_segment};

/// The longest name written into the tree, in characters.
const NAME_CHARS_MAX: usize = 20;

/// `/dashboard/{brand}/network?person=`.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/network.html")]
pub struct NetworkPage {
    /// The frame.
    pub shell: Shell,
    /// How far word of mouth carries; none where nobody was invited yet.
    pub figures: Option<NetworkFigures>,
    /// Those whose word carries farthest, farthest first.
    pub top: Vec<TopRow>,
    /// One person's family; none where nobody has brought anybody.
    pub family: Option<FamilyTree>,
    /// Claims that were refused and should be looked at, latest first.
    pub refused: Vec<RefusedRow>,
}

/// How far word of mouth carries a brand.
#[derive(Debug, Clone)]
pub struct NetworkFigures {
    /// The days that the counts are of.
    pub window_days: u32,
    /// New customers per customer, as in `0.04`.
    pub k: String,
    /// How that comes about, as in `0.31 invitations per customer × 13 % of them convert`.
    pub k_parts: String,
    /// The median of the days from one generation to the next, as in `17`.
    pub hop_days: String,
    /// The longest chain, as in `4 generations`.
    pub generations: String,
    /// The share of newcomers whom somebody brought, as in `8 %`.
    pub share_brought: String,
    /// When it was computed, as in `3 minutes ago`.
    pub computed: String,
    /// The whole in one sentence.
    pub finding: String,
}

/// Somebody whose word carries far.
#[derive(Debug, Clone)]
pub struct TopRow {
    /// Their id, such as `prf_…`.
    pub profile_id: String,
    /// Their name.
    pub name: String,
    /// People brought in person who became customers.
    pub converted: u64,
    /// Their reach, as in `4.5`.
    pub reach: String,
    /// The length of their bar.
    pub length: Percent,
}

/// A person and all whom they brought, as a tree.
#[derive(Debug, Clone)]
pub struct FamilyTree {
    /// The people, the head first, nobody before whoever brought them.
    pub people: Vec<Kin>,
    /// Whether there are more than are shown.
    pub has_more: bool,
    /// Where they stand.
    pub figure: TreeFigure,
}

/// Somebody in a family.
#[derive(Debug, Clone)]
pub struct Kin {
    /// Their id, such as `prf_…`.
    pub profile_id: String,
    /// Their name.
    pub name: String,
    /// The place of whoever brought them; none for the head.
    pub parent: Option<usize>,
    /// Generations below the head.
    pub generation: u32,
    /// When they came; empty for the head.
    pub came: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The day of that outcome; may be empty.
    pub outcome_on: String,
}

/// What came of an introduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The head, whom nobody in the tree brought.
    Head,
    /// Has not bought yet.
    Waiting,
    /// Became a customer.
    Converted,
    /// The first order was refunded, and the credit taken back.
    TakenBack,
}

impl Outcome {
    /// The word used in style classes.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Waiting => "waiting",
            Self::Converted => "converted",
            Self::TakenBack => "taken-back",
        }
    }

    /// What came of it, in words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Head => "",
            Self::Waiting => "has not bought yet",
            Self::Converted => "became a customer",
            Self::TakenBack => "refunded, taken back",
        }
    }
}

/// A claim that was refused.
#[derive(Debug, Clone)]
pub struct RefusedRow {
    /// Who came.
    pub referee_id: String,
    /// Their name.
    pub referee: String,
    /// Who is said to have brought them.
    pub referrer_id: String,
    /// Their name.
    pub referrer: String,
    /// When, as in `3 Mar 2026`.
    pub on: String,
    /// Why it was refused, in words.
    pub reason: String,
}

impl FamilyTree {
    /// A family of these people.
    pub fn new(people: Vec<Kin>, has_more: bool) -> Self {
        let parents: Vec<Option<usize>> = people.iter().map(|kin| kin.parent).collect();
        Self {
            figure: tree(&parents),
            people,
            has_more,
        }
    }

    fn head_name(&self) -> &str {
        self.people.first().map_or("", |head| &head.name)
    }

    fn finding(&self) -> String {
        let below = u64::try_from(self.people.len().saturating_sub(1)).unwrap_or(u64::MAX);
        let converted = self
            .people
            .iter()
            .filter(|kin| kin.outcome == Outcome::Converted);
        let converted = u64::try_from(converted.count()).unwrap_or(u64::MAX);
        let generations = self
            .people
            .iter()
            .map(|kin| kin.generation)
            .max()
            .unwrap_or(0);
        let more = if self.has_more { "at least " } else { "" };
        format!(
            "{more}{} over {}; {} became customers.",
            format::plural(below, "person", "people"),
            format::plural(u64::from(generations), "generation", "generations"),
            format::count(converted),
        )
    }

    fn placed(&self) -> impl Iterator<Item = (&Kin, &Node)> {
        self.people.iter().zip(&self.figure.nodes)
    }

    fn parent_name(&self, kin: &Kin) -> &str {
        let parent = kin.parent.and_then(|place| self.people.get(place));
        parent.map_or("", |parent| &parent.name)
    }
}

impl Kin {
    fn short_name(&self) -> String {
        if self.name.chars().count() <= NAME_CHARS_MAX {
            return self.name.clone();
        }
        let cut: String = self.name.chars().take(NAME_CHARS_MAX - 1).collect();
        format!("{cut}…")
    }
}

impl NetworkPage {
    fn person_href(&self, id: &str) -> String {
        format!("{}/{}", self.shell.href("customers"), path_segment(id))
    }

    fn tree_href(&self, id: &str) -> String {
        format!("{}?person={}", self.shell.href("network"), path_segment(id))
    }

    fn is_empty(&self) -> bool {
        self.figures.is_none() && self.family.is_none() && self.refused.is_empty()
    }
}

/// A sample family: name, place of the parent, generation, came, outcome, when.
#[cfg(test)]
const SAMPLE_FAMILY: &str = "
Anna Keller  |   | 0 |             | head       |
Bilal Rahman | 0 | 1 | 3 Oct 2025  | converted  | 9 Oct 2025
Chen Wei     | 0 | 1 | 12 Nov 2025 | taken-back | 2 Dec 2025
Dana Novak   | 1 | 2 | 1 Dec 2025  | converted  | 4 Dec 2025
Somebody with a very long name indeed | 1 | 2 | 9 Jan 2026 | waiting |
";

#[cfg(test)]
impl NetworkPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let outcomes = [
            Outcome::Head,
            Outcome::Waiting,
            Outcome::Converted,
            Outcome::TakenBack,
        ];
        let people = crate::view::sample::table(SAMPLE_FAMILY).into_iter();
        let people = people
            .map(|[name, parent, generation, came, outcome, on]| Kin {
                profile_id: words.text("prf_01"),
                name: words.text(name),
                parent: parent.parse().ok(),
                generation: generation.parse().unwrap(),
                came: came.to_owned(),
                outcome: *outcomes.iter().find(|one| one.slug() == outcome).unwrap(),
                outcome_on: on.to_owned(),
            })
            .collect();
        let top = |name: &str, converted, reach: &str, length| TopRow {
            profile_id: words.text("prf_01"),
            name: words.text(name),
            converted,
            reach: reach.to_owned(),
            length: Percent(length),
        };
        Self {
            shell: Shell::sample(words),
            figures: Some(NetworkFigures {
                window_days: 90,
                k: "0.04".to_owned(),
                k_parts: "0.31 invitations per customer × 13 % of them convert".to_owned(),
                hop_days: "17".to_owned(),
                generations: "4".to_owned(),
                share_brought: "8 %".to_owned(),
                computed: "3 minutes ago".to_owned(),
                finding: "In 90 days every 25 customers brought one more.".to_owned(),
            }),
            top: vec![
                top("Anna Keller", 4, "4.5", 100.0),
                top("Bilal Rahman", 1, "1", 22.0),
            ],
            family: Some(FamilyTree::new(people, true)),
            refused: vec![RefusedRow {
                referee_id: words.text("prf_07"),
                referee: words.text("Farid Haddad"),
                referrer_id: words.text("prf_08"),
                referrer: words.text("Grace Okafor"),
                on: "3 Mar 2026".to_owned(),
                reason: "Both used the same device".to_owned(),
            }],
        }
    }

    pub(in crate::view) fn sample_empty(words: crate::view::sample::Words) -> Self {
        Self {
            shell: Shell::sample(words),
            figures: None,
            top: Vec::new(),
            family: None,
            refused: Vec::new(),
        }
    }
}
