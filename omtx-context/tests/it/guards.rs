//! Entering and leaving, in every order.

use std::panic::{AssertUnwindSafe, catch_unwind};

use omtx_context::{Losses, Scope, ScopeGuard, SpanId, TraceContext, TraceFlags, TraceId};
use proptest::prelude::*;

/// What outlives its closure is counted here, as in a release build; that a debug build names it is in
/// `debug_assertion.rs`.
fn numbered(n: usize) -> Scope {
    omtx_context::testing::tolerate_outlived_guards();
    Scope::root().with("n", n).build()
}

fn current() -> Option<String> {
    Some(Scope::current()?.get("n")?.to_string())
}

#[test]
fn dropping_the_outer_guard_first_keeps_the_inner_scope_and_never_brings_the_outer_back() {
    let outer = numbered(1).enter();
    let inner = numbered(2).enter();
    drop(outer);
    assert_eq!(current().as_deref(), Some("2"));
    drop(inner);
    assert_eq!(current(), None);
}

#[test]
fn a_panic_leaves_the_scope() {
    let _outer = numbered(1).enter();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        numbered(2).in_scope(|| {
            let _guard = numbered(3).enter();
            panic!("inside");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(current().as_deref(), Some("1"));
}

#[test]
fn a_guard_that_outlives_its_closure_is_removed_and_counted() {
    let before = Losses::total().guards_outlived;
    let outlived = numbered(1).in_scope(|| numbered(2).enter());
    assert_eq!(
        current(),
        None,
        "it does not speak for what the thread does next"
    );
    assert!(Losses::total().guards_outlived > before);
    let _next = numbered(3).enter();
    drop(outlived);
    assert_eq!(
        current().as_deref(),
        Some("3"),
        "its late drop removes nobody else's entry"
    );
}

#[test]
fn a_forgotten_guard_ends_with_the_enclosing_closure() {
    numbered(1).in_scope(|| std::mem::forget(numbered(2).enter()));
    assert_eq!(current(), None);
}

#[test]
fn a_thread_that_ends_may_still_ask_for_the_current_scope() {
    struct AsksWhenDropped;
    impl Drop for AsksWhenDropped {
        fn drop(&mut self) {
            let _ = Scope::current();
            let _guard = numbered(1).enter();
            numbered(2).in_scope(|| ());
        }
    }
    thread_local!(static LAST: AsksWhenDropped = const { AsksWhenDropped });
    std::thread::spawn(|| {
        LAST.with(|_| ());
        let _guard = numbered(1).enter();
    })
    .join()
    .unwrap();
}

#[test]
fn entering_a_scope_from_the_destructor_of_what_an_encoder_cached_does_no_harm() {
    struct EntersWhenDropped;
    impl Drop for EntersWhenDropped {
        fn drop(&mut self) {
            numbered(9).in_scope(|| assert_eq!(current().as_deref(), Some("9")));
        }
    }
    let guard = numbered(1).enter();
    Scope::current()
        .unwrap()
        .encoded(omtx_context::EncoderId::new(), |_| EntersWhenDropped);
    drop(guard); // the last handle of the scope
    assert_eq!(current(), None);
}

#[derive(Clone, Debug)]
enum Step {
    Enter,
    Drop(usize),
    Forget(usize),
    Nested(Vec<Step>, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let leaf = prop_oneof![
        4 => Just(Step::Enter),
        4 => (0..8_usize).prop_map(Step::Drop),
        1 => (0..8_usize).prop_map(Step::Forget),
    ];
    let step = leaf.prop_recursive(3, 40, 6, |step| {
        (prop::collection::vec(step, 0..6), any::<bool>())
            .prop_map(|(steps, panics)| Step::Nested(steps, panics))
    });
    prop::collection::vec(step, 0..24)
}

/// The model: what is entered, in order; the last one is current.
#[derive(Default)]
struct World {
    next: usize,
    entered: Vec<usize>,
    guards: Vec<(usize, ScopeGuard)>,
}

impl World {
    fn run(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Enter => {
                    self.next += 1;
                    self.entered.push(self.next);
                    self.guards.push((self.next, numbered(self.next).enter()));
                }
                Step::Drop(at) | Step::Forget(at) if !self.guards.is_empty() => {
                    let (n, guard) = self.guards.remove(at % self.guards.len());
                    if matches!(step, Step::Forget(_)) {
                        std::mem::forget(guard);
                    } else {
                        self.entered.retain(|entered| *entered != n);
                    }
                }
                Step::Drop(_) | Step::Forget(_) => {}
                Step::Nested(steps, panics) => {
                    self.next += 1;
                    let (n, below) = (self.next, self.entered.clone());
                    let out = catch_unwind(AssertUnwindSafe(|| {
                        numbered(n).in_scope(|| {
                            self.entered.push(n);
                            self.run(steps);
                            if *panics {
                                std::panic::resume_unwind(Box::new(()));
                            }
                        })
                    }));
                    assert_eq!(out.is_err(), *panics);
                    // All that was entered inside is gone; of what was entered before, what was not dropped inside stays.
                    let at = self
                        .entered
                        .iter()
                        .position(|entered| *entered == n)
                        .unwrap();
                    self.entered.truncate(at);
                    assert!(self.entered.iter().all(|entered| below.contains(entered)));
                }
            }
            assert_eq!(current(), self.entered.last().map(ToString::to_string));
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_entered_dropped_forgotten_or_panics_the_last_scope_still_entered_is_current(steps in steps()) {
        // Each case on its own thread: forgotten guards must not reach the next one.
        std::thread::spawn(move || World::default().run(&steps)).join().unwrap();
    }
}

#[test]
fn trace_contexts_follow_the_same_rules() {
    omtx_context::testing::tolerate_outlived_guards();
    let trace = |n| {
        TraceContext::new(
            TraceId::new(1).unwrap(),
            SpanId::new(n).unwrap(),
            TraceFlags::default(),
        )
    };
    let outer = trace(1).enter();
    let inner = trace(2).enter();
    drop(outer);
    assert_eq!(TraceContext::current(), Some(trace(2)));
    drop(inner);
    assert_eq!(TraceContext::current(), None);
    let outlived = trace(3).in_scope(|| trace(4).enter());
    assert_eq!(TraceContext::current(), None);
    drop(outlived);
}
