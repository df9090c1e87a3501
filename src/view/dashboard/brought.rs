//! The people somebody brought in, on their own page.

use super::Shell;
use crate::view::format::path_segment;

/// Who brought somebody, whom they brought, and the parts they play.
#[derive(Debug, Clone, Default)]
pub struct BroughtCard {
    /// Who brought them.
    pub by: Option<BroughtRow>,
    /// Whom they brought, the latest first.
    pub people: Vec<BroughtRow>,
    /// Whether there are more than are listed.
    pub has_more: bool,
    /// The parts they play.
    pub roles: Vec<RoleView>,
}

/// Somebody on the other side of an introduction.
#[derive(Debug, Clone)]
pub struct BroughtRow {
    /// Their id, such as `prf_…`.
    pub profile_id: String,
    /// Their name.
    pub name: String,
    /// How and when, as in `by email on 3 Mar 2026`.
    pub way: String,
    /// What came of it, as in `became a customer on 5 Mar 2026`.
    pub outcome: String,
}

/// A part that somebody plays.
#[derive(Debug, Clone)]
pub struct RoleView {
    /// Its name, as in `Influencer`.
    pub name: String,
    /// What it rests on.
    pub evidence: Vec<String>,
}

impl BroughtCard {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.by.is_none() && self.people.is_empty() && self.roles.is_empty()
    }

    pub(super) fn href(shell: &Shell, row: &BroughtRow) -> String {
        format!(
            "{}/{}",
            shell.href("customers"),
            path_segment(&row.profile_id)
        )
    }

    pub(super) fn tree_href(shell: &Shell, id: &str) -> String {
        format!("{}?person={}", shell.href("network"), path_segment(id))
    }

    #[cfg(test)]
    pub(super) fn sample(words: crate::view::sample::Words) -> Self {
        let row = |name: &str, way: &str, outcome: &str| BroughtRow {
            profile_id: words.text("prf_02"),
            name: words.text(name),
            way: words.text(way),
            outcome: words.text(outcome),
        };
        Self {
            by: Some(row("Eve Moreau", "on 14 Sep 2025", "")),
            people: vec![
                row(
                    "Chen Wei",
                    "by email on 3 Mar 2026",
                    "became a customer on 5 Mar 2026",
                ),
                row("Dana Novak", "on 1 Feb 2026", "has not bought yet"),
            ],
            has_more: true,
            roles: vec![RoleView {
                name: "Social advocate".to_owned(),
                evidence: vec![words.text("2 shares or invitations")],
            }],
        }
    }
}
