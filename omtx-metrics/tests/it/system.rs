//! Process, machine and runtime metrics: registration, names, a busy runtime.

use std::time::{Duration, Instant};

use omtx_metrics::system::SystemMetrics;
use omtx_metrics::testing::{Exposition, lint};
use omtx_metrics::{Gauge, Registry};

use crate::engine;

#[test]
fn every_family_follows_the_rules_for_names() {
    let registry = Registry::builder().namespace("omtx_hub").build().unwrap();
    SystemMetrics::builder().start(&registry).unwrap();
    assert_eq!(lint(&registry.catalog()), []);
    let Some(output) = engine::run("promtool", &["check", "metrics"], registry.to_text()) else {
        return;
    };
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8_lossy(&said), "");
}

#[test]
fn a_source_that_is_switched_off_has_no_families() {
    let registry = Registry::new();
    SystemMetrics::builder()
        .machine(false)
        .disks(false)
        .cgroup(false)
        .interval(Duration::from_secs(3600))
        .start(&registry)
        .unwrap();
    let names: Vec<String> = registry
        .catalog()
        .families
        .iter()
        .map(|family| family.name.to_string())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("process_") || name == "omtx_system_sample_errors_total"),
        "{names:?}"
    );
    assert!(names.iter().any(|name| name == "process_open_fds"));
}

#[test]
fn a_family_of_the_same_name_is_an_error_at_start_up() {
    let registry = Registry::new();
    registry
        .family::<(), Gauge>("process_open_fds", "Mine.")
        .register()
        .unwrap();
    let error = SystemMetrics::builder().start(&registry).unwrap_err();
    assert!(error.is_conflict(), "{error}");
}

#[cfg(feature = "tokio")]
#[test]
fn a_runtime_that_works_is_seen_to() {
    use omtx_metrics::sets::TokioMetrics;

    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap()
    };
    let (first, second) = (runtime(), runtime());
    let registry = Registry::new();
    TokioMetrics::expose(&registry, first.handle()).unwrap();
    TokioMetrics::expose(&registry, first.handle()).unwrap(); // the second time nothing happens
    assert!(
        TokioMetrics::expose(&registry, second.handle())
            .unwrap_err()
            .is_conflict()
    );

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let idle = first.spawn(stopped);
    first
        .block_on(first.spawn(async {
            let end = Instant::now() + Duration::from_millis(20);
            while Instant::now() < end {
                std::hint::spin_loop();
            }
        }))
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let seen = Exposition::parse(&registry.to_text()).unwrap();
        let busy: f64 = ["0", "1"]
            .iter()
            .map(|worker| {
                let labels = [("worker", *worker)];
                seen.read("tokio_worker_busy_seconds_total", &labels)
                    .unwrap()
            })
            .sum();
        if busy >= 0.02 {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "the time of the busy task is counted"
        );
        std::thread::yield_now();
    }
    let seen = Exposition::parse(&registry.to_text()).unwrap();
    assert_eq!(seen.read("tokio_workers", &[]), Some(2.0));
    assert_eq!(seen.read("tokio_tasks_alive", &[]), Some(1.0));
    assert_eq!(lint(&registry.catalog()), []);
    drop(stop);
    let _ = first.block_on(idle);
}
