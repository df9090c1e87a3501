//! What staff see: who is at which stage, who moved and why, events as they arrive, and set-up.
//!
//! Two verbs only: people *warm* and *cool*. Every page has the same frame, described by [`Shell`].
//! These pages must never show a secret twice, nor a figure without the table behind it. Start
//! reading at [`OverviewPage`].

mod account;
mod applications;
mod brands;
mod brought;
mod complaints;
mod configure;
mod contact;
mod customer;
mod customer_parts;
mod customers;
mod imports;
mod keys;
mod live;
mod look;
mod mail;
mod network;
mod overview;
mod provider;
mod providers;
mod rules;
mod tiles;
mod turns;
mod value;
mod why_here;

#[cfg(test)]
mod customer_sample;
mod ways;

pub use account::{AccountCard, JoinedRow};
pub use applications::{ApplicationForm, ApplicationKind, ApplicationRow, ApplicationsPage};
pub use brands::{BrandForm, BrandRow, BrandsPage};
pub use brought::{BroughtCard, BroughtRow, RoleView};
pub use complaints::{ComplaintList, ComplaintRow, ComplaintsPage};
pub use configure::{Choice, Configuration, ConfigurePage, Contrast};
pub use contact::{ContactCard, ContactChannel, KeepInTouchPage, KeepInTouchRow};
pub use customer::CustomerPage;
pub use customer_parts::{
    AliasRow, ConsentRow, Direction, IdentityRow, Move, MoveTold, TimelineEntry,
};
pub use customers::{CustomerRow, CustomersPage};
pub use imports::{ImportFault, ImportRow, ImportState, ImportsPage};
pub use keys::{FreshKey, GrantForm, KeyForm, KeyKind, KeyPage, KeyRow, KeysPage, ScopeChoice};
pub use live::{LivePage, LiveRow, LiveStatus, LiveUpdate, RejectPage, SetApartRow};
pub use look::{LookPage, WordsForm};
pub use mail::{LetterLine, LetterPage, MailPage, MailRow};
pub use network::{FamilyTree, Kin, NetworkFigures, NetworkPage, Outcome, RefusedRow, TopRow};
pub use overview::{Overview, OverviewPage, WeekStats};
pub use provider::{ClaimRow, ProviderPage, TrialResult};
pub use providers::{ConnectionForm, ConnectionRow, ProviderGroup, ProviderKind, ProvidersPage};
pub use rules::{
    ChangeRow, DraftLine, EarnedRow, FaultLink, Figure, FigureKind, FindingRow, Line, MatrixCell,
    MatrixRow, Piece, PresetChoice, PreviewState, PreviewView, PublishForm, RuleCard,
    RulesDraftPage, RulesPage, RulesPreviewPage, RulesTakeBackPage, RulesTextPage,
    RulesVersionPage, SampleRow, Sections, SignalCard, Stale, VersionRow,
};
pub use tiles::StageTile;
pub use turns::{LayerRow, TurnRow, TurnsCard};
pub use value::{
    CustomerForecast, SHOWN_MIN, StageValueRow, ValueAbsence, ValueByStage, ValueCard, ValueFigure,
};
pub use ways::WaysPage;
pub use why_here::{ConditionView, DayLookedAt, RuleView, Score, WhyHere};

use super::Notice;
use super::format::path_segment;

/// The frame around every dashboard page.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The brand shown; none on pages above brands, such as the list of brands.
    pub brand: Option<BrandChoice>,
    /// The brands this member of staff may see, in the order offered.
    pub brands: Vec<BrandChoice>,
    /// The name of the member of staff.
    pub staff_name: String,
    /// What the last action did.
    pub notice: Option<Notice>,
}

/// A brand in the switcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrandChoice {
    /// The brand's slug.
    pub slug: String,
    /// The brand's name.
    pub name: String,
}

impl BrandChoice {
    fn href(&self) -> String {
        format!("/dashboard/{}/", path_segment(&self.slug))
    }
}

impl Shell {
    /// The address of a page of the brand shown, such as `customers`; the list of brands where none
    /// is.
    pub fn href(&self, page: &str) -> String {
        match &self.brand {
            Some(brand) => format!("/dashboard/{}/{page}", path_segment(&brand.slug)),
            None => "/dashboard/brands".to_owned(),
        }
    }

    /// The name of the brand shown, or `Befriend`.
    pub fn brand_name(&self) -> &str {
        self.brand.as_ref().map_or("Befriend", |brand| &brand.name)
    }

    fn is_shown(&self, brand: &BrandChoice) -> bool {
        self.brand.as_ref() == Some(brand)
    }

    #[cfg(test)]
    fn sample(words: super::sample::Words) -> Self {
        let bellmoor = BrandChoice {
            slug: words.text("bellmoor"),
            name: words.text("Bellmoor Bakery"),
        };
        Self {
            brand: Some(bellmoor.clone()),
            brands: vec![
                bellmoor,
                BrandChoice {
                    slug: words.text("northlight"),
                    name: words.text("Northlight Books"),
                },
            ],
            staff_name: words.text("Mara Lindqvist"),
            notice: None,
        }
    }
}
