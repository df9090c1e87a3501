//! A brand's words and logo on the pages that its customers see, and the page of a site's buttons.

use axum::body::Body;
use axum::http::{Method, StatusCode};

use crate::dashboard::staff_with_brand;
use crate::harness::{Answer, Browser, TestApp};

/// A picture of one pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0,
    0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 13, b'I', b'D', b'A', b'T',
    0x78, 0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0xf0, 0x1f, 0, 5, 0, 1, 0xff, 0x89, 0x99, 0x3d, 0x1d, 0, 0,
    0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

async fn send_logo(browser: &mut Browser, file: &[u8]) -> Answer {
    let body = [
        b"--XX\r\ncontent-disposition: form-data; name=\"logo\"; filename=\"../../x.svg\"\r\n\
          content-type: text/html\r\n\r\n",
        file,
        b"\r\n--XX--\r\n",
    ]
    .concat();
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("content-type", "multipart/form-data; boundary=XX"),
    ];
    browser
        .send(
            Method::POST,
            "/dashboard/bakery/look/logo",
            &headers,
            Body::from(body),
        )
        .await
}

async fn login_page(test: &TestApp, lang: &str) -> String {
    let mut visitor = test.browser();
    let begun = visitor
        .get(&format!("/login?brand=bakery&lang={lang}"))
        .await;
    visitor.get(begun.location()).await.text()
}

fn logo_of(html: &str) -> Option<&str> {
    html.split("class=\"brand-logo\" src=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
}

#[tokio::test]
async fn a137_a_logo_is_a_picture_and_is_served_as_one() {
    let test = TestApp::start().await;
    let mut staff = staff_with_brand(&test).await;

    let taken = send_logo(&mut staff, PNG).await;
    let html = login_page(&test, "en").await;
    let address = logo_of(&html).expect("a logo").to_owned();
    let served = test.browser().get(&address).await;

    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
    assert!(
        !address.contains("..") && address.strip_suffix(".png").is_some(),
        "{address}"
    );
    assert_eq!(served.status, StatusCode::OK);
    assert_eq!(served.body, PNG);
    assert_eq!(served.header("content-type"), "image/png");
    assert_eq!(served.header("x-content-type-options"), "nosniff");
    assert_eq!(
        served.header("content-security-policy"),
        "default-src 'none'; sandbox"
    );
    assert_eq!(served.header("set-cookie"), "");

    for bad in [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".as_slice(),
        b"GIF89a",
        b"",
        &PNG[..40],
    ] {
        let refused = send_logo(&mut staff, bad).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let large = vec![0; 300 * 1024];
    let refused = send_logo(&mut staff, &large).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        logo_of(&login_page(&test, "en").await),
        Some(address.as_str())
    );

    staff
        .post_form("/dashboard/bakery/look/logo/remove", &[])
        .await;
    assert_eq!(logo_of(&login_page(&test, "en").await), None);
    let gone = test.browser().get(&address).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(
        crate::dashboard::audited(&test, "brand.logo_changed").await,
        1
    );
}

#[tokio::test]
async fn a_brand_says_what_it_likes_in_each_language_and_nothing_of_it_runs() {
    let test = TestApp::start().await;
    let mut staff = staff_with_brand(&test).await;
    let hostile = "<script>alert(1)</script>{{7*7}}";

    let saved = staff
        .post_form(
            "/dashboard/bakery/look",
            &[
                ("headline-", "Bread from six"),
                ("line-", hostile),
                ("headline-de", "Brot ab sechs"),
            ],
        )
        .await;
    let english = login_page(&test, "en").await;
    let german = login_page(&test, "de").await;
    let long = "x".repeat(81);
    let refused = staff
        .post_form("/dashboard/bakery/look", &[("headline-fr", &long)])
        .await;

    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    assert!(english.contains("Bread from six") && !english.contains("<script>alert"));
    assert!(english.contains("{{7*7}}"));
    assert!(german.contains("Brot ab sechs") && !german.contains("Bread from six"));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(login_page(&test, "en").await.contains("Bread from six"));
}

#[tokio::test]
async fn a_sites_buttons_are_tried_out_and_turn_green_when_the_site_loads_them() {
    let test = TestApp::start().await;
    let mut staff = staff_with_brand(&test).await;
    let fields = [
        ("name", "The shop"),
        ("kind", "web"),
        ("redirect_uris", "https://shop.example/"),
    ];
    staff.post_form("/dashboard/bakery/sites", &fields).await;
    let sites = staff.get("/dashboard/bakery/sites").await.text();
    let address = sites
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|href| href.ends_with("/configure"))
        .expect("a link to the page of buttons")
        .to_owned();

    let page = staff.get(&address).await.text();
    let trial = staff
        .get(&format!(
            "{address}?label=sign-up&theme=neutral&ink=%23999999&flow=popup&layout=%22"
        ))
        .await
        .text();
    // The dashboard's own page shows the element too, and asks from our own origin.
    let client = page
        .split("client-id=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("the element");
    let config = format!("/v1/embed/config?client_id={client}");
    let own = staff.get(&config).await;
    assert_eq!(own.status, StatusCode::OK, "{}", own.text());
    let still = staff.get(&address).await.text();
    let origin = [("origin", "https://shop.example")];
    test.browser()
        .send(Method::GET, &config, &origin, Body::empty())
        .await;
    let green = staff.get(&address).await.text();

    assert_eq!(page.matches("<befriend-sign-in").count(), 3);
    assert!(page.contains("data-seen=\"no\""));
    assert!(trial.contains("Too weak"));
    assert!(
        trial.contains("label=&#34;sign-up&#34; theme=&#34;neutral&#34; flow=&#34;popup&#34;"),
        "{trial}"
    );
    assert!(still.contains("data-seen=\"no\""));
    assert!(green.contains("data-seen=\"yes\""));
}
