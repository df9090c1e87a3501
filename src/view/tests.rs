//! Every page is rendered with its sample, as written and with hostile texts.

use super::dashboard::{
    ApplicationsPage, BrandsPage, ComplaintsPage, ConfigurePage, CustomerPage, CustomersPage,
    ImportsPage, KeepInTouchPage, KeyPage, KeysPage, LetterPage, LivePage, LookPage, MailPage,
    NetworkPage, OverviewPage, PreviewState, ProviderPage, ProvidersPage, RejectPage,
    RulesDraftPage, RulesPage, RulesPreviewPage, RulesTakeBackPage, RulesTextPage,
    RulesVersionPage, WaysPage,
};
use super::errors::ErrorsPage;
use super::hosted::{
    AllowPage, AppNewPage, ConsentPage, EmailCodePage, EmailPage, ErrorPage, HandOffPage, JoinPage,
    LinkPage, LoginPage, MailCodePage, MailLinkPage, MePage, MePasswordPage, NewPasswordPage,
    PasskeyNewPage, PasskeySignUpPage, PasswordPage, PreferencesPage, RecoveryCodesPage, ResetPage,
    SecondFactorPage, SecurityPage, SignOutPage, SignUpPage, SignedOutPage, StepPage,
    TestProviderPage, WindowDonePage,
};
use super::sample::{HOSTILE, Words};
use super::staff::{StaffLoginPage, StaffSetupPage};
use super::{assets, render};

/// A page's name and its HTML.
type Rendered = (&'static str, String);

/// Every page in every state, with the given texts.
#[expect(clippy::too_many_lines, reason = "a list is read best in one piece")]
fn pages(words: Words) -> Vec<Rendered> {
    macro_rules! rendered {
        ($($name:literal => $page:expr),+ $(,)?) => {
            vec![$(($name, render(&$page).unwrap())),+]
        };
    }
    rendered![
        "login" => LoginPage::sample(words),
        "login-arabic" => LoginPage::sample_arabic(),
        "login-again" => LoginPage::sample_again(words),
        "email" => EmailPage::sample(words),
        "email-code" => EmailCodePage::sample(words),
        "email-code-refused" => EmailCodePage::sample_refused(words),
        "mail-link" => MailLinkPage::sample(words),
        "mail-code" => MailCodePage::sample(words),
        "password" => PasswordPage::sample(words),
        "sign-up" => SignUpPage::sample(words),
        "reset" => ResetPage::sample(words),
        "new-password" => NewPasswordPage::sample(words),
        "new-password-by-link" => NewPasswordPage::sample_by_link(words),
        "me-password" => MePasswordPage::sample(words),
        "me-password-new" => MePasswordPage::sample_new(words),
        "consent" => ConsentPage::sample(words),
        "allow" => AllowPage::sample(words),
        "link" => LinkPage::sample(words),
        "test-provider" => TestProviderPage::sample(words),
        "hand-off" => HandOffPage::sample(words),
        "window-done" => WindowDonePage::sample(words),
        "preferences" => PreferencesPage::sample(words),
        "preferences-stopped" => PreferencesPage::sample_stopped(words),
        "sign-out" => SignOutPage::sample(words),
        "signed-out" => SignedOutPage::sample(words),
        "error" => ErrorPage::sample(words),
        "error-without-brand" => ErrorPage::sample_without_brand(),
        "join" => JoinPage::sample(words),
        "step" => StepPage::sample(words),
        "step-done" => StepPage::sample_done(words),
        "me" => MePage::sample(words),
        "me-new" => MePage::sample_new(words),
        "security" => SecurityPage::sample(words),
        "security-empty" => SecurityPage::sample_empty(words),
        "passkey-new" => PasskeyNewPage::sample(words),
        "passkey-sign-up" => PasskeySignUpPage::sample(words),
        "app-new" => AppNewPage::sample(words),
        "recovery-codes" => RecoveryCodesPage::sample(words),
        "second-factor" => SecondFactorPage::sample(words),
        "staff-set-up" => StaffSetupPage::sample(words),
        "staff-sign-in" => StaffLoginPage::sample(words),
        "overview" => OverviewPage::sample(words),
        "overview-share" => OverviewPage::sample_share(words),
        "overview-empty" => OverviewPage::sample_empty(words),
        "customers" => CustomersPage::sample(words),
        "customers-none-found" => CustomersPage::sample_none_found(words),
        "keep-in-touch" => KeepInTouchPage::sample(words),
        "keep-in-touch-empty" => KeepInTouchPage::sample_empty(words),
        "customers-empty" => CustomersPage::sample_empty(words),
        "customer" => CustomerPage::sample(words),
        "customer-ahead" => CustomerPage::sample_ahead(words),
        "customer-new" => CustomerPage::sample_new(words),
        "complaints" => ComplaintsPage::sample(words),
        "complaints-empty" => ComplaintsPage::sample_empty(words),
        "network" => NetworkPage::sample(words),
        "network-empty" => NetworkPage::sample_empty(words),
        "live" => LivePage::sample(words),
        "live-empty" => LivePage::sample_empty(words),
        "mail" => MailPage::sample(words),
        "mail-empty" => MailPage::sample_empty(words),
        "letter" => LetterPage::sample(words),
        "reject" => RejectPage::sample(words),
        "reject-refused" => RejectPage::sample_refused(words),
        "reject-barred" => RejectPage::sample_barred(words),
        "reject-done" => RejectPage::sample_done(words),
        "errors" => ErrorsPage::sample(words),
        "rules" => RulesPage::sample(words),
        "rules-with-draft" => RulesPage::sample_with_draft(words),
        "rules-draft" => RulesDraftPage::sample(words),
        "rules-draft-new" => RulesDraftPage::sample_new(words),
        "rules-draft-refused" => RulesDraftPage::sample_refused(words),
        "rules-text" => RulesTextPage::sample(words),
        "rules-text-clean" => RulesTextPage::sample_clean(words),
        "rules-preview" => RulesPreviewPage::sample(words, PreviewState::None),
        "rules-preview-running" => RulesPreviewPage::sample_running(words),
        "rules-preview-failed" => RulesPreviewPage::sample_failed(words),
        "rules-preview-done" => RulesPreviewPage::sample_done(words),
        "rules-version" => RulesVersionPage::sample(words),
        "rules-take-back" => RulesTakeBackPage::sample(words),
        "brands" => BrandsPage::sample(words),
        "brands-empty" => BrandsPage::sample_empty(words),
        "applications" => ApplicationsPage::sample(words),
        "applications-empty" => ApplicationsPage::sample_empty(words),
        "provider" => ProviderPage::sample(words),
        "provider-failed" => ProviderPage::sample_failed(words),
        "providers" => ProvidersPage::sample(words),
        "providers-empty" => ProvidersPage::sample_empty(words),
        "configure" => ConfigurePage::sample(words),
        "configure-seen" => ConfigurePage::sample_seen(words),
        "look" => LookPage::sample(words),
        "ways" => WaysPage::sample(words),
        "imports" => ImportsPage::sample(words),
        "imports-empty" => ImportsPage::sample_empty(words),
        "keys" => KeysPage::sample(words),
        "keys-empty" => KeysPage::sample_empty(words),
        "key" => KeyPage::sample(words),
        "key-browser" => KeyPage::sample_browser(words),
    ]
}

/// The start tags of a page, without their angle brackets.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<')
        .skip(1)
        .filter(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic()))
        .filter_map(|rest| rest.split('>').next())
}

/// The values of an attribute within a page.
fn values<'html>(html: &'html str, attribute: &str) -> Vec<&'html str> {
    let opening = format!(" {attribute}=\"");
    tags(html)
        .filter_map(|tag| tag.split(opening.as_str()).nth(1)?.split('"').next())
        .collect()
}

#[test]
fn every_page_has_one_heading_and_a_title() {
    for (name, html) in pages(Words::Plain) {
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert_eq!(html.matches("<main").count(), 1, "{name}");
        assert!(html.starts_with("<!doctype html>"), "{name}");
        assert!(
            html.contains("<title>") && !html.contains("<title></title>"),
            "{name}"
        );
    }
}

#[test]
fn no_page_needs_inline_styles_or_scripts() {
    for (name, html) in pages(Words::Plain) {
        for tag in tags(&html) {
            assert!(!tag.contains(" style="), "{name}: {tag}");
            let is_handler = |part: &str| part.starts_with("on") && part.contains('=');
            assert!(!tag.split_whitespace().any(is_handler), "{name}: {tag}");
            assert!(!tag.starts_with("style"), "{name}: {tag}");
            if tag.starts_with("script") {
                let is_ours = [" src=\"/assets/", " src=\"/embed.js\""];
                assert!(is_ours.iter().any(|src| tag.contains(src)), "{name}: {tag}");
            }
        }
        assert!(!html.contains("javascript:"), "{name}");
    }
}

#[test]
fn every_input_has_a_label() {
    for (name, html) in pages(Words::Plain) {
        let labelled = values(&html, "for");
        for tag in tags(&html) {
            let is_field = ["input ", "textarea ", "select "]
                .iter()
                .any(|element| tag.starts_with(element));
            if !is_field || tag.contains(" type=\"hidden\"") {
                continue;
            }
            let id = tag
                .split(" id=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            assert!(
                id.is_some_and(|id| labelled.contains(&id)),
                "{name}: {tag} has no label"
            );
        }
    }
}

#[test]
fn ids_are_unique_and_references_lead_to_them() {
    for (name, html) in pages(Words::Plain) {
        let ids = values(&html, "id");
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{name}: {ids:?}");
        for attribute in ["for", "aria-labelledby", "aria-describedby", "data-copy"] {
            for id in values(&html, attribute) {
                assert!(ids.contains(&id), "{name}: {attribute}={id}");
            }
        }
    }
}

#[test]
fn hostile_texts_are_escaped_everywhere() {
    for (name, html) in pages(Words::Hostile) {
        assert!(!html.contains("<script>"), "{name}");
        assert!(!html.contains("<img src=x"), "{name}");
        assert!(!html.contains(HOSTILE), "{name}");
        for tag in tags(&html) {
            let outside_quotes: String = tag.split('"').step_by(2).collect();
            assert!(!outside_quotes.contains("onerror"), "{name}: {tag}");
        }
    }
}

#[test]
fn hostile_texts_do_reach_the_pages() {
    let reached = pages(Words::Hostile)
        .iter()
        .filter(|(_, html)| html.contains("alert(1)"))
        .count();

    // The pages whose samples take no texts are the only ones left out.
    assert_eq!(reached, pages(Words::Plain).len() - 2);
}

#[test]
fn every_asset_that_a_page_names_is_served() {
    for (name, html) in pages(Words::Plain) {
        let addresses = values(&html, "href")
            .into_iter()
            .chain(values(&html, "src"));
        for address in addresses.filter(|address| address.starts_with(assets::PREFIX)) {
            assert!(assets::lookup(address).is_some(), "{name}: {address}");
        }
    }
}

#[test]
fn pages_keep_their_place_in_the_budget() {
    use std::io::Write as _;

    let compressed = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap().len()
    };
    let style = assets::lookup(&assets::asset_url("befriend.css"))
        .unwrap()
        .gzip
        .len();
    let scripts: usize = ["dashboard.js", "live.js", "passkey.js"]
        .map(|name| assets::lookup(&assets::asset_url(name)).unwrap().gzip.len())
        .iter()
        .sum();

    assert!(scripts <= 6 * 1024, "scripts are {scripts} bytes");
    for (name, html) in pages(Words::Plain) {
        let limit = if name.starts_with("login") { 14 } else { 40 } * 1024;
        let size = compressed(html.as_bytes()) + style;
        assert!(size <= limit, "{name} is {size} bytes");
    }
}
