//! A debug build says where the guard was made that outlives its poll. In a process of its own: other tests have it tolerated.
#![cfg(debug_assertions)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use omtx_context::{Losses, Scope, WithScope};

fn scope() -> Scope {
    Scope::root().with("request_id", "r-1").build()
}

/// What the panic says, in lines of this file.
#[track_caller]
fn check(line: u32, work: impl FnOnce()) {
    let before = Losses::total().guards_outlived;
    let payload = catch_unwind(AssertUnwindSafe(work)).expect_err("the mistake is named");
    let message = payload.downcast::<String>().expect("a message");
    let expected = format!("the guard made at {}:{line}:", file!());
    assert!(message.starts_with(&expected), "{message}");
    assert!(message.contains("future.in_scope(scope)"), "{message}");
    assert!(
        Scope::current().is_none(),
        "its scope was left all the same"
    );
    assert_eq!(Losses::total().guards_outlived, before + 1);
}

#[test]
fn a_guard_that_outlives_its_poll_or_closure_is_named() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let made = line!() + 2;
    let across_await = async {
        let _guard = scope().enter();
        tokio::task::yield_now().await;
    };
    check(made, || runtime.block_on(across_await.in_scope(scope())));

    let local = tokio::task::LocalSet::new();
    let made = line!() + 2;
    let across_await = async {
        let _guard = scope().enter();
        tokio::task::yield_now().await;
    };
    check(made, || {
        let task = local.spawn_local(across_await.in_scope(scope()));
        let ended = runtime.block_on(local.run_until(task));
        std::panic::resume_unwind(ended.unwrap_err().into_panic());
    });

    let made = line!() + 1;
    let returned = || scope().enter();
    check(made, || std::mem::forget(scope().in_scope(returned)));
}
