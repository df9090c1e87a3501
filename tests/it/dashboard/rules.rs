//! The rules on pages: read, changed in a draft, previewed, published, taken back.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::pages::{Shop, track};
use super::{audited, staff_with_brand};
use crate::harness::{Answer, Browser, TestApp, start_of_time};

const INVESTMENT: &str = "rules[1].when.all[0].score.at_least";
const DAYS: &str = "rules[1].when.all[1].qualifying_days.at_least";

/// The inputs of a page's first form to a path, as a browser would send them.
fn form(page: &str, action: &str) -> Vec<(String, String)> {
    let opening = format!("action=\"/dashboard/bakery/{action}\"");
    let start = page
        .find(&opening)
        .unwrap_or_else(|| panic!("no form to {action}: {page}"));
    let end = start + page[start..].find("</form>").unwrap();
    let attribute = |tag: &str, name: &str| {
        let opening = format!(" {name}=\"");
        let rest = tag.split(opening.as_str()).nth(1)?;
        Some(
            rest.split('"')
                .next()?
                .replace("&#34;", "\"")
                .replace("&#38;", "&"),
        )
    };
    page[start..end]
        .split("<input ")
        .skip(1)
        .filter_map(|rest| {
            let tag = format!(" {}", rest.split('>').next()?);
            Some((attribute(&tag, "name")?, attribute(&tag, "value")?))
        })
        .collect()
}

fn set(fields: &mut Vec<(String, String)>, name: &str, value: &str) {
    fields.retain(|(field, _)| field != name);
    fields.push((name.to_owned(), value.to_owned()));
}

async fn see(browser: &mut Browser, page: &str) -> String {
    let answer = browser.get(&format!("/dashboard/bakery/{page}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.text());
    answer.text()
}

async fn send(browser: &mut Browser, page: &str, fields: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    browser
        .post_form(&format!("/dashboard/bakery/{page}"), &fields)
        .await
}

/// Somebody who signed up, agreed, and bought twice: an acquaintance.
fn bought_twice() -> Vec<Value> {
    let order = |id: &str, days_ago| {
        let properties = json!({ "order_id": id, "total": 42.5, "currency": "CHF" });
        track(id, "Order Completed", days_ago, &properties)
    };
    vec![
        json!({
            "type": "identify",
            "messageId": "who",
            "userId": "4711",
            "timestamp": (start_of_time() - TimeDelta::days(70)).to_rfc3339(),
            "traits": { "name": "Anna Keller", "email": "anna@example.com" },
        }),
        track("s", "Signed Up", 70, &json!({})),
        track("c", "Consent Given", 70, &json!({})),
        order("o1", 60),
        order("o2", 30),
    ]
}

async fn stage(test: &TestApp) -> i16 {
    sqlx::query_scalar("select stage from standing")
        .fetch_one(&test.app.pool)
        .await
        .unwrap()
}

/// Lets everybody be looked at.
async fn settle(test: &TestApp) {
    test.app.projector.drain().await.unwrap();
    test.app.projector.sweep().await.unwrap();
    test.app.projector.drain().await.unwrap();
}

/// Asks until the preview is there; each answer must come at once.
async fn previewed(browser: &mut Browser) -> String {
    let started = Instant::now();
    loop {
        let asked = Instant::now();
        let page = see(browser, "rules/preview").await;
        assert!(asked.elapsed() < Duration::from_secs(5));
        if !page.contains("http-equiv=\"refresh\"") {
            return page;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "{page}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_brand_begins_with_the_default_rules_in_words() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;

    let page = browser.get("/dashboard/bakery/rules").await;

    assert_eq!(page.status, StatusCode::OK);
    let body = page.text();
    for said in [
        "Version 1, published 15 Jan 2026, holds for all history",
        "How people warm",
        "How people cool",
        "With a discount of <strong>20</strong> % or more: <strong>6</strong> investment",
        "Familiarity halves every <strong>60</strong> days",
        "by Befriend",
    ] {
        assert!(body.contains(said), "{said}: {body}");
    }
    assert!(!body.contains("take-back\""), "the first version stays");
}

#[tokio::test]
async fn a_threshold_is_changed_previewed_published_and_taken_back() {
    let mut shop = Shop::open().await;
    shop.send(&bought_twice()).await;
    assert_eq!(stage(&shop.test).await, 1);
    let browser = &mut shop.browser;

    // Changed in place: a draft, and nobody moves.
    let mut fields = form(&see(browser, "rules/draft").await, "rules/draft");
    set(&mut fields, INVESTMENT, "15");
    set(&mut fields, DAYS, "2");
    let saved = send(browser, "rules/draft", &fields).await;
    assert_eq!(
        saved.location(),
        "/dashboard/bakery/rules/draft?done=saved",
        "{}",
        saved.text()
    );
    let draft = see(browser, "rules/draft").await;
    assert!(
        draft.contains("<del>investment is at least 24 points</del>"),
        "{draft}"
    );
    assert!(
        draft.contains("<ins>investment is at least 15 points</ins>"),
        "{draft}"
    );
    assert!(
        see(browser, "rules")
            .await
            .contains("It changes 2 sentences")
    );
    assert_eq!(stage(&shop.test).await, 1);

    // Tried on what has happened: one person would warm, by name.
    let mode = [("mode".to_owned(), "from_now_on".to_owned())];
    let started = send(browser, "rules/preview", &mode).await;
    assert_eq!(started.location(), "/dashboard/bakery/rules/preview");
    let preview = previewed(browser).await;
    assert!(
        preview.contains("1 of 1 person would stand elsewhere."),
        "{preview}"
    );
    assert!(preview.contains("Anna Keller"), "{preview}");
    assert!(preview.contains("number move-warm\">1<"), "{preview}");
    assert_eq!(stage(&shop.test).await, 1);

    // Published, but not without a reason.
    let mut fields = form(&preview, "rules/publish");
    set(&mut fields, "applies", "from_now_on");
    let refused = send(browser, "rules/publish", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused
            .text()
            .contains("Say in a sentence why the rules change.")
    );
    set(&mut fields, "note", "Two orders make a regular <of> ours");
    let published = send(browser, "rules/publish", &fields).await;
    assert_eq!(
        published.location(),
        "/dashboard/bakery/rules?done=published",
        "{}",
        published.text()
    );
    settle(&shop.test).await;
    assert_eq!(stage(&shop.test).await, 2);
    let page = see(browser, "rules").await;
    assert!(
        page.contains("Version 2, published 15 Jan 2026, holds from 15 Jan 2026, 12:00 UTC on"),
        "{page}"
    );
    assert!(page.contains("by Mara Lindqvist"), "{page}");
    assert!(
        page.contains("Two orders make a regular &#60;of&#62; ours"),
        "{page}"
    );
    assert!(!page.contains("There is a draft"), "{page}");
    assert_eq!(audited(&shop.test, "rules.published").await, 1);

    // Taken back: everybody stands as if it had never been.
    let ask = see(browser, "rules/versions/2/take-back").await;
    assert!(ask.contains("version 1 holds"), "{ask}");
    assert!(
        ask.contains("<ins>investment is at least 24 points</ins>"),
        "{ask}"
    );
    let done = send(browser, "rules/versions/2/take-back", &[]).await;
    assert_eq!(done.location(), "/dashboard/bakery/rules?done=taken-back");
    settle(&shop.test).await;
    assert_eq!(stage(&shop.test).await, 1);
    let page = see(browser, "rules").await;
    assert!(
        page.contains("taken back 15 Jan 2026 by Mara Lindqvist"),
        "{page}"
    );
    assert!(page.contains("Version 1, published"), "{page}");
    let again = send(browser, "rules/versions/2/take-back", &[]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn bad_figures_are_told_at_their_field_and_what_was_typed_stays() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;
    let mut fields = form(&see(&mut browser, "rules/draft").await, "rules/draft");
    set(&mut fields, INVESTMENT, "many");
    set(&mut fields, "half_life_days.trust", "0");
    set(&mut fields, "stages.friend", "Stammgast");

    let answer = send(&mut browser, "rules/draft", &fields).await;

    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = answer.text();
    assert!(page.contains("value=\"many\""), "{page}");
    assert!(page.contains("value=\"Stammgast\""), "{page}");
    assert!(
        page.contains(&format!("id=\"{INVESTMENT}-error\"")),
        "{page}"
    );
    assert!(page.contains(&format!("href=\"#{INVESTMENT}\"")), "{page}");
    assert!(
        see(&mut browser, "rules")
            .await
            .contains("Change these rules")
    );

    // A figure that can be read but not used.
    set(&mut fields, INVESTMENT, "24");
    let answer = send(&mut browser, "rules/draft", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains("id=\"half_life_days.trust-error\""));
}

#[tokio::test]
async fn a_document_is_saved_as_typed_and_its_faults_are_told_by_line() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;
    let page = see(&mut browser, "rules/draft/text").await;
    assert!(page.contains("name: Default"), "{page}");
    let mut fields = form(&page, "rules/draft/text");
    set(
        &mut fields,
        "document",
        "name: Mine\r\nhalf_live_days: { familiarity: 60 }\r\n# <kept>\r\n",
    );

    let saved = send(&mut browser, "rules/draft/text", &fields).await;
    assert_eq!(
        saved.location(),
        "/dashboard/bakery/rules/draft/text?done=saved",
        "{}",
        saved.text()
    );

    let page = see(&mut browser, "rules/draft/text").await;
    assert!(page.contains("Line 2, column 1"), "{page}");
    assert!(page.contains("half_life_days"), "{page}");
    assert!(page.contains("# &#60;kept&#62;"), "{page}");
    // What cannot be read cannot be shown in sentences, previewed or published.
    for other in ["rules/draft", "rules/preview"] {
        let answer = browser.get(&format!("/dashboard/bakery/{other}")).await;
        assert_eq!(
            answer.location(),
            "/dashboard/bakery/rules/draft/text",
            "{other}"
        );
    }
    let mut fields = form(&page, "rules/draft/text");
    fields.push(("note".to_owned(), "Never mind the faults".to_owned()));
    let answer = send(&mut browser, "rules/publish", &fields).await;
    assert_eq!(answer.location(), "/dashboard/bakery/rules/draft/text");
    assert_eq!(audited(&test, "rules.published").await, 0);
}

#[tokio::test]
async fn two_people_do_not_write_over_each_other_unawares() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;
    let mut other = browser.clone();
    let mut mine = form(&see(&mut browser, "rules/draft").await, "rules/draft");
    let mut theirs = form(&see(&mut other, "rules/draft").await, "rules/draft");
    set(&mut mine, INVESTMENT, "20");
    set(&mut theirs, INVESTMENT, "30");

    send(&mut other, "rules/draft", &theirs).await;
    let refused = send(&mut browser, "rules/draft", &mine).await;

    assert_eq!(refused.status, StatusCode::CONFLICT);
    let page = refused.text();
    assert!(page.contains("somebody changed the draft"), "{page}");
    assert!(page.contains("value=\"20\""), "{page}");
    // Having been told, they decide.
    let mut again = form(&page, "rules/draft");
    set(&mut again, INVESTMENT, "20");
    let saved = send(&mut browser, "rules/draft", &again).await;
    assert_eq!(saved.location(), "/dashboard/bakery/rules/draft?done=saved");

    // A version that is published meanwhile makes the draft stale, and publishing it is refused.
    let preview = see(&mut browser, "rules/preview").await;
    let mut publish = form(&preview, "rules/publish");
    set(&mut publish, "applies", "history");
    set(&mut publish, "note", "First");
    let stale = publish.clone();
    assert_eq!(
        send(&mut browser, "rules/publish", &publish)
            .await
            .location(),
        "/dashboard/bakery/rules?done=published"
    );
    let refused = send(&mut other, "rules/publish", &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(audited(&test, "rules.published").await, 1);
}

#[tokio::test]
async fn a_draft_begins_with_a_preset_and_can_be_thrown_away() {
    let test = TestApp::start().await;
    let mut browser = staff_with_brand(&test).await;
    let mut fields = form(
        &see(&mut browser, "rules/draft").await,
        "rules/draft/preset",
    );
    set(&mut fields, "preset", "club");

    let begun = send(&mut browser, "rules/draft/preset", &fields).await;
    assert_eq!(
        begun.location(),
        "/dashboard/bakery/rules/draft?done=preset",
        "{}",
        begun.text()
    );

    let page = see(&mut browser, "rules/draft").await;
    assert!(page.contains("Membership Started"), "{page}");
    let text = see(&mut browser, "rules/draft/text").await;
    assert!(text.contains("# For a club"), "comments are kept: {text}");
    assert!(text.contains("These rules can be used"), "{text}");
    let gone = send(&mut browser, "rules/draft/discard", &[]).await;
    assert_eq!(gone.location(), "/dashboard/bakery/rules?done=discarded");
    assert!(
        see(&mut browser, "rules")
            .await
            .contains("Change these rules")
    );
}

#[tokio::test]
async fn the_schema_is_served_to_editors() {
    let test = TestApp::start().await;

    let answer = test.browser().get("/schemas/rule-set.json").await;

    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/schema+json");
    assert_eq!(answer.json()["title"], "Befriend rule set");
}
