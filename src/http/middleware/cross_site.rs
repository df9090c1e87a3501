//! Cross-site request forgery: writes are taken from our own pages only (ASVS 3.5.1).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::app::SharedApp;
use crate::http::page_error::PageError;
use crate::view::language::Trouble;

/// Refuses a write unless the browser says that it comes from our own origin. Every current browser
/// sends `Sec-Fetch-Site`; `Origin` is the older sign; a write with neither is refused.
pub(super) async fn refuse(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || is_same_origin(request.headers(), app.config.issuer()) {
        return next.run(request).await;
    }
    PageError::told(StatusCode::FORBIDDEN, Trouble::OtherSite).into_response()
}

fn is_same_origin(headers: &HeaderMap, issuer: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text(header::ORIGIN.as_str())) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin == issuer,
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a70_only_our_own_pages_write() {
        let issuer = "https://id.brand.example";
        for (headers, accepted) in [
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "none")], true),
            (vec![("sec-fetch-site", "same-site")], false),
            (
                vec![("sec-fetch-site", "cross-site"), ("origin", issuer)],
                false,
            ),
            (vec![("origin", issuer)], true),
            (vec![("origin", "null")], false),
            (vec![("origin", "https://id.brand.example.evil")], false),
            (vec![], false),
        ] {
            let map = headers
                .iter()
                .map(|(name, value)| {
                    (
                        name.parse().expect("a name"),
                        value.parse().expect("a value"),
                    )
                })
                .collect::<HeaderMap>();
            assert_eq!(is_same_origin(&map, issuer), accepted, "{headers:?}");
        }
    }
}
