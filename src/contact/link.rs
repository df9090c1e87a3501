//! Links to somebody's preferences, for mails.
//!
//! A link opens the choices of one customer at one brand and nothing else, and needs no signing in:
//! whoever holds the mail may stop the mails. Its token is stored as a hash.

use chrono::{DateTime, TimeDelta, Utc};

use super::link_store as store;
use crate::kernel::id::{BrandId, PreferenceLinkId, ProfileId};
use crate::kernel::{Entropy, Secret};
use crate::postgres::{Error, PgConnection};

/// How long a link works: mails are found again after a year.
pub const LINK_LIFE: TimeDelta = TimeDelta::days(400);

/// The longest name of a mail, in characters.
pub const SURFACE_CHARS_MAX: usize = 100;

/// What a link opens.
#[derive(Clone, Debug)]
pub struct PreferenceLink {
    /// At which brand.
    pub brand_id: BrandId,
    /// Its id, for the record of what was decided through it.
    pub link_id: PreferenceLinkId,
    /// Whose choices.
    pub profile_id: ProfileId,
    /// The mail it was made for, as its sender names it.
    pub surface: String,
}

/// Makes a link for a mail that its sender calls `surface`, and returns its address. `issuer` is this
/// server's own.
pub async fn make_link(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    (surface, issuer): (&str, &str),
    (now, entropy): (DateTime<Utc>, &Entropy),
) -> Result<String, Error> {
    let token = Secret::random(entropy);
    let link = PreferenceLink {
        brand_id,
        link_id: PreferenceLinkId::new(now, entropy),
        profile_id,
        surface: surface.chars().take(SURFACE_CHARS_MAX).collect(),
    };
    store::insert_link(conn, brand_id, &link, &token, (now, now + LINK_LIFE)).await?;
    Ok(format!("{issuer}/preferences/{}", token.expose()))
}
