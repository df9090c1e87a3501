//! The list of customers.

use askama::Template;

use super::Shell;
use crate::view::StageTag;
use crate::view::format::path_segment;

/// `/dashboard/{brand}/customers?q=&stage=&cursor=`.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/customers.html")]
pub struct CustomersPage {
    /// The frame.
    pub shell: Shell,
    /// What is searched for; empty for everyone.
    pub query: String,
    /// The stage listed; none for all.
    pub stage: Option<StageTag>,
    /// The customers on this page, in the list's order.
    pub rows: Vec<CustomerRow>,
    /// Where the next page starts; none on the last page.
    pub next_cursor: Option<String>,
    /// Whether this is a page after the first.
    pub is_later_page: bool,
    /// Whether the brand has any customer at all, whatever is searched for.
    pub has_customers: bool,
}

/// One customer of the list.
#[derive(Debug, Clone)]
pub struct CustomerRow {
    /// The profile's id, such as `prf_…`.
    pub id: String,
    /// Their name; their address, or their id, where they gave none.
    pub name: String,
    /// Their address or newest alias; empty where `name` already says it.
    pub contact: String,
    /// Their stage.
    pub stage: StageTag,
    /// The day the stage began, as in `3 Mar 2026`.
    pub stage_since: String,
    /// When they were last seen, as in `3 minutes ago`.
    pub last_seen: String,
}

impl CustomersPage {
    fn row_href(&self, row: &CustomerRow) -> String {
        format!("{}/{}", self.shell.href("customers"), path_segment(&row.id))
    }

    /// The address of this list with another stage, keeping the search.
    fn stage_href(&self, stage: Option<StageTag>) -> String {
        self.address(stage, None)
    }

    fn next_href(&self) -> Option<String> {
        self.next_cursor
            .as_deref()
            .map(|cursor| self.address(self.stage, Some(cursor)))
    }

    fn first_href(&self) -> String {
        self.address(self.stage, None)
    }

    fn address(&self, stage: Option<StageTag>, cursor: Option<&str>) -> String {
        let mut pairs = Vec::new();
        if !self.query.is_empty() {
            pairs.push(format!("q={}", path_segment(&self.query)));
        }
        if let Some(stage) = stage {
            pairs.push(format!("stage={}", stage.slug()));
        }
        if let Some(cursor) = cursor {
            pairs.push(format!("cursor={}", path_segment(cursor)));
        }
        let path = self.shell.href("customers");
        if pairs.is_empty() {
            path
        } else {
            format!("{path}?{}", pairs.join("&"))
        }
    }

    fn is_filtered(&self) -> bool {
        !self.query.is_empty() || self.stage.is_some()
    }
}

/// Sample customers: id, name, contact, stage, the day it began, when last seen.
#[cfg(test)]
const SAMPLE_ROWS: &str = "
prf_01 | Anna Keller       | anna.keller@example.com  | friend       | 3 Mar 2026  | just now
prf_02 | Bilal Rahman      | bilal.rahman@example.com | advocate     | 12 Jan 2026 | 4 minutes ago
prf_03 | Chen Wei          | chen.wei@example.com     | acquaintance | 1 Mar 2026  | 2 hours ago
prf_04 | prf_01jnz6v6k3f7w | anonymous 9f2c61         | stranger     | 10 Mar 2026 | 3 hours ago
prf_05 | Dana Novak        | dana@example.com         | friend       | 28 Nov 2025 | 1 day ago
prf_06 | Eve Moreau        | eve.moreau@example.com   | acquaintance | 9 Dec 2025  | 2 days ago
prf_07 | Farid Haddad      | farid.haddad@example.com | acquaintance | 22 Feb 2026 | 2 days ago
prf_08 | Grace Okafor      | grace.okafor@example.com | advocate     | 2 Oct 2025  | 5 days ago
";

#[cfg(test)]
impl CustomersPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let rows = crate::view::sample::table(SAMPLE_ROWS)
            .into_iter()
            .map(|[id, name, contact, stage, since, seen]| CustomerRow {
                id: words.text(id),
                name: words.text(name),
                contact: words.text(contact),
                stage: StageTag::from_slug(stage).unwrap(),
                stage_since: since.to_owned(),
                last_seen: seen.to_owned(),
            })
            .collect();
        Self {
            shell: Shell::sample(words),
            query: words.text("a"),
            stage: None,
            rows,
            next_cursor: Some(words.text("c2luY2U9MjAyNg")),
            is_later_page: true,
            has_customers: true,
        }
    }

    pub(in crate::view) fn sample_none_found(words: crate::view::sample::Words) -> Self {
        Self {
            query: words.text("zebra"),
            stage: Some(StageTag::Friend),
            rows: Vec::new(),
            next_cursor: None,
            is_later_page: false,
            ..Self::sample(words)
        }
    }

    pub(in crate::view) fn sample_empty(words: crate::view::sample::Words) -> Self {
        Self {
            query: String::new(),
            stage: None,
            has_customers: false,
            ..Self::sample_none_found(words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::Words;

    #[test]
    fn addresses_keep_the_search() {
        let page = CustomersPage {
            query: "a&b".to_owned(),
            stage: Some(StageTag::Friend),
            next_cursor: Some("x=".to_owned()),
            ..CustomersPage::sample(Words::Plain)
        };

        assert_eq!(
            page.next_href().unwrap(),
            "/dashboard/bellmoor/customers?q=a%26b&stage=friend&cursor=x%3D"
        );
        assert_eq!(
            page.stage_href(None),
            "/dashboard/bellmoor/customers?q=a%26b"
        );
    }
}
