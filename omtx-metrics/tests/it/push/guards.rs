//! Pushes that nobody waits for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::server::{Answer, Server};
use super::{pushes, registry};
use crate::until;

#[test]
fn what_a_job_measured_is_pushed_when_it_fails() {
    let (registry, rows) = registry();
    let server = Server::ok();
    let gateway = server.gateway(&registry);
    let job = || -> Result<(), &str> {
        let _push = gateway.push_on_drop();
        rows.with(()).set(11.0);
        Err("the job's own error")
    };
    assert_eq!(job(), Err("the job's own error"));
    let request = server.next();
    assert_eq!(request.method, "PUT");
    assert!(request.body.contains("import_rows 11\n"));
}

#[test]
fn what_a_job_measured_is_pushed_when_it_panics() {
    let (registry, rows) = registry();
    let server = Server::ok();
    let gateway = server.gateway(&registry);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let _push = gateway.push_add_on_drop();
        rows.with(()).set(12.0);
        panic!("the job's own panic");
    }));
    assert!(outcome.is_err());
    let request = server.next();
    assert_eq!(request.method, "POST");
    assert!(request.body.contains("import_rows 12\n"));
}

#[test]
fn an_error_on_drop_goes_to_the_hook_even_while_a_panic_unwinds() {
    let (registry, _) = registry();
    let server = Server::answering(&[Answer::Status(400, "no")]);
    let (told, errors) = channel();
    let gateway = server
        .builder()
        .on_error(move |error| {
            told.send(error.status()).unwrap();
            panic!("a hook that panics");
        })
        .build(&registry)
        .unwrap();
    drop(gateway.push_on_drop());
    assert_eq!(errors.try_recv(), Ok(Some(400)));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let _push = gateway.push_on_drop();
        panic!("the job's own panic");
    }));
    let payload = outcome.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"the job's own panic"));
    assert_eq!(errors.try_recv(), Ok(Some(400)));
    assert_eq!(pushes(&registry, "failure"), 2.0);
}

#[test]
fn a_finished_guard_returns_the_error_and_pushes_once() {
    let (registry, _) = registry();
    let server = Server::answering(&[Answer::Status(200, ""), Answer::Status(400, "no")]);
    let builder = server
        .builder()
        .on_error(|_| unreachable!("it was returned"));
    let gateway = builder.build(&registry).unwrap();
    gateway.push_on_drop().finish().unwrap();
    assert_eq!(server.seen().len(), 1);
    let error = gateway.push_on_drop().finish().unwrap_err();
    assert_eq!(error.status(), Some(400));
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_cancelled_guard_pushes_nothing() {
    let (registry, _) = registry();
    let server = Server::ok();
    server.gateway(&registry).push_on_drop().cancel();
    assert_eq!(server.seen(), []);
}

#[test]
fn a_periodic_push_goes_on_until_it_is_dropped_and_then_pushes_a_last_time() {
    let (registry, rows) = registry();
    let server = Server::ok();
    let gateway = server.gateway(&registry);
    let pushing = gateway.push_every(Duration::from_millis(1)).unwrap();
    for _ in 0..3 {
        assert_eq!(server.next().method, "PUT");
    }
    rows.with(()).set(99.0);
    drop(pushing);
    let last = server.seen().pop().expect("a last push");
    assert!(last.body.contains("import_rows 99\n"));
    // The thread is gone, and nothing comes behind the last.
    assert_eq!(server.seen(), []);
}

#[test]
fn a_periodic_push_between_two_ends_at_once_when_it_is_dropped() {
    let (registry, _) = registry();
    let server = Server::ok();
    let gateway = server.gateway(&registry);
    let pushing = gateway.push_every(Duration::from_secs(3_600)).unwrap();
    pushing.finish().unwrap();
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_periodic_push_survives_failures_and_tells_the_hook() {
    let (registry, _) = registry();
    let server = Server::answering(&[
        Answer::Status(400, "no"),
        Answer::Status(400, "no"),
        Answer::Status(200, ""),
    ]);
    let (told, errors) = channel();
    let builder = server.builder().on_error(move |error| {
        let _ = told.send(error.status());
    });
    let gateway = builder.build(&registry).unwrap();
    let pushing = gateway.push_every(Duration::from_millis(1)).unwrap();
    until("a push that arrives", || pushes(&registry, "success") > 0.0);
    drop(pushing);
    assert_eq!(errors.try_iter().collect::<Vec<_>>(), [Some(400); 2]);
    assert_eq!(pushes(&registry, "failure"), 2.0);
}

#[test]
fn the_retries_of_a_periodic_push_are_given_up_for_the_last_one() {
    let (registry, _) = registry();
    let mut answers = vec![Answer::Status(503, "full"); 5];
    answers.push(Answer::Status(200, ""));
    let server = Server::answering(&answers);
    let (told, errors) = channel();
    let gateway = server
        .builder()
        .retries(1_000_000)
        .on_error(move |error| told.send(error.to_string()).unwrap())
        .build(&registry)
        .unwrap();
    let pushing = gateway.push_every(Duration::from_millis(1)).unwrap();
    for _ in 0..5 {
        server.next();
    }
    // The pause before the sixth attempt is cut short, and the sixth request is the last push.
    pushing.finish().unwrap();
    assert_eq!(server.seen().len(), 1);
    let error = errors.try_recv().unwrap();
    assert!(
        error.contains("answered 503 to PUT in 5 attempts"),
        "{error}"
    );
}

#[tokio::test]
async fn a_push_can_be_awaited_without_blocking_the_runtime() {
    let (registry, _) = registry();
    let server = Server::answering(&[
        Answer::Status(200, ""),
        Answer::Status(200, ""),
        Answer::Status(202, ""),
        Answer::Status(409, "locked"),
    ]);
    let gateway = server.gateway(&registry);
    gateway.push_async().await.unwrap();
    gateway.push_add_async().await.unwrap();
    gateway.delete_async().await.unwrap();
    assert_eq!(gateway.push_async().await.unwrap_err().status(), Some(409));
    let methods: Vec<String> = server.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(methods, ["PUT", "POST", "DELETE", "PUT"]);
}

#[test]
fn a_push_goes_on_when_its_future_is_dropped() {
    let (registry, _) = registry();
    let server = Server::ok();
    drop(server.gateway(&registry).push_async());
    assert_eq!(server.next().method, "PUT");
}
