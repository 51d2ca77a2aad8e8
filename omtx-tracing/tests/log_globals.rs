//! Log records where logging is the process's own: its panic hook, and the levels of the exporter's thread.
#![cfg(feature = "logs")]

#[path = "it/receiver.rs"]
mod receiver;

use std::time::Duration;

use omtx_logging::{Levels, Logging};
use omtx_tracing::{Signal, Telemetry, TelemetryBuilder};

use receiver::{PATIENCE, Receiver};

#[test]
fn a_panic_is_exported_and_what_the_exporter_logs_itself_is_not() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    let endpoint = receiver.grpc_endpoint();
    let telemetry = Telemetry::builder("hub")
        .from_vars(|name| match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some((&endpoint).into()),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => Some("grpc".into()),
            "OTEL_LOGS_EXPORTER" => Some("otlp".into()),
            _ => None,
        })
        .and_then(TelemetryBuilder::build)
        .unwrap();
    // All levels: hyper, h2 and tonic have much to say about every request.
    let logging = Logging::builder("hub")
        .levels(Levels::all())
        .sink(())
        .records(telemetry.log_sink())
        .install()
        .unwrap();
    logging
        .panic_hook()
        .deadline(PATIENCE)
        .replace_previous(true)
        .install();

    let job = std::thread::spawn(|| panic!("index out of bounds"));
    assert!(job.join().is_err());
    // The hook has waited until the record was at the collector, which prints it before it answers.
    assert_eq!(telemetry.stats().of(Signal::Logs).unwrap().exported, 1);
    let log = receiver.wait_for_logs(1).remove(0);
    assert_eq!(log["severity"], "FATAL");
    assert_eq!(log["body"], "index out of bounds");
    assert_eq!(log["attributes"]["exception.type"], "panic");
    assert_eq!(
        log["attributes"]["exception.message"],
        "index out of bounds"
    );
    let location = log["attributes"]["panic.location"].as_str().unwrap();
    assert!(location.contains("log_globals.rs"), "{log}");

    for _ in 0..3 {
        assert!(telemetry.flush(PATIENCE).is_complete());
    }
    assert_eq!(telemetry.stats().of(Signal::Logs).unwrap().created, 1);
    assert!(telemetry.shutdown(Duration::from_secs(30)).is_empty());
}
