use super::*;
use crate::application::Kind;
use crate::kernel::Entropy;
use crate::kernel::id::{ApplicationId, BrandId, ProfileId, SessionId};
use crate::session::Method;

const ISSUER: &str = "https://id.example";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a valid instant")
}

fn application() -> Application {
    let entropy = Entropy::seeded(1);
    Application {
        brand_id: BrandId::new(now(), &entropy),
        application_id: ApplicationId::new(now(), &entropy),
        client_id: "bakery.web".to_owned(),
        name: "Shop".to_owned(),
        kind: Kind::Browser,
        secret_hash: None,
        redirect_uris: vec!["https://shop.example/cb?x=1".to_owned()],
        logout_uris: Vec::new(),
        settings: crate::application::Settings::default(),
    }
}

/// A right request with some parameters set otherwise; an empty value removes one.
fn request(changes: &[(&str, &str)]) -> Params {
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", "bakery.web"),
        ("redirect_uri", "https://shop.example/cb?x=1"),
        ("scope", "openid profile email"),
        ("state", "s p&t"),
        ("nonce", "n"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    pairs.extend(changes);
    let query = with_query("", &pairs);
    Params::parse(query.trim_start_matches('?'))
}

fn authorization(changes: &[(&str, &str)]) -> Authorization {
    check(&request(changes), &application(), Channel::Front).expect("a right request")
}

fn session(age: TimeDelta) -> Session {
    let entropy = Entropy::seeded(2);
    Session {
        brand_id: BrandId::new(now(), &entropy),
        session_id: SessionId::new(now(), &entropy),
        profile_id: ProfileId::new(now(), &entropy),
        connection_id: None,
        method: Method::Social,
        authenticated_at: now() - age,
        second_factor_at: None,
        created_at: now() - age,
    }
}

#[test]
fn a_right_request_is_taken_as_it_is() {
    let taken = authorization(&[
        ("prompt", "login"),
        ("max_age", "60"),
        ("provider", "google"),
        ("ui_locales", "de fr"),
        ("unknown", "ignored"),
    ]);

    assert_eq!(taken.state.as_deref(), Some("s p&t"));
    assert_eq!(taken.scope.to_string(), "openid profile email");
    assert_eq!(taken.prompt, Prompt::Always);
    assert_eq!(taken.max_age, Some(60));
    assert_eq!(taken.provider.as_deref(), Some("google"));
    let stored = serde_json::to_value(&taken).expect("plain data");
    let read: Authorization = serde_json::from_value(stored).expect("its own form");
    assert_eq!(read, taken);
}

#[test]
fn s2_s23_a_bad_client_or_redirect_is_never_redirected() {
    assert_eq!(client_id(&request(&[])), Ok("bakery.web"));
    assert_eq!(
        client_id(&request(&[("client_id", "")])),
        Err(PageFault::Client)
    );
    assert_eq!(
        client_id(&Params::parse("client_id=a&client_id=b")),
        Err(PageFault::Client)
    );
    for uri in ["", "https://shop.example/cb", "https://evil.example/"] {
        // Wrong in other ways too: the redirect is judged first.
        let params = request(&[("redirect_uri", uri), ("response_type", "token")]);
        assert_eq!(
            check(&params, &application(), Channel::Front),
            Err(Refusal::Page(PageFault::RedirectUri)),
            "{uri}"
        );
    }
    let twice = Params::parse(&format!(
        "{}&redirect_uri=https://evil.example/",
        request(&[]).to_query()
    ));
    assert_eq!(
        check(&twice, &application(), Channel::Front),
        Err(Refusal::Page(PageFault::RedirectUri))
    );
}

#[test]
fn s3_s6_a113_other_faults_go_to_the_application() {
    let short = &CHALLENGE[1..];
    let long = "n".repeat(513);
    for (change, code) in [
        (("response_type", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (
            ("response_type", "code id_token"),
            "unsupported_response_type",
        ),
        (("response_mode", "form_post.jwt"), "invalid_request"),
        (("response_mode", "fragment"), "invalid_request"),
        (("scope", ""), "invalid_scope"),
        (("scope", "profile"), "invalid_scope"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", short), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("prompt", "none login"), "invalid_request"),
        (("prompt", "sudo"), "invalid_request"),
        (("max_age", "-1"), "invalid_request"),
        (("max_age", "soon"), "invalid_request"),
        (("nonce", long.as_str()), "invalid_request"),
        (("nonce", "\u{0}"), "invalid_request"),
        (("request", "ey"), "request_not_supported"),
        (
            ("request_uri", "http://169.254.169.254/"),
            "request_uri_not_supported",
        ),
        (("registration", "{}"), "registration_not_supported"),
    ] {
        let Err(Refusal::Redirect(answer)) =
            check(&request(&[change]), &application(), Channel::Front)
        else {
            panic!("{change:?} was not refused to the application");
        };
        assert_eq!(answer.fault.code.as_str(), code, "{change:?}");
        let location = answer.location(ISSUER);
        assert!(
            location.starts_with(&format!("https://shop.example/cb?x=1&error={code}&")),
            "{location}"
        );
        assert!(
            location.ends_with("&state=s+p%26t&iss=https%3A%2F%2Fid.example"),
            "{location}"
        );
    }
}

#[test]
fn a_malformed_state_is_refused_and_not_sent_back() {
    let Err(Refusal::Redirect(answer)) = check(
        &request(&[("state", "a\r\nb")]),
        &application(),
        Channel::Front,
    ) else {
        panic!("it was not refused");
    };

    assert!(!answer.location(ISSUER).contains("state="));
}

#[test]
fn s5_a_code_goes_with_state_and_issuer() {
    let location = authorization(&[]).location(&Secret::new("c0de"), ISSUER);

    assert_eq!(
        location,
        "https://shop.example/cb?x=1&code=c0de&state=s+p%26t&iss=https%3A%2F%2Fid.example"
    );
}

#[test]
fn s18_prompt_and_max_age_decide_whether_somebody_is_asked() {
    let minute = TimeDelta::minutes(1);
    let hour = TimeDelta::hours(1);
    let began = Some(now() - minute);
    let signed_in = |ago| Some(session(ago));
    for (changes, session, asked_at, expected) in [
        (vec![], None, None, "sign in"),
        (vec![], signed_in(hour), None, "issue"),
        (vec![("prompt", "none")], None, None, "refuse"),
        (vec![("prompt", "none")], signed_in(hour), None, "issue"),
        (
            vec![("prompt", "login")],
            signed_in(minute),
            None,
            "sign in",
        ),
        (
            vec![("prompt", "select_account")],
            signed_in(minute),
            None,
            "sign in",
        ),
        // After the sign-in that it asked for.
        (vec![("prompt", "login")], signed_in(minute), began, "issue"),
        // A sign-in that was begun and cancelled: the old session is no fresh proof.
        (vec![("prompt", "login")], signed_in(hour), began, "sign in"),
        (vec![("max_age", "3600")], signed_in(hour), None, "issue"),
        (vec![("max_age", "3599")], signed_in(hour), None, "sign in"),
        (vec![("max_age", "0")], signed_in(minute), began, "issue"),
        (
            vec![("max_age", "60"), ("prompt", "none")],
            signed_in(hour),
            None,
            "refuse",
        ),
    ] {
        let next = authorization(&changes).next(session.as_ref(), asked_at, now());
        let name = match next {
            Next::Issue => "issue",
            Next::SignIn => "sign in",
            Next::Refuse(answer) => {
                assert_eq!(answer.fault.code, ErrorCode::LoginRequired);
                "refuse"
            }
        };
        assert_eq!(name, expected, "{changes:?}");
    }
}
