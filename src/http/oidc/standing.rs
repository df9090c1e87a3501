//! Where a person stands with the brand, for applications that may learn it.

use super::refusal::Refusal;
use crate::app::App;
use crate::http::problem::Problem;
use crate::kernel::id::{BrandId, ProfileId};
use crate::oidc::issue::Standing;
use crate::postgres::PgConnection;

/// The standing of a profile that exists, at this instant.
pub(super) async fn find(
    conn: &mut PgConnection,
    app: &App,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Standing, Refusal> {
    let current = app.projector.current(conn, brand_id, profile_id).await;
    let standing = current
        .map_err(|error| Refusal::Problem(Problem::internal(&error)))?
        .standing;
    Ok(Standing {
        stage: standing.stage,
        since: standing.since,
    })
}
