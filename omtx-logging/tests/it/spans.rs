//! Fields and scopes that come with spans.

use omtx_logging::{RequestContext, Scope, WithScope};
use tracing::{Instrument, info, info_span};

use crate::support::{builder, fields_of, lines_of, valid};

#[track_caller]
fn check(work: impl FnOnce(), expected: &str) {
    assert_eq!(fields_of(work), expected);
}

#[test]
fn the_fields_of_all_spans_around_are_in_the_line_and_the_inner_wins() {
    check(
        || {
            let _outer = info_span!("outer", a = 1, b = "outer").entered();
            let _inner = info_span!("inner", b = "inner", c = true).entered();
            info!(d = 2, "m");
        },
        r#""a":1,"b":"inner","c":true,"d":2"#,
    );
}

#[test]
fn the_events_value_wins_over_the_spans_and_the_spans_over_the_scopes() {
    check(
        || {
            Scope::root()
                .with("a", "scope")
                .with("b", "scope")
                .build()
                .in_scope(|| {
                    let _span = info_span!("step", a = "span", b = "span").entered();
                    info!(b = "event", "m");
                });
        },
        r#""a":"span","b":"event""#,
    );
}

#[test]
fn what_is_recorded_later_is_in_later_lines_of_all_spans_inside() {
    let lines = lines_of(builder(), || {
        let outer = info_span!("outer", status = tracing::field::Empty, n = 1);
        let _outer = outer.enter();
        let _inner = info_span!("inner", m = 2).entered();
        info!("before");
        outer.record("status", "ok");
        info!("after");
        outer.record("status", 200);
        outer.record("n", 3);
        info!("changed");
    });
    assert!(lines[0].ends_with(r#","n":1,"m":2}"#), "{}", lines[0]);
    assert!(
        lines[1].ends_with(r#","status":"ok","n":1,"m":2}"#),
        "{}",
        lines[1]
    );
    assert!(
        lines[2].ends_with(r#","status":200,"n":3,"m":2}"#),
        "{}",
        lines[2]
    );
}

#[test]
fn an_event_with_an_explicit_parent_has_the_parents_fields() {
    check(
        || {
            let parent = info_span!("parent", p = 1);
            let _current = info_span!("current", c = 1).entered();
            info!(parent: &parent, "m");
        },
        r#""p":1"#,
    );
    check(
        || {
            let _current = info_span!("current", c = 1).entered();
            info!(parent: None, "m");
        },
        "",
    );
}

#[test]
fn a_span_that_the_levels_leave_out_leaves_those_around_it_in() {
    let lines = lines_of(builder().levels(omtx_logging::Severity::Info), || {
        let _outer = info_span!("outer", a = 1).entered();
        let _middle = tracing::debug_span!("middle", b = 1).entered();
        let _inner = info_span!("inner", c = 1).entered();
        info!("m");
    });
    assert!(lines[0].ends_with(r#","a":1,"c":1}"#), "{}", lines[0]);
}

#[test]
fn spans_may_be_left_in_any_order() {
    let lines = lines_of(builder(), || {
        let a = info_span!("a", a = 1).entered();
        let b = info_span!("b", b = 1).entered();
        drop(a);
        info!("in b");
        drop(b);
        info!("in none");
    });
    assert!(
        lines[0].ends_with(r#""a":1,"b":1}"#),
        "b was created inside a: {}",
        lines[0]
    );
    assert!(valid(&lines[1]).get("b").is_none());
}

#[test]
fn very_deep_spans_cost_bounded_memory_and_their_lines_are_valid() {
    fn recurse(depth: usize) {
        if depth == 0 {
            return info!("bottom");
        }
        let _span = info_span!("level", depth).entered();
        recurse(depth - 1);
    }
    check(|| recurse(500), r#""depth":1"#);
}

#[tokio::test]
async fn an_instrumented_future_carries_the_scope_that_its_span_was_created_in() {
    let lines = omtx_logging::testing::Lines::default();
    let logging = builder().sink(lines.clone()).build().unwrap();
    let _default = tracing::subscriber::set_default(logging.subscriber());
    let work = RequestContext::new("r-1").in_scope(|| {
        async {
            info!("first");
            tokio::task::yield_now().await;
            info!("second");
            assert!(RequestContext::current().is_some(), "code sees it as well");
        }
        .instrument(info_span!("work", n = 1))
    });
    assert!(Scope::current().is_none());
    work.await;
    assert!(Scope::current().is_none());
    info!("outside");
    let lines = lines.take();
    assert!(
        lines[0].ends_with(r#","request_id":"r-1","n":1}"#),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].ends_with(r#","request_id":"r-1","n":1}"#),
        "{}",
        lines[1]
    );
    assert!(valid(&lines[2]).get("request_id").is_none());
}

#[tokio::test]
async fn a_scope_inside_the_spans_says_more_and_stays() {
    let lines = omtx_logging::testing::Lines::default();
    let logging = builder().sink(lines.clone()).build().unwrap();
    let _default = tracing::subscriber::set_default(logging.subscriber());
    let request = RequestContext::new("r-1");
    let span = request.in_scope(|| info_span!("work"));
    let job = request.scope().child().with("job_id", "j-1").build();
    async { info!("m") }.instrument(span).in_scope(job).await;
    assert!(lines.take()[0].ends_with(r#","request_id":"r-1","job_id":"j-1"}"#));
}

#[test]
fn a_span_of_one_request_entered_inside_another_belongs_to_its_own() {
    check(
        || {
            let span = RequestContext::new("r-1").in_scope(|| info_span!("work"));
            RequestContext::new("r-2").in_scope(|| span.in_scope(|| info!("m")));
        },
        r#""request_id":"r-1""#,
    );
}

#[test]
fn in_current_span_on_another_thread_carries_the_scope() {
    let lines = omtx_logging::testing::Lines::default();
    let logging = builder().sink(lines.clone()).build().unwrap();
    let dispatch = tracing::Dispatch::new(logging.subscriber());
    tracing::dispatcher::with_default(&dispatch, || {
        let span = RequestContext::new("r-1").in_scope(|| info_span!("work"));
        let dispatch = dispatch.clone();
        std::thread::spawn(move || {
            tracing::dispatcher::with_default(&dispatch, || span.in_scope(|| info!("m")));
        })
        .join()
        .unwrap();
    });
    assert!(lines.take()[0].ends_with(r#","request_id":"r-1"}"#));
}
