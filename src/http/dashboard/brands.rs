//! All brands, and a new one.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::access::{InBrand, SignedIn};
use crate::app::SharedApp;
use crate::audit::Actor;
use crate::brand::draft::{COLOUR_DEFAULT, Draft, Faults};
use crate::brand::{Brand, store};
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::insight;
use crate::postgres;
use crate::setup::Error;
use crate::view::dashboard::{BrandForm, BrandRow, BrandsPage};
use crate::view::{Colour, Field, format};

#[derive(Deserialize)]
pub(super) struct Form {
    #[serde(default)]
    name: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    colour: String,
}

/// `GET /dashboard`: the first brand, or the page that makes one.
pub(super) async fn first(
    State(app): State<SharedApp>,
    _: SignedIn,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let brands = store::list_brands(&mut conn).await?;
    Ok(match brands.first() {
        Some(brand) => go_to(&format!("/dashboard/{}/", brand.slug)),
        None => go_to("/dashboard/brands"),
    })
}

/// `GET /dashboard/{brand}`: the same with a slash, so that relative addresses mean the same.
pub(super) async fn with_slash(within: InBrand) -> Response {
    go_to(&within.path(""))
}

/// `GET /dashboard/brands`
pub(super) async fn list(
    State(app): State<SharedApp>,
    staff: SignedIn,
) -> Result<Response, PageError> {
    page(&filled(&app, &staff, BrandForm::default()).await?)
}

/// `POST /dashboard/brands`
pub(super) async fn create(
    State(app): State<SharedApp>,
    staff: SignedIn,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let actor = Actor::Staff(staff.session.staff_id);
    let faults = match Draft::parse(&form.slug, &form.name, &form.colour) {
        Ok(draft) => match app.create_brand(actor, draft, false).await {
            Ok((brand, _)) => return Ok(go_to(&format!("/dashboard/{}/", brand.slug))),
            Err(Error::SlugTaken) => Faults {
                slug: Some("Another brand has this short name. Choose another."),
                ..Faults::default()
            },
            Err(error) => return Err(error.into()),
        },
        Err(faults) => faults,
    };
    let form = BrandForm {
        name: field(form.name, faults.name),
        slug: field(form.slug, faults.slug),
        colour: field(form.colour, faults.colour),
    };
    let page = filled(&app, &staff, form).await?;
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn filled(
    app: &SharedApp,
    staff: &SignedIn,
    form: BrandForm,
) -> Result<BrandsPage, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let brands = store::list_brands(&mut conn).await?;
    let mut rows = Vec::with_capacity(brands.len());
    for brand in &brands {
        let figures = insight::overview(&mut conn, brand.brand_id, app.clock.now(), 1).await?;
        rows.push(row(brand, figures.people.iter().sum()));
    }
    Ok(BrandsPage {
        shell: staff.shell(&brands, None),
        brands: rows,
        form,
    })
}

fn row(brand: &Brand, customers: u64) -> BrandRow {
    BrandRow {
        slug: brand.slug.clone(),
        name: brand.name.clone(),
        colour: colour(brand),
        customers: format::plural(customers, "customer", "customers"),
        created: format::day_of(brand.created_at),
    }
}

/// The brand's colour, which the schema keeps well formed.
fn colour(brand: &Brand) -> Colour {
    let colour = brand.colour.parse();
    colour.unwrap_or_else(|_| COLOUR_DEFAULT.parse().expect("the default is a colour"))
}

/// What was typed, with what is wrong with it.
pub(super) fn field(value: String, fault: Option<impl Into<String>>) -> Field {
    Field {
        value,
        error: fault.map(Into::into),
    }
}
