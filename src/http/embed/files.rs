//! Files.

use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::app::SharedApp;
use crate::brand;
use crate::http::account::brand_mark;
use crate::http::problem::Problem;
use crate::kernel::secret::sha256;
use crate::postgres;
use crate::view::{assets, brand_css as css_of};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A module that brands' pages load from here.
struct Module {
    bytes: &'static [u8],
    gzip: Vec<u8>,
    /// From its content, so that all processes of a version agree.
    tag: HeaderValue,
}

impl Module {
    fn of(bytes: &'static [u8]) -> Self {
        let digest = URL_SAFE_NO_PAD.encode(&sha256(bytes)[..9]);
        Self {
            bytes,
            gzip: assets::compressed(bytes),
            tag: HeaderValue::try_from(format!("\"{digest}\"")).expect("base64 in quotes"),
        }
    }

    /// Its name never changes, so it is asked for again every five minutes.
    fn answer(&'static self, headers: &HeaderMap) -> Response {
        let known = headers.get(IF_NONE_MATCH) == Some(&self.tag);
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else if takes_gzip(headers) {
            ([(CONTENT_ENCODING, "gzip")], self.gzip.as_slice()).into_response()
        } else {
            self.bytes.into_response()
        };
        let headers = response.headers_mut();
        headers.insert(ETAG, self.tag.clone());
        set(headers, CONTENT_TYPE, "text/javascript; charset=utf-8");
        set(headers, VARY, "accept-encoding");
        set(headers, CACHE_CONTROL, "public, max-age=300");
        set(headers, RESOURCE_POLICY, "cross-origin");
        response
    }
}

/// The sign-in element, as brands paste it.
static ELEMENT: LazyLock<Module> =
    LazyLock::new(|| Module::of(include_bytes!("../../../assets/embed.js")));

/// What it loads for a window of its own.
static POPUP: LazyLock<Module> =
    LazyLock::new(|| Module::of(include_bytes!("../../../assets/embed-popup.js")));

/// `/embed.js`
pub(super) async fn element(headers: HeaderMap) -> Response {
    ELEMENT.answer(&headers)
}

/// `/embed-popup.js`
pub(super) async fn popup(headers: HeaderMap) -> Response {
    POPUP.answer(&headers)
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|encodings| encodings.contains("gzip"))
}

/// `/logo/{brand}/{file}`: its name is made of its content. Whatever its bytes are, no browser takes
/// them for anything but a picture (A137).
pub(super) async fn logo(
    State(app): State<SharedApp>,
    Path((slug, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let missing = || Problem::not_found("file");
    let brand = brand::store::find_brand_by_slug(&mut conn, &slug).await?;
    let brand = brand.ok_or_else(missing)?;
    let found = brand::store::find_logo(&mut conn, brand.brand_id, &name).await?;
    let (kind, bytes) = found.ok_or_else(missing)?;
    let kind = HeaderValue::try_from(kind).map_err(|_| missing())?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    set(
        headers,
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; sandbox",
    );
    set(
        headers,
        CACHE_CONTROL,
        "public, max-age=31536000, immutable",
    );
    set(headers, RESOURCE_POLICY, "same-origin");
    Ok(response)
}

/// `/assets/{file}`: names change with the content, so a browser keeps them for ever.
pub(super) async fn asset(
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asset = assets::lookup(&file).ok_or_else(|| Problem::not_found("file"))?;
    let mut response = if takes_gzip(&headers) {
        ([(CONTENT_ENCODING, "gzip")], asset.gzip.as_slice()).into_response()
    } else {
        asset.bytes.into_response()
    };
    let headers = response.headers_mut();
    set(headers, CONTENT_TYPE, asset.content_type);
    set(
        headers,
        CACHE_CONTROL,
        "public, max-age=31536000, immutable",
    );
    set(headers, VARY, "accept-encoding");
    set(headers, RESOURCE_POLICY, "same-origin");
    Ok(response)
}

/// `/brand/{slug}.css`: its address carries the colour, so it may be kept for a day.
pub(super) async fn brand_css(
    State(app): State<SharedApp>,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    let slug = file
        .strip_suffix(".css")
        .filter(|slug| slug.bytes().all(|b| b.is_ascii_graphic()))
        .ok_or_else(|| Problem::not_found("file"))?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let brand = brand::store::find_brand_by_slug(&mut conn, slug)
        .await?
        .ok_or_else(|| Problem::not_found("brand"))?;
    let mut response = css_of(brand_mark(&brand).colour).into_response();
    let headers = response.headers_mut();
    set(headers, CONTENT_TYPE, "text/css; charset=utf-8");
    set(headers, CACHE_CONTROL, "public, max-age=86400");
    set(headers, RESOURCE_POLICY, "same-origin");
    Ok(response)
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
