//! Futures: scopes go where tasks go.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use omtx_context::{Scope, SpanId, TraceContext, TraceFlags, TraceId, WithScope, WithTrace};

fn id() -> Option<String> {
    Some(Scope::current()?.get("request_id")?.to_string())
}

fn request(n: usize) -> Scope {
    Scope::root().with("request_id", n).build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_scopes_of_two_thousand_tasks_never_mix() {
    let tasks: Vec<_> = (0..2_000_usize)
        .map(|n| {
            let work = async move {
                for step in 0..20 {
                    assert_eq!(id(), Some(n.to_string()));
                    let inner = Scope::builder().with("step", step).build();
                    let nested = async {
                        tokio::task::yield_now().await;
                        Scope::current().unwrap().get("step").unwrap().to_string()
                    };
                    assert_eq!(nested.in_scope(inner).await, step.to_string());
                    let child = tokio::spawn(async { id() }.in_current_scope());
                    assert_eq!(child.await.unwrap(), Some(n.to_string()));
                }
                id()
            };
            (n, tokio::spawn(work.in_scope(request(n))))
        })
        .collect();
    for (n, task) in tasks {
        assert_eq!(task.await.unwrap(), Some(n.to_string()));
    }
    assert_eq!(id(), None);
}

struct Remembers(Arc<Mutex<Option<String>>>);

impl Drop for Remembers {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = id();
    }
}

#[tokio::test]
async fn an_aborted_task_drops_its_future_inside_its_scope() {
    let seen = Arc::new(Mutex::new(None));
    let remembers = Remembers(seen.clone());
    let (started, is_started) = tokio::sync::oneshot::channel();
    let work = async move {
        let _remembers = remembers;
        started.send(()).unwrap();
        std::future::pending::<()>().await;
    };
    let task = tokio::spawn(work.in_scope(request(7)));
    is_started.await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(seen.lock().unwrap().as_deref(), Some("7"));
}

#[tokio::test]
async fn a_panicking_task_leaves_its_scope() {
    let task = tokio::spawn(async { std::panic::resume_unwind(Box::new(())) }.in_scope(request(1)));
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(tokio::spawn(async { id() }).await.unwrap(), None);
}

#[test]
fn a_guard_held_across_an_await_does_not_reach_the_next_task() {
    omtx_context::testing::tolerate_outlived_guards();
    // What a `!Send` future on one thread can do: the guard lives in the future's state.
    let misuse = async {
        let _guard = request(2).enter();
        std::future::pending::<()>().await;
    };
    let mut misuse = pin!(misuse.in_scope(request(1)));
    assert!(poll_once(misuse.as_mut()).is_pending());
    assert_eq!(id(), None);
}

#[test]
fn without_a_current_scope_a_future_runs_in_none_whoever_polls_it() {
    let mut orphan = pin!(async { id() }.in_current_scope());
    let _guard = request(1).enter();
    assert_eq!(poll_once(orphan.as_mut()), Poll::Ready(None));
    assert_eq!(id().as_deref(), Some("1"));
}

#[test]
fn a_wrapped_closure_carries_the_scope_to_a_thread() {
    let thread = std::thread::spawn(request(3).wrap(id));
    assert_eq!(thread.join().unwrap().as_deref(), Some("3"));
}

#[tokio::test]
async fn trace_contexts_go_with_tasks_too() {
    let trace = TraceContext::new(
        TraceId::new(1).unwrap(),
        SpanId::new(2).unwrap(),
        TraceFlags::SAMPLED,
    );
    let work = async {
        tokio::task::yield_now().await;
        let child = tokio::spawn(async { TraceContext::current() }.in_current_trace());
        (TraceContext::current(), child.await.unwrap())
    };
    assert_eq!(
        tokio::spawn(work.in_trace(trace)).await.unwrap(),
        (Some(trace), Some(trace))
    );
    assert_eq!(TraceContext::current(), None);
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
