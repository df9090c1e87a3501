//! Browsers by which somebody signs in: told apart by a cookie, so that a sign-in from one that was
//! never seen is told to them.

use super::{Change, device_store};
use crate::kernel::Secret;
use crate::kernel::id::ProfileId;
use crate::mail::Message;
use crate::postgres::{self, PgConnection};

/// Notes that somebody signed in by the browser that holds `device`, and writes to them if they
/// never did before although they did by another. `browser` is what to call it, as in `Firefox on
/// Linux`. Returns whether they were written to.
pub async fn note(
    conn: &mut PgConnection,
    change: &Change<'_>,
    profile_id: ProfileId,
    device: &Secret,
    browser: &str,
) -> Result<bool, postgres::Error> {
    let brand_id = change.brand.brand_id;
    let (has_any, is_known) = device_store::find_known(conn, brand_id, profile_id, device).await?;
    device_store::upsert_device(conn, brand_id, profile_id, device, change.at).await?;
    let is_news = has_any && !is_known;
    if is_news {
        let message = Message::NewDevice {
            browser: browser.to_owned(),
            at: change.at,
        };
        change.notify(conn, profile_id, &message).await?;
    }
    Ok(is_news)
}
