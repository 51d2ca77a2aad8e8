//! Secrets in keys and texts.

use omtx_logging::{Logging, Redact, Redaction, Scope};
use proptest::prelude::*;
use tracing::{info, info_span};

use crate::support::{lines_of, valid};

#[track_caller]
fn check(text: &str, expected: &str) {
    let mut out = String::new();
    let redaction = Redaction::new();
    if redaction.rewrite("message", text, &mut out) {
        assert_eq!(out, expected);
        let mut again = String::new();
        if redaction.rewrite("message", &out, &mut again) {
            assert_eq!(again, expected, "a second time");
        }
    } else {
        assert_eq!(text, expected);
        assert_eq!(out, "");
    }
}

#[test]
fn keys_of_secrets_are_hidden_in_every_spelling() {
    let redaction = Redaction::new();
    for key in [
        "password",
        "db_password",
        "userPassword",
        "request.headers.Authorization",
        "Set-Cookie",
        "x-api-key",
        "accessToken",
        "token",
        "credentials.kind",
        "clientSecret",
    ] {
        assert!(redaction.hides(key), "{key}");
    }
    for key in [
        "tokens_used",
        "max_tokens",
        "password_changed_at",
        "secretary",
        "user",
        "cookie_count",
        "",
    ] {
        assert!(!redaction.hides(key), "{key}");
    }
}

#[test]
fn assignments_are_found_in_all_that_programs_print() {
    check(
        "login of ada, password=hunter2",
        "login of ada, password=[redacted]",
    );
    check(
        "password: hunter2, user: ada",
        "password: [redacted], user: ada",
    );
    check(
        "password = hunter2 user = ada",
        "password = [redacted] user = ada",
    );
    check(
        r#"{"password":"hun ter2","user":"ada"}"#,
        r#"{"password":"[redacted]","user":"ada"}"#,
    );
    check(
        r#"{"password" : "a\"b","n":1}"#,
        r#"{"password" : "[redacted]","n":1}"#,
    );
    check(
        r#"body "{\"password\":\"a b\",\"user\":1}""#,
        r#"body "{\"password\":\"[redacted]\",\"user\":1}""#,
    );
    check(
        r#"Login { user: "ada", password: Some("hun ter2") }"#,
        r#"Login { user: "ada", password: [redacted] }"#,
    );
    check(
        r#"{ password: b"hun ter2", n: 1 }"#,
        r#"{ password: [redacted], n: 1 }"#,
    );
    check("{ token: [104, 117, 110] }", "{ token: [redacted] }");
    check("(token=abc)", "(token=[redacted])");
    check("apiKey=a,b;c rest", "apiKey=[redacted] rest");
    check("password: pa'ss)w0rd!", "password: [redacted]");
    check(":secret => hunter2", ":secret => [redacted]");
    check("password=", "password=");
    check("token: \"\"", "token: \"\"");
}

#[test]
fn headers_are_hidden_to_the_end_of_the_line() {
    check(
        "Authorization: Digest username=\"ada\", nonce=\"x\"\r\nHost: hub",
        "Authorization: [redacted]\r\nHost: hub",
    );
    check("Cookie: a=b; session=\"c\"", "Cookie: [redacted]");
    check(
        r#"{"authorization": "Basic YTpi", "n": 1}"#,
        r#"{"authorization": "[redacted]", "n": 1}"#,
    );
}

#[test]
fn query_secrets_are_hidden_and_the_rest_of_the_query_is_not() {
    for name in [
        "AWSAccessKeyId",
        "Signature",
        "sig",
        "X-Goog-Signature",
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "token",
        "access_token",
        "api_key",
    ] {
        check(
            &format!("GET https://store/f?part=2&{name}=a%2Fb+c/d==&size=3 failed"),
            &format!("GET https://store/f?part=2&{name}=[redacted]&size=3 failed"),
        );
        check(
            &format!("\"/f?{name}=abc\""),
            &format!("\"/f?{name}=[redacted]\""),
        );
    }
}

#[test]
fn bearer_and_web_tokens_are_hidden_wherever_they_stand() {
    check(
        "sent Bearer 2YotnFZFEjr1zCsicMWpAA to",
        "sent Bearer [redacted] to",
    );
    check(
        "bearer abc, BEARER def",
        "bearer [redacted], BEARER [redacted]",
    );
    check("(eyJhbGciOiJI.eyJzdWIiOiIx.SflKxw)", "([redacted])");
    check("forbearer of", "forbearer of");
}

#[test]
fn passwords_of_urls_are_hidden() {
    check(
        "cannot connect to postgres://hub:hun@ter2@db:5432/hub?sslmode=require",
        "cannot connect to postgres://hub:[redacted]@db:5432/hub?sslmode=require",
    );
    check("redis://:hunter2@cache", "redis://:[redacted]@cache");
    check(
        "connected to (redis://cache:6379).",
        "connected to (redis://cache:6379).",
    );
    check("redis://[fe80::1]:6379", "redis://[fe80::1]:6379");
    check("https://hub:8000/@ada", "https://hub:8000/@ada");
    check("ssh://git@host/x", "ssh://git@host/x");
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "GET /api/v1/jobs/7 took 12.5 ms",
        "at 12:30:01 omtx_hub::token::parse failed",
        "tokens_used=17 max_tokens: 4096",
        "a == b, a::b, https://example.org/a:b",
        "secretary: ada",
        "",
        "=",
        ":",
        "token",
        "Bearer ",
        "eyJ",
    ] {
        let mut out = String::new();
        let expected = if text == "eyJ" { "[redacted]" } else { text };
        if Redaction::new().rewrite("message", text, &mut out) {
            assert_eq!(out, expected);
        } else {
            assert_eq!(text, expected);
        }
    }
}

#[test]
fn rules_are_added_and_exceptions_made() {
    let redaction = Redaction::empty()
        .key("iban")
        .parameter("invite")
        .marker("ghp_")
        .allow("own.iban");
    assert!(redaction.hides("iban") && redaction.hides("customer.iban"));
    assert!(
        !redaction.hides("own.iban") && !redaction.hides("password") && !redaction.hides("invite")
    );
    let mut out = String::new();
    assert!(redaction.rewrite("", "?invite=a&b=c iban: x ghp_y password=z", &mut out));
    assert_eq!(
        out,
        "?invite=[redacted]&b=c iban: [redacted] [redacted] password=z"
    );
    assert!(!Redaction::empty().rewrites() && redaction.rewrites());
}

#[test]
fn a_look_at_what_stands_in_the_line_overlooks_nothing() {
    let redaction = Redaction::new();
    for text in ["a=b", "a: b", "\n\tBEARER x", "\\\"eyJx"] {
        let json = serde_json::to_vec(text).unwrap();
        assert!(redaction.may_rewrite(&json), "{text}");
    }
    assert!(!redaction.may_rewrite(b"\"Job 7 begun\""));
    assert!(Redaction::empty().marker("sk_").may_rewrite(b"\"\""));
    assert!(!Redaction::empty().may_rewrite(b"\"a=b\""));
}

/// What stands around a secret, `{}`, in logs of all kinds.
const FRAMES: [&str; 16] = [
    "password={}",
    "password: {}",
    "db_password='{}'",
    "{\"token\":\"{}\"}",
    "{\\\"token\\\":\\\"{}\\\"}",
    "{\\\\\\\"token\\\\\\\":\\\\\\\"{}\\\\\\\"}",
    "Login { apiKey: Some(\"{}\"), n: 1 }",
    "Login { apiKey: Secret { inner: \"{}\" } }",
    "https://x/?a=b&sig={}&c=d",
    "<a href=\"/?X-Amz-Security-Token={}\">",
    "Authorization: Basic {}",
    "Cookie: id={}",
    "Bearer {}",
    "postgres://user:{}@host/db",
    "(secret={})",
    "[client_secret=\"{}\"]",
];

proptest! {
    /// Whatever surrounds it, and whatever is logged beside it.
    #[test]
    fn a_secret_never_survives(
        before in "(?s).{0,40}",
        after in "(?s).{0,40}",
        frame in 0..FRAMES.len(),
        secret in "[A-Za-z0-9][A-Za-z0-9_.~%+-]{12,40}",
    ) {
        // A space: what comes before must not become a part of the name, nor what comes after one of the secret.
        let text = format!("{before} {} {after}", FRAMES[frame].replace("{}", &secret));
        let mut out = String::new();
        prop_assert!(Redaction::new().rewrite("message", &text, &mut out), "{}", text);
        prop_assert!(!out.contains(&secret), "{}", out);
        // Nor does a part of it, which is what a value that was taken for shorter would leave.
        prop_assert!(!out.contains(&secret[secret.len() - 8..]), "{}", out);
    }

    /// Any text at all: no panic, and what has no sign of a secret stays as it is.
    #[test]
    fn any_text_is_rewritten_without_a_panic(text in "(?s)(.|password|token|[=:\"'\\\\({\\[ ]|Bearer |eyJ|://|@){0,60}") {
        let mut out = String::new();
        if !Redaction::new().rewrite("message", &text, &mut out) {
            prop_assert!(out.is_empty());
        }
    }

    /// Text that was cut in the middle of a secret hides what is left of it.
    #[test]
    fn a_secret_that_was_cut_is_hidden(
        frame in 0..FRAMES.len(),
        secret in "[QZJ]{20}", // letters that stand in no frame
        len in 1..20_usize,
    ) {
        let text = FRAMES[frame].replace("{}", &secret);
        let cut = text.find(&secret).unwrap() + len;
        let text = &text[..cut];
        let mut out = String::new();
        prop_assert!(Redaction::new().rewrite("message", text, &mut out));
        prop_assert!(!out.contains(['Q', 'Z', 'J']), "{}", out);
    }
}

#[test]
fn a_logging_that_was_told_nothing_hides_keys_and_leaves_texts_alone() {
    let lines = lines_of(Logging::builder("hub"), || {
        let _span = info_span!("login", api_key = "k-1").entered();
        let scope = Scope::builder().with("session_token", "t-1").build();
        scope.in_scope(|| info!(password = 7, text = "password=hunter2", "token: 1"));
    });
    let line = valid(&lines[0]);
    for key in ["api_key", "session_token", "password"] {
        assert_eq!(line[key], "[redacted]", "{line}");
    }
    assert_eq!(line["text"], "password=hunter2");
    assert_eq!(line["message"], "token: 1");
}

#[cfg(feature = "serde")]
#[test]
fn keys_inside_of_structured_values_are_keys() {
    use serde_json::json;
    for (secret, expected) in [
        (json!("hunter2"), json!("[redacted]")),
        (json!({"a": [1]}), json!("[redacted]")),
    ] {
        let login = json!({"user": "ada", "auth": [{"password": secret}], "note": "token=1"});
        let lines = lines_of(Logging::builder("hub"), || {
            info!(login = omtx_logging::json(&login), "m");
        });
        assert_eq!(
            valid(&lines[0])["login"],
            json!({"user": "ada", "auth": [{"password": expected}], "note": "token=1"})
        );
    }
}

#[test]
fn nothing_is_hidden_by_an_empty_redaction() {
    let builder = Logging::builder("hub").redact(Redaction::empty());
    let lines = lines_of(builder, || info!(password = "hunter2", "password=hunter2"));
    let line = valid(&lines[0]);
    assert_eq!(
        (&line["password"], &line["message"]),
        (&"hunter2".into(), &"password=hunter2".into())
    );
}
