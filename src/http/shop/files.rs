//! The shop's pages and pictures, carried in the program.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse as _;
use axum::routing::get;

use super::ShopSettings;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

macro_rules! files {
    ($($name:literal as $kind:expr),+ $(,)?) => {
        [$(($name, $kind, include_str!(concat!("../../../assets/shop/", $name)))),+]
    };
}

/// Every file: its name, its type and its text.
static FILES: [(&str, &str, &str); 16] = files! {
    "index.html" as HTML,
    "product.html" as HTML,
    "thanks.html" as HTML,
    "shop.css" as STYLE,
    "shop.js" as SCRIPT,
    "goods.js" as SCRIPT,
    "baguette.svg" as PICTURE,
    "bread.svg" as PICTURE,
    "cake.svg" as PICTURE,
    "cookie.svg" as PICTURE,
    "croissant.svg" as PICTURE,
    "front.svg" as PICTURE,
    "mark.svg" as PICTURE,
    "pretzel.svg" as PICTURE,
    "roll.svg" as PICTURE,
    "tart.svg" as PICTURE,
};

/// A route for each file; `/` is the first page.
pub(super) fn routes(settings: &ShopSettings) -> Router {
    let mut router = Router::new();
    for (name, kind, text) in &FILES {
        let text = if *kind == HTML {
            text.replace("{{ISSUER}}", &escaped(&settings.issuer))
                .replace("{{CLIENT_ID}}", &escaped(&settings.client_id))
        } else {
            (*text).to_owned()
        };
        let cached = if *kind == PICTURE {
            "public, max-age=86400"
        } else {
            "no-cache"
        };
        let serve = get(move || {
            let text = text.clone();
            async move { ([(CONTENT_TYPE, *kind), (CACHE_CONTROL, cached)], text).into_response() }
        });
        if *name == "index.html" {
            router = router.route("/", serve.clone());
        }
        router = router.route(&format!("/{name}"), serve);
    }
    router
}

/// Text within an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::FILES;

    #[test]
    fn every_file_of_the_shop_is_carried() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/shop");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut carried: Vec<&str> = FILES.iter().map(|(name, _, _)| *name).collect();
        there.sort();
        carried.sort_unstable();

        assert_eq!(there, carried);
    }
}
