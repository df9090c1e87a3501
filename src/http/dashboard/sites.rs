//! A brand's sites, apps and servers.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::access::InBrand;
use super::brands::field;
use crate::app::{App, SharedApp};
use crate::application::draft::{Draft, Faults};
use crate::application::{Application, Kind, store};
use crate::http::extract::PageForm;
use crate::http::page::{page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::Secret;
use crate::postgres;
use crate::setup::{self, Error};
use crate::view::Notice;
use crate::view::dashboard::{ApplicationForm, ApplicationKind, ApplicationRow, ApplicationsPage};
use crate::view::format::{self, path_segment};

#[derive(Deserialize)]
pub(super) struct Form {
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    redirect_uris: String,
}

/// `GET /dashboard/{brand}/sites`
pub(super) async fn list(
    State(app): State<SharedApp>,
    within: InBrand,
) -> Result<Response, PageError> {
    page(&filled(&app, &within, ApplicationForm::default()).await?)
}

/// `POST /dashboard/{brand}/sites`
pub(super) async fn create(
    State(app): State<SharedApp>,
    within: InBrand,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let kind = ApplicationKind::from_slug(&form.kind).unwrap_or_default();
    let faults = match Draft::parse(&form.name, None, stored(kind), form.redirect_uris.lines()) {
        Ok(draft) => match insert(&app, &within, draft).await {
            Ok((name, secret)) => return made(&app, &within, &name, secret).await,
            Err(Error::ClientIdTaken) => Faults {
                name: Some("Another of the brand's applications is called so.".to_owned()),
                ..Faults::default()
            },
            Err(error) => return Err(error.into()),
        },
        Err(faults) => faults,
    };
    let form = ApplicationForm {
        // The client id is made of the name.
        name: field(form.name, faults.name.or(faults.word)),
        kind,
        redirect_uris: field(form.redirect_uris, faults.redirect_uris),
    };
    let page = filled(&app, &within, form).await?;
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn insert(
    app: &App,
    within: &InBrand,
    draft: Draft,
) -> Result<(String, Option<Secret>), Error> {
    let change = within.staff.change(app);
    let (application, secret) = postgres::tx(&app.pool, async |conn| {
        setup::create_application(conn, change, &within.brand, draft).await
    })
    .await?;
    Ok((application.name, secret))
}

/// The page after a new application. Not a redirect: a secret is shown this once.
async fn made(
    app: &App,
    within: &InBrand,
    name: &str,
    secret: Option<Secret>,
) -> Result<Response, PageError> {
    let mut shown = filled(app, within, ApplicationForm::default()).await?;
    shown.shell.notice = Some(Notice::Done(format!("{name} is added.")));
    shown.fresh_secret = secret.map(|secret| secret.expose().to_owned());
    page(&shown)
}

async fn filled(
    app: &App,
    within: &InBrand,
    form: ApplicationForm,
) -> Result<ApplicationsPage, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let mut applications = store::list_applications(&mut conn, within.brand.brand_id).await?;
    applications.reverse();
    Ok(ApplicationsPage {
        shell: within.shell(None),
        applications: applications.iter().map(|a| row(app, within, a)).collect(),
        fresh_secret: None,
        form,
    })
}

fn row(app: &App, within: &InBrand, application: &Application) -> ApplicationRow {
    let issuer = app.config.issuer();
    ApplicationRow {
        id: application.application_id.to_string(),
        name: application.name.clone(),
        kind: shown(application.kind),
        client_id: application.client_id.clone(),
        redirect_uris: application.redirect_uris.clone(),
        snippet: match application.kind {
            Kind::Browser => site_snippet(issuer, &application.client_id),
            Kind::Server => server_snippet(issuer, &application.client_id),
        },
        sign_in_href: sign_in_address(issuer, &application.client_id),
        configure_href: within.path(&format!("sites/{}/configure", application.application_id)),
        created: format::day_of(application.application_id.made_at()),
    }
}

fn sign_in_address(issuer: &str, client_id: &str) -> String {
    format!("{issuer}/login?client_id={}", path_segment(client_id))
}

/// The two lines that a site pastes.
pub(super) fn site_snippet(issuer: &str, client_id: &str) -> String {
    snippet_with(issuer, client_id, "")
}

/// The same with more attributes: none, or each with a space before it.
pub(super) fn snippet_with(issuer: &str, client_id: &str, attributes: &str) -> String {
    let address = sign_in_address(issuer, client_id);
    format!(
        "<script type=\"module\" src=\"{issuer}/embed.js\"></script>\n\
         <befriend-sign-in client-id=\"{client_id}\"{attributes}><a href=\"{address}\">Sign in</a></befriend-sign-in>"
    )
}

/// What a server's OpenID Connect library asks for.
fn server_snippet(issuer: &str, client_id: &str) -> String {
    format!(
        "issuer: {issuer}\n\
         discovery: {issuer}/.well-known/openid-configuration\n\
         client_id: {client_id}\n\
         client_secret: (shown when it was made)\n\
         scope: openid profile email"
    )
}

const fn stored(kind: ApplicationKind) -> Kind {
    match kind {
        ApplicationKind::Web => Kind::Browser,
        ApplicationKind::Server => Kind::Server,
    }
}

const fn shown(kind: Kind) -> ApplicationKind {
    match kind {
        Kind::Browser => ApplicationKind::Web,
        Kind::Server => ApplicationKind::Server,
    }
}
