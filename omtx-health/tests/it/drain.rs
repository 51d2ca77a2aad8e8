//! The end of a service.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use omtx_health::{Drain, DrainOptions, FLUSH_GRACE, FlushOutcome};
use tokio::time::Instant;

use crate::support::{get, shop};

const DELAY: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(20);

fn drain() -> Drain {
    Drain::new(DrainOptions::default().delay(DELAY).deadline(DEADLINE))
}

#[tokio::test(start_paused = true)]
async fn the_service_is_not_ready_first_and_accepts_until_the_delay_is_over() {
    let health = shop().drain(drain()).build().unwrap();
    assert_eq!(get(&health, "/ready").0, 200);
    let began = Instant::now();
    let (draining, stopped) = (
        health.drain().draining(),
        health.drain().stopped_accepting(),
    );
    health.drain().start();
    assert_eq!(
        get(&health, "/ready"),
        (
            503,
            r#"{"status":"not_ready","reason":"draining"}"#.to_owned()
        )
    );
    assert!(!health.is_ready());
    draining.await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    stopped.await;
    assert_eq!(began.elapsed(), DELAY);
    health.drain().deadline().await;
    assert_eq!(began.elapsed(), DELAY + DEADLINE);
}

#[tokio::test(start_paused = true)]
async fn draining_changes_neither_health_nor_liveness() {
    let health = shop().build().unwrap();
    let before = (
        get(&health, "/health"),
        get(&health, "/live"),
        get(&health, "/startup"),
    );
    health.drain().start();
    let after = (
        get(&health, "/health"),
        get(&health, "/live"),
        get(&health, "/startup"),
    );
    assert_eq!(before, after);
}

#[tokio::test(start_paused = true)]
async fn starting_twice_does_not_start_anew() {
    let drain = drain();
    let began = Instant::now();
    drain.start();
    tokio::time::sleep(Duration::from_secs(3)).await;
    drain.start();
    drain.stopped_accepting().await;
    assert_eq!(began.elapsed(), DELAY);
}

#[tokio::test(start_paused = true)]
async fn the_delay_can_be_cut() {
    let drain = drain();
    assert!(!drain.cut_delay(), "there is none yet");
    drain.start();
    let stopped = tokio::spawn(drain.stopped_accepting());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let cut = Instant::now();
    assert!(drain.cut_delay());
    stopped.await.unwrap();
    assert_eq!(cut.elapsed(), Duration::ZERO);
    drain.deadline().await;
    assert_eq!(
        cut.elapsed(),
        DEADLINE,
        "the deadline is counted from there"
    );
    assert!(!drain.cut_delay(), "it is over");
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_can_be_cut_off() {
    let drain = drain();
    drain.start();
    let cut = Instant::now();
    drain.cut_off();
    drain.stopped_accepting().await;
    drain.deadline().await;
    assert_eq!(cut.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn it_can_be_started_from_a_thread_without_a_runtime() {
    let drain = drain();
    let other = drain.clone();
    std::thread::spawn(move || other.start()).join().unwrap();
    assert!(drain.is_draining());
    drain.draining().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_in_time_is_complete() {
    let drain = drain();
    let server = {
        let stopped = drain.stopped_accepting();
        async move {
            stopped.await;
            tokio::time::sleep(Duration::from_secs(7)).await; // in flight
            "served"
        }
    };
    drain.start();
    let report = drain.finish(server).await;
    assert!(report.is_complete());
    assert_eq!(report.output(), Some(&"served"));
    assert_eq!(report.took(), DELAY + Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_end_is_left_at_the_deadline() {
    let drain = drain();
    drain.start();
    let report = drain.finish(std::future::pending::<()>()).await;
    assert!(!report.is_complete());
    assert_eq!(report.output(), None);
    assert_eq!(report.took(), DELAY + DEADLINE);
}

#[tokio::test(start_paused = true)]
async fn hooks_run_in_order_with_what_is_left() {
    let drain = drain();
    let order = Arc::new(Mutex::new(Vec::new()));
    for (name, takes) in [("jobs", 4), ("logs", 1)] {
        let order = Arc::clone(&order);
        drain.on_flush(name, move |remaining| async move {
            order.lock().unwrap().push((name, remaining));
            tokio::time::sleep(Duration::from_secs(takes)).await;
        });
    }
    let stopped = drain.stopped_accepting();
    drain.start();
    let report = drain.finish(stopped).await;
    assert!(report.is_complete());
    assert_eq!(
        *order.lock().unwrap(),
        [
            ("jobs", DEADLINE),
            ("logs", DEADLINE - Duration::from_secs(4))
        ]
    );
    assert_eq!(report.flushed()[1].name(), "logs");
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_and_one_that_hangs_cost_the_others_nothing_but_time() {
    let drain = drain();
    drain.on_flush("panics", async |_| panic!("a bug"));
    drain.on_flush("works", async |_| ());
    drain.on_flush("hangs", |_| std::future::pending());
    drain.on_flush("late", async |_| ());
    let stopped = drain.stopped_accepting();
    drain.start();
    let report = drain.finish(stopped).await;
    let outcomes: Vec<_> = report
        .flushed()
        .iter()
        .map(|flush| flush.outcome())
        .collect();
    use FlushOutcome::{Done, Panicked, TimedOut};
    assert_eq!(outcomes[..3], [Panicked, Done, TimedOut]);
    assert!(!report.is_complete());
    assert_eq!(report.took(), DELAY + DEADLINE);
}

#[tokio::test(start_paused = true)]
async fn hooks_have_a_grace_if_requests_have_used_up_the_deadline() {
    let drain = drain();
    let (told, remaining) = tokio::sync::oneshot::channel();
    drain.on_flush("logs", async move |remaining| told.send(remaining).unwrap());
    drain.start();
    let report = drain.finish(std::future::pending::<()>()).await;
    assert_eq!(remaining.await.unwrap(), FLUSH_GRACE);
    assert_eq!(report.flushed()[0].outcome(), FlushOutcome::Done);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_by_itself_is_flushed_after() {
    let drain = drain();
    drain.on_flush("logs", async |_| ());
    let report = drain.finish(async { Err::<(), _>("no address") }).await;
    assert_eq!(report.output(), Some(&Err("no address")));
    assert_eq!(report.flushed().len(), 1);
}
