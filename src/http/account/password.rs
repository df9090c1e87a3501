//! `/me/password`: a customer's own password.
//!
//! Every change asks for a person who proved lately who they are, and for the password until now
//! where there is one (A59).

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum_extra::extract::CookieJar;
use serde::Deserialize;
use serde_json::json;

use super::brand_mark;
use super::me::{Customer, find_customer};
use crate::abuse::{Account, Kind as Tried};
use crate::app::{App, SharedApp};
use crate::audit::{self, Actor};
use crate::credential::password;
use crate::credential::store::{self, Credential, Kind};
use crate::http::address::Caller;
use crate::http::extract::PageForm;
use crate::http::login::{hash_new, limits, note_change, offers, password_hint, prove};
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::http::signed_in::require_fresh;
use crate::kernel::id::CredentialId;
use crate::kernel::{EmailAddress, Secret};
use crate::mail::{self, Mail, Message, Post};
use crate::oidc::Params;
use crate::outbox::{self, Fact};
use crate::postgres::{self, PgConnection};
use crate::profile;
use crate::session;
use crate::view::Notice;
use crate::view::hosted::MePasswordPage;
use crate::view::language::Language;

/// How long a note of something that happened is worth sending.
const NOTE_LIFE: chrono::TimeDelta = chrono::TimeDelta::days(2);

/// What is typed.
#[derive(Deserialize)]
pub(super) struct Form {
    current: Option<Secret>,
    password: Option<Secret>,
}

/// Somebody signed in lately, and what they have.
struct Owner {
    customer: Customer,
    /// The first address that they proved: without one nobody can be asked for a password.
    address: EmailAddress,
    held: Option<Credential>,
    ways: i64,
}

impl Owner {
    async fn find(app: &App, jar: &CookieJar, query: Option<String>) -> Result<Self, PageError> {
        let params = Params::parse(query.as_deref().unwrap_or_default());
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let customer = find_customer(&mut conn, app, jar, &params).await?;
        let Customer { brand, session } = &customer;
        offers(&mut conn, brand).await?;
        let back = format!("/me/password?brand={}", brand.slug);
        require_fresh(app, brand, session, &back)?;
        let (brand_id, profile_id) = (brand.brand_id, session.profile_id);
        let emails = profile::store::list_emails(&mut conn, brand_id, profile_id).await?;
        let mut proven = emails.iter().filter(|email| email.verified_at.is_some());
        let address = proven
            .find_map(|email| EmailAddress::parse(&email.address).ok())
            .ok_or_else(no_address)?;
        let all = store::list_credentials(&mut conn, brand_id, profile_id).await?;
        let ways = store::count_ways_in(&mut conn, brand_id, profile_id).await?;
        Ok(Self {
            held: all.into_iter().find(|one| one.kind == Kind::Password),
            customer,
            address,
            ways,
        })
    }

    fn page(&self) -> MePasswordPage {
        let slug = &self.customer.brand.slug;
        let has_password = self.held.is_some();
        MePasswordPage {
            brand: brand_mark(&self.customer.brand),
            action: format!("/me/password?brand={slug}"),
            address: self.address.as_str().to_owned(),
            has_password,
            current_error: None,
            password_error: None,
            hint: password_hint(),
            remove_action: (has_password && self.ways > 1)
                .then(|| format!("/me/password/remove?brand={slug}")),
            notice: None,
            back_href: format!("/me?brand={slug}"),
        }
    }
}

fn no_address() -> PageError {
    PageError::new(
        StatusCode::CONFLICT,
        "A password goes with an address of yours",
        "None of your addresses is proven yet. Add one by a code first, and come back.",
    )
}

/// GET
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let done = Params::parse(query.as_deref().unwrap_or_default());
    let notice = match done.get("done") {
        Ok(Some("changed")) => Some("Your password is changed."),
        Ok(Some("set")) => Some("Your password is set."),
        Ok(Some("removed")) => Some("Your password is removed."),
        Ok(_) | Err(_) => None,
    };
    let owner = Owner::find(&app, &jar, query).await?;
    page(&MePasswordPage {
        notice: notice.map(|text| Notice::Done(text.to_owned())),
        ..owner.page()
    })
}

/// POST: sets or changes it.
pub(super) async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    jar: CookieJar,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let owner = Owner::find(&app, &jar, query).await?;
    if let Some(held) = &owner.held {
        let typed = form.current.unwrap_or_else(|| Secret::new(""));
        if !is_current(&app, caller, &jar, (&owner, held), &typed).await? {
            let shown = MePasswordPage {
                current_error: Some("That is not your password.".to_owned()),
                ..owner.page()
            };
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
        }
    }
    let own = [owner.address.as_str(), owner.customer.brand.name.as_str()];
    let hash = match hash_new(&app, form.password.as_ref(), &own).await? {
        Ok(hash) => hash,
        Err(fault) => {
            let shown = MePasswordPage {
                password_error: Some(fault),
                ..owner.page()
            };
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
        }
    };
    let language = language(&headers);
    postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        write(conn, &app, &owner, &hash, language).await
    })
    .await?;
    let done = if owner.held.is_some() {
        "changed"
    } else {
        "set"
    };
    let slug = &owner.customer.brand.slug;
    Ok(go_to(&format!("/me/password?brand={slug}&done={done}")))
}

/// Whether `typed` is the password until now. Tried as often as at the sign-in, and no more.
async fn is_current(
    app: &App,
    caller: Caller,
    jar: &CookieJar,
    (owner, held): (&Owner, &Credential),
    typed: &Secret,
) -> Result<bool, PageError> {
    let brand = &owner.customer.brand;
    let what = (Tried::Password, Account::profile(held.profile_id));
    let attempt = limits::attempt(app, jar, brand, caller, what);
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let begun = limits::begin(&mut conn, app, brand, &attempt).await?;
    drop(conn);
    let is_right = prove(app, std::slice::from_ref(held), typed)
        .await?
        .is_some();
    limits::end(app, begun, is_right).await?;
    Ok(is_right)
}

async fn write(
    conn: &mut PgConnection,
    app: &App,
    owner: &Owner,
    hash: &str,
    language: Language,
) -> Result<(), postgres::Error> {
    let own = &owner.customer.session;
    let (brand_id, profile_id) = (own.brand_id, own.profile_id);
    let now = app.clock.now();
    let data = password::data_of(hash);
    if let Some(held) = &owner.held {
        store::update_credential_data(conn, brand_id, held.credential_id, &data, None).await?;
        let kept = Some(own.session_id);
        session::store::end_other_sessions(conn, brand_id, profile_id, kept, now).await?;
        let about = (brand_id, profile_id, &owner.address);
        return note_change(conn, app, about, language).await;
    }
    let added = Credential {
        brand_id,
        credential_id: CredentialId::new(now, &app.entropy),
        profile_id,
        kind: Kind::Password,
        name: String::new(),
        handle: None,
        data,
        created_at: now,
        last_used_at: None,
    };
    store::insert_credential(conn, &added).await?;
    let what = "a password".to_owned();
    tell(
        conn,
        app,
        owner,
        ("credential.added", language),
        Message::WayAdded { what },
    )
    .await
}

/// Records that a password came or went, and tells its owner by mail.
async fn tell(
    conn: &mut PgConnection,
    app: &App,
    owner: &Owner,
    (what, language): (&'static str, Language),
    message: Message,
) -> Result<(), postgres::Error> {
    let own = &owner.customer.session;
    let (brand_id, profile_id, now) = (own.brand_id, own.profile_id, app.clock.now());
    let detail = json!({ "kind": "password" });
    let entry = audit::Entry {
        actor: Actor::Customer(profile_id),
        action: what,
        subject: profile_id.to_string(),
        detail: detail.clone(),
        at: now,
    };
    audit::store::insert_entry(conn, brand_id, &app.entropy, entry).await?;
    let fact = Fact {
        kind: what,
        profile_id: Some(profile_id),
        payload: detail,
        at: now,
    };
    outbox::insert_fact(conn, brand_id, &app.entropy, fact).await?;
    let post = Post {
        cipher: &app.cipher,
        entropy: &app.entropy,
        language,
    };
    let mail = Mail {
        to: &owner.address,
        profile_id: Some(profile_id),
        message,
        at: now,
        expires_at: now + NOTE_LIFE,
    };
    mail::queue(conn, brand_id, &post, mail).await
}

/// POST: removes it, unless nothing else signs its owner in.
pub(super) async fn remove(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let owner = Owner::find(&app, &jar, query).await?;
    let Some(held) = &owner.held else {
        return Err(PageError::not_found());
    };
    let own = &owner.customer.session;
    let language = language(&headers);
    let removed = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let (brand_id, profile_id) = (own.brand_id, own.profile_id);
        // Counted here, under the lock of the profile, and not by what the page showed.
        if store::count_ways_in(conn, brand_id, profile_id).await? < 2 {
            return Ok(false);
        }
        let id = held.credential_id;
        if !store::delete_credential(conn, brand_id, profile_id, id).await? {
            return Ok(false);
        }
        let what = "a password".to_owned();
        let message = Message::WayRemoved { what };
        tell(
            conn,
            &app,
            &owner,
            ("credential.removed", language),
            message,
        )
        .await?;
        Ok::<_, postgres::Error>(true)
    })
    .await?;
    if !removed {
        return Err(PageError::new(
            StatusCode::CONFLICT,
            "That is the only way you sign in",
            "Add another way in first, and remove the password then. Nothing was removed.",
        ));
    }
    let slug = &owner.customer.brand.slug;
    Ok(go_to(&format!("/me/password?brand={slug}&done=removed")))
}

fn language(headers: &HeaderMap) -> Language {
    crate::http::login::language(None, headers)
}
