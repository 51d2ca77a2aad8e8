//! Contexts that are current, for OpenTelemetry and for log lines alike.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use omtx_context::{TraceContext, WithTrace};
use omtx_tracing::Propagators;
use omtx_tracing::context::{self, WithContext};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;

fn traced(span_id: u64) -> Context {
    let mut headers = http::HeaderMap::new();
    let parent = format!("00-0af7651916cd43dd8448eb211c80319c-{span_id:016x}-01");
    headers.insert("traceparent", parent.try_into().unwrap());
    Propagators::default()
        .extract_headers(&headers)
        .into_context(&Context::new())
}

/// The span ids that OpenTelemetry and log lines have now; 0 for none.
fn ids() -> (u64, u64) {
    let otel = Context::map_current(|context| context.span().span_context().span_id());
    let ours = TraceContext::current().map_or(0, |trace| trace.span_id().get());
    (u64::from_be_bytes(otel.to_bytes()), ours)
}

#[test]
fn a_closure_is_inside_and_what_follows_is_not() {
    let seen = context::in_scope(&traced(1), || {
        let inner = context::in_scope(&traced(2), ids);
        (inner, ids())
    });
    assert_eq!(seen, ((2, 2), (1, 1)));
    assert_eq!(ids(), (0, 0));
}

#[test]
fn a_context_without_a_span_hides_the_ids_of_foreign_work() {
    let seen = context::in_scope(&traced(1), || context::in_scope(&Context::new(), ids));
    assert_eq!(seen, (0, 0));
}

#[test]
fn a_panic_leaves_the_context() {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        context::in_scope(&traced(1), || panic!("as told"))
    }));
    assert!(panicked.is_err());
    assert_eq!(ids(), (0, 0));
}

#[test]
fn guards_may_be_dropped_in_any_order() {
    let one = context::enter(&traced(1));
    let two = context::enter(&traced(2));
    assert_eq!(ids(), (2, 2));
    drop(one);
    assert_eq!(ids(), (2, 2));
    drop(two);
    assert_eq!(ids(), (0, 0));
}

#[test]
fn a_wrapped_closure_is_inside_on_another_thread() {
    let ids = std::thread::spawn(context::wrap(&traced(1), ids))
        .join()
        .unwrap();
    assert_eq!(ids, (1, 1));
}

#[tokio::test]
async fn tasks_that_take_turns_on_one_thread_keep_to_their_own_contexts() {
    let work = |span_id| {
        async move {
            for _ in 0..10 {
                assert_eq!(ids(), (span_id, span_id));
                tokio::task::yield_now().await;
            }
        }
        .in_context(traced(span_id))
    };
    let (one, two) = (tokio::spawn(work(1)), tokio::spawn(work(2)));
    assert_eq!(ids(), (0, 0));
    one.await.unwrap();
    two.await.unwrap();
}

#[tokio::test]
async fn a_spawned_future_takes_the_current_context_along() {
    let outer = async { tokio::spawn(async { ids() }.in_current_context()).await };
    assert_eq!(outer.in_context(traced(7)).await.unwrap(), (7, 7));
}

#[tokio::test]
async fn ids_that_only_omtx_context_knows_become_the_parent() {
    let trace = TraceContext::new(
        omtx_context::TraceId::new(5).unwrap(),
        omtx_context::SpanId::new(6).unwrap(),
        omtx_context::TraceFlags::new(3),
    );
    let context = async { context::current() }.in_trace(trace).await;
    let span = context.span().span_context().clone();
    assert_eq!(span.trace_id().to_string(), format!("{:032x}", 5));
    assert_eq!(span.span_id().to_string(), format!("{:016x}", 6));
    assert_eq!(span.trace_flags().to_u8(), 3);
}

#[test]
fn a_future_is_dropped_inside_its_context() {
    struct Tells(Rc<RefCell<Vec<(u64, u64)>>>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.borrow_mut().push(ids());
        }
    }
    let seen = Rc::new(RefCell::new(Vec::new()));
    let tells = Tells(seen.clone());
    drop(
        async move {
            let _tells = tells;
            std::future::pending::<()>().await;
        }
        .in_context(traced(4)),
    );
    assert_eq!(*seen.borrow(), [(4, 4)]);
}
