//! How long values and lines become.

use omtx_logging::{MIN_LINE_LEN, Scope};
use proptest::prelude::*;
use tracing::info;

use crate::support::{builder, line_and_logging, valid};

#[test]
fn a_megabyte_of_message_is_cut_on_a_character_boundary_and_marked() {
    let long = "ä".repeat(1 << 20);
    let (line, logging) = line_and_logging(builder(), || info!(after = 1, "{long}"));
    assert!(line.len() < 10_000, "{}", line.len());
    let line = valid(&line);
    assert!(line["message"].as_str().unwrap().chars().all(|c| c == 'ä'));
    assert_eq!(line["after"], 1);
    assert_eq!(line["truncated"], true);
    assert_eq!(logging.stats().values_truncated, 1);
}

#[test]
fn control_characters_count_as_what_they_become() {
    let long = "\u{1}".repeat(100_000);
    let (line, _) = line_and_logging(builder(), || info!(long, "m"));
    let length = valid(&line)["long"].as_str().unwrap().len();
    assert_eq!(length, 8192 / 6);
}

#[test]
fn fields_that_do_not_fit_are_left_out_and_marked() {
    let (line, _) = line_and_logging(builder().max_line_len(MIN_LINE_LEN), || {
        let long = "x".repeat(500);
        info!(a = long, b = long, c = long, d = long, "m");
    });
    assert!(line.len() <= MIN_LINE_LEN, "{}", line.len());
    let line = valid(&line);
    assert!(line.get("a").is_some() && line.get("d").is_none());
    assert_eq!(line["truncated"], true);
}

#[test]
fn a_context_that_fills_the_line_leaves_room_for_the_event() {
    let mut scope = Scope::root();
    for n in 0..16 {
        scope = scope.with(format!("key_{n}"), "v".repeat(256));
    }
    scope.build().in_scope(|| {
        let (line, _) = line_and_logging(builder().max_line_len(2048), || {
            info!(own = "value", "message");
        });
        assert!(line.len() <= 2048, "{}", line.len());
        let line = valid(&line);
        assert_eq!(line["message"], "message");
        assert_eq!(line["own"], "value");
        assert_eq!(line["key_0"], "v".repeat(256));
        assert_eq!(line["truncated"], true);
    });
}

proptest! {
    #[test]
    fn no_line_is_longer_than_its_limit(
        limit in MIN_LINE_LEN..4096,
        message in "\\PC{0,3000}",
        value in prop::collection::vec(any::<char>(), 0..3000),
        scope in prop::collection::vec(".{0,300}", 0..16),
    ) {
        let mut context = Scope::root();
        for (n, value) in scope.iter().enumerate() {
            context = context.with(format!("group.key_{n}"), value.as_str());
        }
        let value: String = value.into_iter().collect();
        context.build().in_scope(|| {
            let (line, _) = line_and_logging(builder().max_line_len(limit), || {
                info!(value, group.own = 1, "{message}");
            });
            assert!(line.len() <= limit, "{} > {limit}", line.len());
            valid(&line);
        });
    }
}
