//! `/login/passkey`: signing in with a passkey.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::parts;
use super::settled::Visit;
use crate::app::{App, SharedApp};
use crate::audit::{self, Actor};
use crate::brand::Brand;
use crate::credential::passkey::{
    self, Authentication, CHALLENGE_BYTES, Passkey, Refusal, RelyingParty,
};
use crate::credential::passkey_store::{self, Asked, CHALLENGE_LIFE};
use crate::credential::second_factor::{data_of, read};
use crate::credential::store::{self, Credential, Kind};
use crate::flow::Flow;
use crate::http::extract::PageForm;
use crate::http::page::go_to;
use crate::http::page_error::PageError;
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, PgConnection};
use crate::session::Method;
use crate::view::hosted::PasskeySignIn;

/// What the address says.
#[derive(Deserialize)]
pub(super) struct Place {
    pub(super) flow: String,
}

/// What is posted.
#[derive(Deserialize)]
pub(super) struct Form {
    /// What the authenticator answered, as JSON.
    answer: String,
}

/// Passkeys on the sign-in page, unless this server has no name that they could be bound to, or
/// somebody is to prove again who they are and has none.
pub(super) async fn offer(
    conn: &mut PgConnection,
    app: &App,
    flow: &Flow,
) -> Result<Option<PasskeySignIn>, postgres::Error> {
    if RelyingParty::of(&app.config.public_url).is_none() {
        return Ok(None);
    }
    if let Some(again) = &flow.again
        && own(conn, flow.brand_id, again.profile_id).await?.is_empty()
    {
        return Ok(None);
    }
    let flow_id = flow.flow_id;
    Ok(Some(PasskeySignIn {
        action: format!("/login/passkey?flow={flow_id}"),
        options: format!("/login/passkey/options?flow={flow_id}"),
        sign_up_href: flow
            .again
            .is_none()
            .then(|| format!("/login/passkey/new?flow={flow_id}")),
    }))
}

/// Whom authenticators answer to.
pub(in crate::http) fn relying_party(app: &App) -> Result<RelyingParty, PageError> {
    RelyingParty::of(&app.config.public_url).ok_or_else(PageError::not_found)
}

/// Asks: a new challenge, and the question around it for the browser.
pub(super) async fn options(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Query(place): Query<Place>,
) -> Result<Response, PageError> {
    let party = relying_party(&app)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (flow, brand) = parts::open_flow(&mut conn, &app, &jar, &place.flow).await?;
    let challenge: [u8; CHALLENGE_BYTES] = app.entropy.bytes();
    let asked = Asked::SignIn(flow.flow_id);
    let now = app.clock.now();
    passkey_store::insert_challenge(&mut conn, brand.brand_id, asked, (&challenge, None), now)
        .await?;
    let known = match &flow.again {
        Some(again) => own(&mut conn, brand.brand_id, again.profile_id).await?,
        // Nobody is named before they answer, so that nothing tells who has a passkey (A39).
        None => vec![],
    };
    Ok(Json(json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge),
        "rpId": party.id,
        "timeout": CHALLENGE_LIFE.num_milliseconds(),
        "userVerification": "required",
        "allowCredentials": known,
    }))
    .into_response())
}

/// Somebody's own passkeys, as browsers name them.
async fn own(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Vec<Value>, postgres::Error> {
    let all = store::list_credentials(conn, brand_id, profile_id).await?;
    Ok(all
        .iter()
        .filter(|one| one.kind == Kind::Passkey)
        .filter_map(|one| one.handle.as_ref())
        .map(|id| json!({ "type": "public-key", "id": URL_SAFE_NO_PAD.encode(id) }))
        .collect())
}

/// Takes the answer.
pub(super) async fn sign_in(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    Query(place): Query<Place>,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let party = relying_party(&app)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (flow, brand) = parts::open_flow(&mut conn, &app, &jar, &place.flow).await?;
    let proven = prove(&mut conn, &app, (&brand, &flow), &form.answer, &party).await?;
    drop(conn);
    let profile_id = match proven {
        Ok(profile_id) => profile_id,
        Err(refusal) => {
            tracing::info!(outcome = refusal.code(), flow = %flow.flow_id, "a passkey was refused");
            return Ok(go_to(&format!(
                "/login?flow={}&problem=passkey",
                flow.flow_id
            )));
        }
    };
    let visit = Visit {
        app: &app,
        jar,
        headers: &headers,
        brand: &brand,
        flow: &flow,
    };
    visit.vouch(profile_id, Method::Passkey, true).await
}

/// Whose passkey answered the question that was asked in this flow.
async fn prove(
    conn: &mut PgConnection,
    app: &App,
    (brand, flow): (&Brand, &Flow),
    answer: &str,
    party: &RelyingParty,
) -> Result<Result<ProfileId, Refusal>, postgres::Error> {
    let (brand_id, now) = (brand.brand_id, app.clock.now());
    let Ok(answer) = serde_json::from_str::<Authentication>(answer) else {
        return Ok(Err(Refusal::Malformed));
    };
    let named = passkey::challenge_of(&answer.response.client_data);
    let (challenge, id) = match named.and_then(|named| Ok((named, answer.credential_id()?))) {
        Ok(parts) => parts,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let asked = Asked::SignIn(flow.flow_id);
    let taken = passkey_store::take_challenge(conn, brand_id, asked, &challenge, now).await?;
    let Some(taken) = taken else {
        return Ok(Err(Refusal::Challenge));
    };
    let found = store::find_credential_by_handle(conn, brand_id, &id).await?;
    let Some(credential) = found.filter(|one| one.kind == Kind::Passkey) else {
        return Ok(Err(Refusal::Id));
    };
    let passkey: Passkey = read(&credential)?;
    let judged = passkey::authenticate(&answer, &taken.challenge, (&id, &passkey), party);
    let used = match judged {
        Ok(used) => used,
        Err(refusal) => {
            note_refusal(conn, app, &credential, refusal).await?;
            return Ok(Err(refusal));
        }
    };
    let passkey = Passkey {
        counter: used.counter,
        backed_up: used.backed_up,
        ..passkey
    };
    let id = credential.credential_id;
    store::update_credential_data(conn, brand_id, id, &data_of(&passkey), Some(now)).await?;
    Ok(Ok(credential.profile_id))
}

/// Writes down that a passkey that is known was refused: if its counter went back, there may be two
/// of it.
async fn note_refusal(
    conn: &mut PgConnection,
    app: &App,
    credential: &Credential,
    refusal: Refusal,
) -> Result<(), postgres::Error> {
    let entry = audit::Entry {
        actor: Actor::System,
        action: "credential.refused",
        subject: credential.profile_id.to_string(),
        detail: json!({ "credential_id": credential.credential_id, "because": refusal.code() }),
        at: app.clock.now(),
    };
    audit::store::insert_entry(conn, credential.brand_id, &app.entropy, entry).await
}
