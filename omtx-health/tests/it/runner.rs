//! Checks that misbehave, and who pays for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use omtx_health::{CheckResult, Failure, Spec, Status, Verdict};

use crate::support::{Does, Puppet, eventually, get, shop, started, until, wait};

const INTERVAL: Duration = Duration::from_millis(500);

fn spec(name: &str, puppet: &Puppet) -> Spec {
    Spec::new(name, puppet.clone())
        .interval(INTERVAL)
        .timeout(Duration::from_millis(200))
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_probes_a_second_are_right_within_an_interval_whatever_the_checks_do() {
    let [hangs, panics, flaps] = [Does::Hang, Does::Panic, Does::Pass].map(Puppet::that);
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        Ok(Verdict::up())
    };
    let health = shop()
        .check(spec("hangs", &hangs).critical(false))
        .check(spec("panics", &panics).critical(false))
        .check(
            Spec::new("slow", slow)
                .timeout(Duration::from_secs(60))
                .critical(false),
        )
        .check(spec("flaps", &flaps))
        .build()
        .unwrap();
    started(&health).await;

    for second in 0..60 {
        let does = if second % 2 == 0 {
            Does::Pass
        } else {
            Does::Fail
        };
        flaps.now(does);
        let status = if does == Does::Pass { 200 } else { 503 };
        // An interval with its jitter, and nothing for the run itself.
        let told = 550;
        for milli in 0..1000 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            for _ in 0..10 {
                let probed = get(&health, "/health").0;
                assert!(
                    milli < told || probed == status,
                    "{second}.{milli}: {probed}"
                );
            }
        }
    }
    assert_eq!(get(&health, "/live").0, 200);
    let report = health.report();
    let error = |name| report.check(name).unwrap().error();
    assert_eq!(error("hangs"), Some("no answer within 200ms"));
    assert_eq!(error("panics"), Some("panicked: the check has a bug"));
    assert_eq!(report.check("slow").unwrap().status(), Status::Healthy);
    assert_eq!((hangs.most_in_flight(), panics.most_in_flight()), (1, 1));
    assert!(
        hangs.runs() > 50,
        "it is tried again, once it has been stopped"
    );
}

/// A check that blocks its thread until it is let go.
fn blocking(
    runs: &Arc<AtomicUsize>,
) -> (
    impl Fn() -> std::future::Ready<CheckResult> + Send + Sync + use<>,
    mpsc::Sender<()>,
) {
    let (release, released) = mpsc::channel::<()>();
    let (released, runs) = (Mutex::new(released), Arc::clone(runs));
    let check = move || {
        runs.fetch_add(1, Ordering::Relaxed);
        let _ = released.lock().unwrap().recv();
        std::future::ready(Ok(Verdict::up()))
    };
    (check, release)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_check_that_blocks_its_thread_is_reported_and_not_piled_up() {
    let runs = Arc::new(AtomicUsize::new(0));
    let (check, release) = blocking(&runs);
    let health = shop()
        .check(
            Spec::new("blocks", check)
                .interval(Duration::from_millis(20))
                .timeout(Duration::from_millis(20)),
        )
        .build()
        .unwrap();
    until(&health, "blocks", Status::Unhealthy).await;
    eventually("that it still blocks is told", || {
        let report = health.report();
        let error = report.check("blocks").unwrap().error().unwrap();
        error.contains("although it was told to stop")
    })
    .await;
    for _ in 0..10 {
        health.run_soon("blocks");
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert_eq!(get(&health, "/health").0, 503);

    drop(release); // every run returns at once now
    until(&health, "blocks", Status::Healthy).await;
}

#[tokio::test(start_paused = true)]
async fn checks_do_not_wait_for_each_other() {
    let (hangs, passes) = (Puppet::that(Does::Hang), Puppet::that(Does::Pass));
    let health = shop()
        .check(Spec::new("hangs", hangs).timeout(Duration::from_secs(3600)))
        .check(spec("passes", &passes))
        .build()
        .unwrap();
    until(&health, "passes", Status::Healthy).await;
    tokio::time::sleep(INTERVAL * 10).await;
    assert!(passes.runs() > 8);
}

#[tokio::test(start_paused = true)]
async fn runs_are_an_interval_apart_give_or_take_a_tenth() {
    let puppet = Puppet::default();
    let _health = shop().check(spec("db", &puppet)).build().unwrap();
    tokio::time::sleep(INTERVAL * 1000).await;
    assert!((950..=1050).contains(&puppet.runs()), "{}", puppet.runs());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_asked_for_comes_at_once_and_alone() {
    let puppet = Puppet::default();
    let health = shop()
        .check(spec("db", &puppet).interval(Duration::from_secs(3600)))
        .build()
        .unwrap();
    started(&health).await;
    puppet.now(Does::Fail);
    for _ in 0..100 {
        assert!(health.run_soon("db"));
    }
    until(&health, "db", Status::Unhealthy).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(puppet.runs() <= 3, "{}", puppet.runs());
    assert_eq!(puppet.most_in_flight(), 1);
    assert!(!health.run_soon("redis"));
}

#[tokio::test(start_paused = true)]
async fn a_check_that_recovers_is_up_again() {
    let puppet = Puppet::that(Does::Panic);
    let health = shop().check(spec("db", &puppet)).build().unwrap();
    until(&health, "db", Status::Unhealthy).await;
    for does in [
        Does::Pass,
        Does::Hang,
        Does::Degrade,
        Does::Fail,
        Does::Pass,
    ] {
        puppet.now(does);
        let status = match does {
            Does::Pass => Status::Healthy,
            Does::Degrade => Status::Degraded,
            _ => Status::Unhealthy,
        };
        until(&health, "db", status).await;
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_ends_the_checks() {
    let puppet = Puppet::default();
    let health = shop().check(spec("db", &puppet)).build().unwrap();
    started(&health).await;
    drop(health);
    tokio::time::sleep(Duration::from_millis(1)).await;
    let runs = puppet.runs();
    tokio::time::sleep(INTERVAL * 10).await;
    assert_eq!(puppet.runs(), runs);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_ends_a_run_that_hangs() {
    let held = Arc::new(());
    let hangs = {
        let held = Arc::clone(&held);
        move || {
            let held = Arc::clone(&held);
            async move {
                std::future::pending::<()>().await;
                drop(held);
                Err(Failure::new("unreachable"))
            }
        }
    };
    let health = shop().check(Spec::new("hangs", hangs)).build().unwrap();
    wait(&health, |_| true).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(Arc::strong_count(&held) > 1);
    drop(health);
    eventually("it is dropped", || Arc::strong_count(&held) == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_can_be_added_later() {
    let health = shop().build().unwrap();
    assert_eq!(get(&health, "/ready").0, 200);
    health
        .add(spec("late", &Puppet::that(Does::Fail)).readiness(true))
        .unwrap();
    assert_eq!(get(&health, "/ready").0, 503, "unknown is not ready");
    until(&health, "late", Status::Unhealthy).await;
}
