//! Redaction and rate limits in lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, UNIX_EPOCH};

use omtx_logging::testing::Lines;
use omtx_logging::{DropReason, RateLimit, Redaction, Scope, Severity};
use proptest::prelude::*;
use tracing::{error, info, info_span, warn};

use crate::support::{builder, lines_of, valid};

#[test]
fn secrets_are_hidden_in_fields_messages_spans_and_scopes() {
    let lines = lines_of(builder().redact(Redaction::new()), || {
        let scope = Scope::root()
            .with("session.token", "s3cret-a")
            .with("note", "pwd=s3cret-b")
            .build();
        scope.in_scope(|| {
            let span = info_span!("login", password = "s3cret-c", url = "/f?sig=s3cret-d&n=1");
            let _entered = span.enter();
            let header = "Bearer s3cret-e";
            info!(
                api_key = 42,
                header,
                user.secret = ?Some("s3cret-f"),
                "tried Authorization: Basic s3cret-g"
            );
        });
    });
    assert!(!lines[0].contains("s3cret"), "{}", lines[0]);
    let line = valid(&lines[0]);
    assert_eq!(line["session"]["token"], "[redacted]");
    assert_eq!(line["note"], "pwd=[redacted]");
    assert_eq!(line["password"], "[redacted]");
    assert_eq!(line["url"], "/f?sig=[redacted]&n=1");
    assert_eq!(line["api_key"], "[redacted]");
    assert_eq!(line["header"], "Bearer [redacted]");
    assert_eq!(line["user"]["secret"], "[redacted]");
    assert_eq!(line["message"], "tried Authorization: [redacted]");
}

proptest! {
    /// Through the whole encoder: escapes, `Debug`s that come in pieces, values and lines that are cut.
    #[test]
    fn a_secret_never_reaches_the_line(
        before in "(?s).{0,60}",
        after in "(?s).{0,60}",
        secret in "[A-Za-z0-9]{24}",
        limit in 20..400_usize,
    ) {
        #[derive(Debug)]
        struct Login<'a> {
            _note: &'a str,
            _password: Option<&'a str>,
        }
        let text = format!("{before} token={secret} {after}");
        let login = Login { _note: &before, _password: Some(&secret) };
        let lines = lines_of(builder().redact(Redaction::new()).max_value_len(limit), || {
            info!(text, ?login, password = %secret, shown = %text, "{text}");
        });
        prop_assert!(!lines[0].contains(&secret[..8]), "{}", lines[0]);
        valid(&lines[0]);
    }
}

#[test]
fn a_callsite_that_floods_is_limited_and_says_so_on_its_next_line_and_at_the_end() {
    let seconds = Arc::new(AtomicU64::new(1_000_000));
    let now = seconds.clone();
    let lines = Lines::default();
    let logging = builder()
        .clock(move || UNIX_EPOCH + Duration::from_secs(now.load(SeqCst)))
        .rate_limit(RateLimit::new(2, Duration::from_secs(10)))
        .sink(lines.clone())
        .build()
        .unwrap();
    let flood = |times: usize| {
        for _ in 0..times {
            warn!(target: "hub::cache", "cannot reach it");
        }
    };
    tracing::subscriber::with_default(logging.subscriber(), || {
        flood(5);
        for _ in 0..4 {
            error!("never limited");
        }
        info!("another callsite");
        assert_eq!(lines.take().len(), 2 + 4 + 1);

        seconds.fetch_add(60, SeqCst);
        flood(3);
        let told: Vec<_> = lines
            .take()
            .iter()
            .map(|line| valid(line)["suppressed"].clone())
            .collect();
        assert_eq!(told, [serde_json::json!(3), serde_json::Value::Null]);

        assert!(logging.shutdown(Duration::from_secs(60)).is_complete());
        let line = valid(&lines.take().remove(0));
        assert_eq!(line["logger"], "hub::cache");
        assert_eq!(line["level"], "WARNING");
        assert_eq!(line["message"], "lines of this callsite were suppressed");
        assert_eq!(line["suppressed"], 1);
        let _ = logging.shutdown(Duration::ZERO);
        assert!(lines.take().is_empty(), "told once");
    });
    let stats = logging.stats();
    assert_eq!(stats.dropped(Severity::Warning, DropReason::RateLimited), 4);
    assert_eq!(stats.dropped_total(), 4);
}
