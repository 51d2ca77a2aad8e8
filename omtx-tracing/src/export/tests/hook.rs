use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::testing::{Collector, Step, lane};
use super::super::{DropReason, Exporter, Loss, OnLoss, ScopeId};
use super::{LONG, small};
use crate::Signal;

fn start(
    step: Step,
) -> (
    Exporter,
    Arc<Mutex<Vec<Loss>>>,
    impl Future<Output = ()> + Send,
) {
    let losses = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&losses);
    let hook: OnLoss = Box::new(move |loss| {
        told.lock().expect("no panic").push(loss.clone());
        panic!("a hook that cannot");
    });
    let collector = Collector::default();
    collector.always(step);
    let lanes = vec![lane(Signal::Logs, small(), &collector)];
    let (exporter, driver) = Exporter::prepare(lanes, Some(hook));
    (exporter, losses, driver)
}

fn push(exporter: &Exporter, records: usize) {
    let pipeline = exporter.pipeline(Signal::Logs).expect("it is there");
    for _ in 0..records {
        pipeline.created(1);
        pipeline.push(ScopeId(0), b"", 1);
    }
}

#[tokio::test(start_paused = true)]
async fn losses_are_told_together_and_seldom_and_a_panic_in_the_hook_is_its_own() {
    let (exporter, losses, driver) = start(Step::Refuse);
    tokio::spawn(driver);
    for _ in 0..60 {
        push(&exporter, 5);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let told = losses.lock().expect("no panic").clone();
    assert!((6..=7).contains(&told.len()), "{told:?}");
    assert!(told.iter().map(|loss| loss.records).sum::<u64>() >= 250);
    for loss in told {
        assert_eq!(
            (loss.signal, loss.reason),
            (Signal::Logs, DropReason::ExportFailed)
        );
        assert_eq!(loss.last_error.as_deref(), Some("as the script says"));
    }
    let pipeline = exporter.pipeline(Signal::Logs).expect("it is there");
    pipeline.queue.close_now();
}

#[test]
fn what_a_shutdown_loses_is_told_as_well() {
    let (exporter, losses, driver) = start(Step::HangForEver);
    let thread = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(driver);
    });
    push(&exporter, 2);
    exporter.shutdown(Duration::from_millis(20));
    thread.join().expect("no panic");
    let told: u64 = losses
        .lock()
        .expect("no panic")
        .iter()
        .map(|loss| loss.records)
        .sum();
    assert_eq!(told, 2);
    exporter.shutdown(LONG);
}
