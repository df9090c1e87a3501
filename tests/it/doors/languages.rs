//! Pages in the reader's language, from the first to the last.

use axum::body::Body;
use axum::http::{Method, StatusCode};

use crate::harness::Browser;
use crate::oidc::world::{World, authorize_path};

async fn get_as(browser: &mut Browser, path: &str, accepts: &str) -> crate::harness::Answer {
    let headers = [("accept-language", accepts), ("sec-fetch-site", "none")];
    browser
        .send(Method::GET, path, &headers, Body::empty())
        .await
}

#[tokio::test]
async fn the_sites_language_is_kept_through_the_flow() {
    let world = World::start().await;
    let mut browser = world.test.browser();

    let path = authorize_path("bakery.web", &[("ui_locales", "xx ar-EG en")]);
    let begun = get_as(&mut browser, &path, "fr").await;
    let login = get_as(&mut browser, begun.location(), "fr").await;
    let chosen = format!("{}&lang=pt", begun.location());
    let portuguese = get_as(&mut browser, &chosen, "fr").await;
    let stays = get_as(&mut browser, begun.location(), "fr").await;
    let error = get_as(&mut browser, "/login?flow=flw_x", "fr").await;

    assert!(
        login.text().contains("lang=\"ar\" dir=\"rtl\""),
        "{}",
        login.text()
    );
    assert!(login.text().contains("تسجيل الدخول إلى The bakery"));
    assert!(portuguese.text().contains("Entrar em The bakery"));
    assert!(stays.text().contains("lang=\"pt\" dir=\"ltr\""));
    assert_eq!(error.status, StatusCode::NOT_FOUND);
    assert!(
        error.text().contains("Esta entrada já não existe"),
        "{}",
        error.text()
    );
}

#[tokio::test]
async fn a_browser_that_was_told_nothing_says_what_it_prefers() {
    let world = World::start().await;
    for (accepts, heading) in [
        ("de-CH,de;q=0.9", "Bei The bakery abmelden?"),
        ("fr", "Se déconnecter de The bakery ?"),
        ("es", "¿Cerrar sesión en The bakery?"),
        ("ja", "Sign out of The bakery?"),
    ] {
        let mut browser = world.test.browser();
        let page = get_as(&mut browser, "/logout?brand=bakery", accepts).await;
        assert!(page.text().contains(heading), "{accepts}");
        assert!(browser.cookies.is_empty(), "nothing is kept unasked");
    }
}

#[tokio::test]
async fn the_element_is_given_its_texts() {
    let world = World::start().await;
    let mut browser = world.test.browser();

    for (lang, direction, text) in [
        ("ar-EG", "rtl", "المتابعة باستخدام {}"),
        ("fr", "ltr", "Continuer avec {}"),
        ("zz", "ltr", "Continue with {}"),
    ] {
        let path = format!("/v1/embed/config?client_id=bakery.web&lang={lang}");
        let config = browser.get(&path).await.json();
        assert_eq!(config["words"]["dir"], direction);
        assert_eq!(config["words"]["texts"][0], text);
        assert_eq!(config["words"]["texts"].as_array().unwrap().len(), 8);
    }
}
