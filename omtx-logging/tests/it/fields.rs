//! Where keys go: nesting, precedence, reserved keys, collisions.

use omtx_logging::{RequestContext, Scope};
use tracing::info;

use crate::support::{builder, fields_of, line_and_logging, valid};

#[track_caller]
fn check(work: impl FnOnce(), expected: &str) {
    assert_eq!(fields_of(work), expected);
}

#[test]
fn dotted_names_nest() {
    check(
        || {
            info!(
                performance.duration_ms = 1250,
                performance.operation = "job_execution",
                "done"
            )
        },
        r#""performance":{"duration_ms":1250,"operation":"job_execution"}"#,
    );
}

#[test]
fn dotted_names_nest_when_their_fields_are_not_adjacent() {
    check(
        || info!(a.b.c = 1, x = 2, a.d = 3, y = 4, a.b.e = 5, "m"),
        r#""a":{"b":{"c":1,"e":5},"d":3},"x":2,"y":4"#,
    );
}

#[test]
fn a_nested_field_that_is_not_given_leaves_no_empty_object() {
    check(
        || info!(performance.duration_ms = None::<u64>, outcome = "ok", "m"),
        r#""outcome":"ok""#,
    );
}

#[test]
fn names_with_empty_segments_do_not_nest() {
    check(
        || info!("a..b" = 1, ".c" = 2, "d." = 3, "" = 4, "m"),
        r#""a..b":1,".c":2,"d.":3,"":4"#,
    );
}

#[test]
fn names_are_escaped() {
    check(
        || info!("a \"quoted\"\n.key" = 1, r#type = 2, "m"),
        r#""a \"quoted\"\n":{"key":1},"type":2"#,
    );
}

#[test]
fn absent_values_are_left_out() {
    check(
        || info!(none = None::<&str>, empty = tracing::field::Empty, "m"),
        "",
    );
}

#[test]
fn a_line_without_a_message_has_none() {
    let (line, _) = line_and_logging(builder(), || info!(n = 1));
    assert!(valid(&line).get("message").is_none(), "{line}");
}

#[test]
fn the_message_stands_in_its_place_wherever_its_field_is() {
    let (line, _) = line_and_logging(builder(), || info!(n = 1, message = "late"));
    assert!(
        line.contains(r#""logger":"it::fields","message":"late","service":"#),
        "{line}"
    );
}

#[test]
fn the_events_value_wins_over_the_scopes_and_stands_in_its_place() {
    check(
        || {
            Scope::root()
                .with("user_id", "u-1")
                .with("step", 1)
                .build()
                .in_scope(|| {
                    info!(own = true, user_id = "u-2", "m");
                });
        },
        r#""user_id":"u-2","step":1,"own":true"#,
    );
}

#[test]
fn the_inner_scope_wins_over_the_outer_one() {
    check(
        || {
            let outer = Scope::root()
                .with("request_id", "r-1")
                .with("step", 1)
                .build();
            let inner = outer.child().with("step", 2).with("job_id", "j-1").build();
            inner.in_scope(|| info!("m"));
        },
        r#""request_id":"r-1","step":2,"job_id":"j-1""#,
    );
}

#[test]
fn scopes_spans_and_events_share_an_object() {
    check(
        || {
            Scope::root().with("gpu.index", 3).build().in_scope(|| {
                tracing::info_span!("step", gpu.model = "H200").in_scope(|| {
                    info!(gpu.energy_joules = 7.5, "m");
                });
            });
        },
        r#""gpu":{"index":3,"model":"H200","energy_joules":7.5}"#,
    );
}

#[test]
fn reserved_keys_cannot_be_shadowed() {
    let (line, logging) = line_and_logging(builder(), || {
        RequestContext::builder("r-1")
            .with("level", "scope")
            .with("message", "scope")
            .build()
            .in_scope(|| {
                tracing::info_span!("step", service.name = "span", message = "span").in_scope(
                    || {
                        info!(
                            timestamp = 0,
                            logger = "mine",
                            truncated = true,
                            "true message"
                        );
                    },
                );
            });
    });
    let line = valid(&line);
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["message"], "true message");
    assert_eq!(line["service"]["name"], "omtx-hub-api");
    assert_eq!(line["timestamp"], "2025-01-20T18:00:00.000000Z");
    assert!(line.get("truncated").is_none());
    assert_eq!(
        line["fields"].to_string(),
        r#"{"level":"scope","logger":"mine","message":"span","service":{"name":"span"},"timestamp":0,"truncated":true}"#
    );
    assert_eq!(logging.stats().fields_collided, 7);
}

#[test]
fn an_object_wins_over_a_scalar_which_moves() {
    let (line, logging) = line_and_logging(builder(), || {
        info!(performance = "good", performance.duration_ms = 5, "m");
    });
    assert!(
        line.ends_with(r#","fields":{"performance":"good"},"performance":{"duration_ms":5}}"#),
        "{line}"
    );
    assert_eq!(logging.stats().fields_collided, 1);
}

#[test]
fn a_scalar_that_has_no_place_to_move_to_is_lost_and_counted() {
    let (line, logging) = line_and_logging(builder(), || {
        info!(
            fields.a = "kept",
            a = "lost",
            a.b = 5,
            fields = "moves too",
            "m"
        );
    });
    let value = valid(&line);
    assert_eq!(value["fields"]["a"], "kept");
    assert_eq!(value["fields"]["fields"], "moves too");
    assert_eq!(value["a"]["b"], 5);
    assert_eq!(logging.stats().fields_collided, 2);
}

#[test]
fn a_field_that_is_given_twice_stands_once_and_is_counted() {
    let (line, logging) = line_and_logging(builder(), || info!(n = 1, n = 2, "m"));
    assert!(line.ends_with(r#","n":2}"#), "{line}");
    assert_eq!(logging.stats().fields_collided, 1);
}

#[test]
fn targets_are_escaped() {
    let (line, _) = line_and_logging(builder(), || {
        info!(target: "a\"b\n{\"level\":\"ERROR\"}", "m");
    });
    let line = valid(&line);
    assert_eq!(line["logger"], "a\"b\n{\"level\":\"ERROR\"}");
    assert_eq!(line["level"], "INFO");
}

#[test]
fn what_gave_way_in_a_span_and_the_events_own_fields_share_an_object() {
    check(
        || {
            tracing::info_span!("step", a = 1, a.b = 2).in_scope(|| {
                info!(fields = "event", "m");
            });
        },
        r#""fields":{"a":1,"fields":"event"},"a":{"b":2}"#,
    );
}
