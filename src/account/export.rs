//! Everything that is kept of a person, for them to take along (GDPR, articles 15 and 20).
//!
//! One JSON document. All but the events comes first, in one piece; the events follow, a page at a
//! time, so that somebody with a hundred thousand of them is no burden.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Change, export_store};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, PgConnection};

/// The version of the document's shape.
const FORMAT: &str = "befriend-export-1";

/// Events in one page.
const PAGE: i64 = 500;

/// An export under way.
#[derive(Clone, Debug)]
pub struct Export {
    brand_id: BrandId,
    profiles: Vec<Uuid>,
    after: Option<(DateTime<Utc>, String)>,
    is_first: bool,
    is_over: bool,
}

/// Begins an export: notes in the record that it was taken, and gives its first piece.
pub async fn begin(
    conn: &mut PgConnection,
    change: &Change<'_>,
    profile_id: ProfileId,
) -> Result<(Export, Vec<u8>), postgres::Error> {
    let brand_id = change.brand.brand_id;
    let profiles = export_store::list_members(conn, brand_id, profile_id).await?;
    let mut document = Map::new();
    document.insert("format".to_owned(), json!(FORMAT));
    document.insert("made_at".to_owned(), json!(change.at));
    document.insert(
        "brand".to_owned(),
        json!({ "slug": change.brand.slug, "name": change.brand.name }),
    );
    document.insert("profile_id".to_owned(), json!(profile_id));
    for section in export_store::SECTIONS {
        let rows = export_store::list_rows(conn, brand_id, section, &profiles).await?;
        document.insert(section.name.to_owned(), Value::Array(rows));
    }
    change
        .tell(conn, profile_id, "profile.exported", json!({}), json!({}))
        .await?;
    let mut piece = serde_json::to_vec(&document).expect("a document of JSON values is JSON");
    // The brace that ends the document comes after the events.
    piece.pop();
    piece.extend_from_slice(b",\"events\":[");
    let export = Export {
        brand_id,
        profiles,
        after: None,
        is_first: true,
        is_over: false,
    };
    Ok((export, piece))
}

impl Export {
    /// The next piece, or none after the last.
    pub async fn next(
        &mut self,
        conn: &mut PgConnection,
    ) -> Result<Option<Vec<u8>>, postgres::Error> {
        if self.is_over {
            return Ok(None);
        }
        let after = self.after.clone();
        let rows =
            export_store::list_events(conn, self.brand_id, &self.profiles, after, PAGE).await?;
        let mut piece = Vec::new();
        for row in &rows {
            if !std::mem::take(&mut self.is_first) {
                piece.push(b',');
            }
            serde_json::to_writer(&mut piece, &row.event).expect("a JSON value is JSON");
        }
        if let Some(last) = rows.into_iter().last() {
            self.after = Some((last.event_time, last.message_id));
        } else {
            self.is_over = true;
            piece.extend_from_slice(b"]}\n");
        }
        Ok(Some(piece))
    }
}
