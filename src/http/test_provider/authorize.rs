//! `/test-provider/authorize`: pick who you are.

use axum::Form;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::app::{App, SharedApp};
use crate::brand::{self, Brand};
use crate::federation::built_in::{AuthorizeRequest, PEOPLE, Person};
use crate::federation::{self, catalogue};
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::EmailAddress;
use crate::postgres::{self, PgConnection};
use crate::view::Field;
use crate::view::hosted::{TestPerson, TestProviderPage};

/// GET: shows who can be picked.
pub(super) async fn show(
    State(app): State<SharedApp>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let query = query.unwrap_or_default();
    let (_, brand) = check(&app, &query).await?;
    page(&choice(&brand, &query, Field::empty(), Field::empty()))
}

/// POST: `person` picks a ready-made one; `name`, `email`, `email_verified` and `subject` make one
/// up; `decision=deny` refuses.
pub(super) async fn choose(
    State(app): State<SharedApp>,
    RawQuery(query): RawQuery,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let query = query.unwrap_or_default();
    let (request, brand) = check(&app, &query).await?;
    let field = |name: &str| {
        let found = fields.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.trim())
    };
    if field("decision") == "deny" {
        return Ok(go_to(app.test_provider.deny(&request).as_str()));
    }
    let email = field("email");
    let refused = |name: Field, email: Field| {
        page_with(
            StatusCode::UNPROCESSABLE_ENTITY,
            &choice(&brand, &query, name, email),
        )
    };
    if !email.is_empty() && EmailAddress::parse(email).is_err() {
        let fault = "This is not an address. Write it as name@example.com.";
        return refused(Field::filled(field("name")), Field::refused(email, fault));
    }
    let is_verified = matches!(field("email_verified"), "yes" | "true" | "on" | "1");
    let person = match field("person") {
        "" => Person::made_up(field("subject"), field("name"), email, is_verified),
        subject => Person::sample(subject),
    };
    match person {
        Some(person) => Ok(go_to(app.test_provider.grant(&request, person).as_str())),
        None => refused(
            Field::refused("", "Write a name or an address."),
            Field::empty(),
        ),
    }
}

/// A request of one of our own connections to this provider, and its brand. Answers go to that
/// connection's callback and nowhere else.
async fn check(app: &App, query: &str) -> Result<(AuthorizeRequest, Brand), PageError> {
    let malformed = || {
        PageError::new(
            StatusCode::BAD_REQUEST,
            "This request to the test provider is not right",
            "Go back to the site you came from and sign in again.",
        )
    };
    let request = AuthorizeRequest::parse(query).map_err(|_| malformed())?;
    let start = app.config.url("/login/callback/");
    let (brand_slug, connection_slug) = request
        .redirect_uri
        .as_str()
        .strip_prefix(&start)
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(malformed)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let found = find(&mut conn, &request, brand_slug, connection_slug).await?;
    let brand = found.ok_or_else(malformed)?;
    Ok((request, brand))
}

async fn find(
    conn: &mut PgConnection,
    request: &AuthorizeRequest,
    brand_slug: &str,
    connection_slug: &str,
) -> Result<Option<Brand>, postgres::Error> {
    let Some(brand) = brand::store::find_brand_by_slug(conn, brand_slug).await? else {
        return Ok(None);
    };
    let id = brand.brand_id;
    let found = federation::store::find_connection_by_slug(conn, id, connection_slug).await?;
    let is_ours = found.is_some_and(|connection| {
        connection.provider == catalogue::TEST
            && connection.is_enabled
            && connection.client_id == request.client_id
    });
    Ok(is_ours.then_some(brand))
}

fn choice(brand: &Brand, query: &str, name: Field, email: Field) -> TestProviderPage {
    TestProviderPage {
        action: format!("/test-provider/authorize?{query}"),
        brand_name: brand.name.clone(),
        people: PEOPLE
            .iter()
            .map(|person| TestPerson {
                subject: person.subject.to_owned(),
                name: person.name.to_owned(),
                email: person.email.map(str::to_owned),
                email_verified: person.email_verified,
            })
            .collect(),
        name,
        email,
        email_verified: true,
    }
}
