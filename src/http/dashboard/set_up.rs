//! The one-time link that makes somebody staff.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;

use super::front_door::signed_in;
use crate::app::{App, SharedApp};
use crate::credential::password;
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::Secret;
use crate::postgres;
use crate::staff::invitation::{self, Error};
use crate::staff::{NewMember, NewMemberFaults, session, store};
use crate::view::Field;
use crate::view::staff::StaffSetupPage;

#[derive(Deserialize)]
pub(super) struct Shown {
    token: Option<Secret>,
}

#[derive(Deserialize)]
pub(super) struct Form {
    token: Option<Secret>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    password: Option<Secret>,
}

/// `GET /dashboard/set-up?token=`
pub(super) async fn show(
    State(app): State<SharedApp>,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let token = open_link(&app, query.token).await?;
    page(&blank(&token))
}

/// `POST /dashboard/set-up`
pub(super) async fn accept(
    State(app): State<SharedApp>,
    jar: CookieJar,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let token = open_link(&app, form.token.clone()).await?;
    let password = form.password.clone().unwrap_or_else(|| Secret::new(""));
    let new = match NewMember::parse(&form.name, &form.email) {
        Ok(new) => new,
        Err(faults) => return again(&form, &token, faults, None),
    };
    let hash = match app.passwords.hash(&password).await {
        Ok(hash) => hash,
        Err(password::Error::Length) => {
            let error = format!("Use at least {} characters.", password::PASSWORD_CHARS_MIN);
            return again(&form, &token, NewMemberFaults::default(), Some(error));
        }
        Err(error) => return Err(error.into()),
    };
    let email = new.email.as_str().to_owned();
    match join(&app, &token, (new, &hash)).await {
        Ok(session) => {
            let jar = signed_in(&app, jar, &session, &email);
            Ok((jar, go_to("/dashboard")).into_response())
        }
        Err(Error::EmailTaken) => {
            let mut page = refilled(&form, &token);
            let error = "This address already belongs to a member of staff.";
            page.email = Field::refused(form.email, error);
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(Error::Spent) => Err(spent()),
        Err(Error::Database(error)) => Err(error.into()),
    }
}

/// Makes the member and signs them in, both or neither.
async fn join(app: &App, token: &Secret, new: (NewMember, &str)) -> Result<Secret, Error> {
    let now = app.clock.now();
    postgres::tx(&app.pool, async |conn| {
        let member = invitation::accept(conn, &app.entropy, token, new, now).await?;
        Ok(session::open(conn, &app.entropy, member.staff_id, now).await?)
    })
    .await
}

/// The token, if its link still works.
async fn open_link(app: &App, token: Option<Secret>) -> Result<Secret, PageError> {
    let token = token.ok_or_else(spent)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    if store::is_invitation_open(&mut conn, &token, app.clock.now()).await? {
        Ok(token)
    } else {
        Err(spent())
    }
}

/// One answer for links that were used, ran out, or never were.
fn spent() -> PageError {
    PageError::new(
        StatusCode::NOT_FOUND,
        "This link does not work any more",
        "A set-up link works once, for 24 hours. Whoever runs the server can print another with \
         the command: befriend staff setup-link",
    )
    .with_action("/dashboard/sign-in", "Sign in instead")
}

fn blank(token: &Secret) -> StaffSetupPage {
    StaffSetupPage {
        token: token.expose().to_owned(),
        name: Field::empty(),
        email: Field::empty(),
        password_error: None,
        password_length_min: password::PASSWORD_CHARS_MIN,
        error: None,
    }
}

fn refilled(form: &Form, token: &Secret) -> StaffSetupPage {
    StaffSetupPage {
        name: Field::filled(&form.name),
        email: Field::filled(&form.email),
        ..blank(token)
    }
}

fn again(
    form: &Form,
    token: &Secret,
    faults: NewMemberFaults,
    password_error: Option<String>,
) -> Result<Response, PageError> {
    let mut page = refilled(form, token);
    page.password_error = password_error;
    if faults.name {
        page.name.error = Some("Give a name of 1 to 80 characters.".to_owned());
    }
    if faults.email {
        page.email.error = Some("This is not an address. Write it as name@example.com.".to_owned());
    }
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
