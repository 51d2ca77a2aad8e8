//! What the tests share.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use omtx_logging::testing::Lines;
use omtx_logging::{Levels, Logging, LoggingBuilder};
use serde_json::Value;

/// 2025-01-20T18:00:00Z
pub(crate) fn clock() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_737_396_000)
}

/// The service of the record that the lines follow, at one moment, with all levels on.
pub(crate) fn builder() -> LoggingBuilder {
    Logging::builder("omtx-hub-api")
        .version("1.0.0")
        .environment("production")
        .levels(Levels::all())
        .clock(clock)
}

/// The lines that `work` logs.
#[track_caller]
pub(crate) fn lines_of(builder: LoggingBuilder, work: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let logging = builder.sink(lines.clone()).build().unwrap();
    tracing::subscriber::with_default(logging.subscriber(), work);
    lines.take()
}

/// The one line that `work` logs, and its logging.
#[track_caller]
pub(crate) fn line_and_logging(builder: LoggingBuilder, work: impl FnOnce()) -> (String, Logging) {
    let lines = Lines::default();
    let logging = builder.sink(lines.clone()).build().unwrap();
    tracing::subscriber::with_default(logging.subscriber(), work);
    let mut lines = lines.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    (lines.remove(0), logging)
}

/// What stands between `service` and the end of the one line that `work` logs: scope keys and fields.
#[track_caller]
pub(crate) fn fields_of(work: impl FnOnce()) -> String {
    let (line, _) = line_and_logging(builder(), work);
    valid(&line);
    let (_, fields) = line
        .split_once(r#""environment":"production"}"#)
        .unwrap_or_else(|| panic!("no service in {line}"));
    let fields = fields.strip_suffix('}').unwrap();
    fields.strip_prefix(',').unwrap_or(fields).to_owned()
}

/// The line as JSON.
#[track_caller]
pub(crate) fn valid(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}
