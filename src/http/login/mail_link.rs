//! `/login/mail`: the link in a mail.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum_extra::extract::CookieJar;

use super::letter::{Place, carry, finish};
use super::{parts, refusal::gone, reset};
use crate::app::{App, SharedApp};
use crate::brand::{self, Brand};
use crate::credential::proof::{self, Proof, Purpose};
use crate::credential::proof_store;
use crate::flow::{self, Unusable};
use crate::http::account::brand_mark;
use crate::http::extract::PageForm;
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::kernel::Secret;
use crate::postgres::{self, PgConnection};
use crate::view::hosted::{MailCodePage, MailLinkPage};

/// A proof found by its link, and the flow that waits for it if this is the browser that asked.
struct Opened {
    proof: Proof,
    brand: Brand,
    place: Option<Place>,
}

async fn open(app: &App, jar: &CookieJar, link: &Secret) -> Result<Opened, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let found = proof_store::find_proof_by_link(&mut conn, link).await?;
    let now = app.clock.now();
    let proof = found.filter(|proof| proof.is_open(now)).ok_or_else(spent)?;
    let brand = brand::store::find_brand(&mut conn, proof.brand_id).await?;
    let brand = brand.ok_or_else(gone)?;
    let browser = parts::browser(jar, app);
    let place = match flow::load(&mut conn, proof.flow_id, browser.as_ref(), now).await {
        Ok(flow) => browser.map(|browser| Place {
            flow,
            brand: brand.clone(),
            browser,
        }),
        Err(Unusable::OtherBrowser) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(Opened {
        proof,
        brand,
        place,
    })
}

pub(super) fn spent() -> PageError {
    PageError::new(
        StatusCode::NOT_FOUND,
        "This link works no longer",
        "It was used, took too long, or a newer mail took its place. Go back to the site you came \
         from and ask for another.",
    )
}

/// GET of a link: shows a button in the browser that asked, and the code in any other. Nothing is
/// used up by it.
pub(super) async fn open_link(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Path(link): Path<String>,
) -> Result<Response, PageError> {
    let link = Secret::new(link);
    let opened = open(&app, &jar, &link).await?;
    let action = format!("/login/mail/{}", link.expose());
    match (opened.place, opened.proof.purpose) {
        (None, _) => page(&MailCodePage {
            brand: brand_mark(&opened.brand),
            code: proof::code_of(&link),
        }),
        (Some(place), Purpose::Reset) => page(&reset::link_page(&place, action, None)),
        (Some(place), Purpose::SignIn | Purpose::SignUp) => page(&MailLinkPage {
            brand: brand_mark(&place.brand),
            action,
            address: opened.proof.address.as_str().to_owned(),
        }),
    }
}

/// POST of a link, by the button: uses it up.
pub(super) async fn use_link(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    Path(link): Path<String>,
    PageForm(form): PageForm<reset::PasswordForm>,
) -> Result<Response, PageError> {
    let link = Secret::new(link);
    let Opened { proof, place, .. } = open(&app, &jar, &link).await?;
    let place = place.ok_or(Unusable::OtherBrowser)?;
    if proof.purpose == Purpose::Reset {
        let action = format!("/login/mail/{}", link.expose());
        return reset::by_link(&app, &headers, (&place, &proof), action, form).await;
    }
    let is_ours = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let now = app.clock.now();
        let is_ours = proof_store::use_proof(conn, proof.brand_id, proof.proof_id, now).await?;
        if is_ours {
            carry(conn, &place, &proof).await?;
        }
        Ok::<_, postgres::Error>(is_ours)
    })
    .await?;
    if !is_ours {
        return Err(spent());
    }
    finish(&app, jar, &headers, &place, &proof).await
}
