//! The variables, for `--help`.

/// Name, default and meaning of every variable.
const VARIABLES: &[(&str, &str, &str)] = &[
    (
        "OMTX_LISTEN",
        "127.0.0.1:8000",
        "IP address and port to listen on",
    ),
    (
        "OMTX_DRAIN_DELAY",
        "5",
        "seconds to serve on after SIGTERM, not ready",
    ),
    (
        "OMTX_SHUTDOWN_DEADLINE",
        "20",
        "seconds that requests and jobs have to finish after that",
    ),
    (
        "OMTX_NATIVE_HISTOGRAMS",
        "false",
        "whether durations have native buckets too: true or false",
    ),
    (
        "LOG_FORMAT",
        "omtx",
        "omtx, gcp, flat, python, ecs or pretty",
    ),
    (
        "LOG_LEVEL",
        "info",
        "critical, error, warning, info, debug, off; target=level too",
    ),
    (
        "OMTX_NVML_LIB",
        "the system's",
        "libnvidia-ml.so.1, where the GPUs are needed",
    ),
    (
        "HUB_GPU_INTERVAL",
        "5",
        "seconds between two looks at the GPUs",
    ),
    (
        "HUB_GPU_DEADLINE",
        "15",
        "seconds after which a driver that has not answered hangs",
    ),
    ("HUB_WORKERS", "one per core", "jobs that run at a time"),
    ("HUB_QUEUE", "64", "jobs that wait at most"),
    (
        "HUB_QUEUE_BYTES",
        "268435456",
        "letters that waiting jobs hold at most",
    ),
    (
        "HUB_BODY_LIMIT",
        "16777216",
        "bytes of FASTA in one request",
    ),
    (
        "HUB_CONNECTIONS",
        "512",
        "connections at a time; more wait in the system's backlog",
    ),
    (
        "HUB_HEAD_TIMEOUT",
        "30",
        "seconds that a head may take, and a connection may be idle",
    ),
    ("HUB_UPLOADS", "32", "bodies that are read at a time"),
    (
        "HUB_UPLOAD_TIMEOUT",
        "30",
        "seconds that a body may take to arrive",
    ),
    ("HUB_JOB_TIMEOUT", "300", "seconds that a job may run"),
    (
        "HUB_STUCK_AFTER",
        "7200",
        "seconds that a job runs before it counts as stuck",
    ),
    ("HUB_USER", "demo", "who may log in"),
    (
        "HUB_PASSWORD_HASH",
        "that of demo",
        "argon2 hash of the password, in PHC form",
    ),
    (
        "HUB_WEBHOOK_HOSTS",
        "127.0.0.1,localhost",
        "hosts that callback_url may name: host or host:port",
    ),
    (
        "HUB_FAULTS",
        "false",
        "whether &fault=panic, error and hang are allowed: true or false",
    ),
];

/// One line for each variable: its name, its default and what it means.
#[must_use]
pub fn help() -> String {
    let lines = VARIABLES
        .iter()
        .map(|(name, default, meaning)| format!("  {name:<23} {default:<20} {meaning}\n"));
    lines.chain([OTHERS.to_owned()]).collect()
}

/// Those that are not the service's own.
const OTHERS: &str = "
Traces, metrics and log records go to OTEL_EXPORTER_OTLP_ENDPOINT, if it is set: http://127.0.0.1:4317. The other OTEL_*
variables count as well, among them OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_TRACES_EXPORTER (console prints spans),
OTEL_TRACES_SAMPLER, OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER (none leaves them out) and OTEL_SDK_DISABLED.
OMTX_TRUSTED_PROXIES says how many proxies stand in front.
";

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::hub::Config;

    #[test]
    fn every_variable_is_listed_with_its_default() {
        let asked = RefCell::new(
            // Which are not the configuration's.
            ["LOG_FORMAT", "LOG_LEVEL", "OMTX_NATIVE_HISTOGRAMS"]
                .map(str::to_owned)
                .to_vec(),
        );
        let config = Config::from_lookup(|asked_for| {
            asked.borrow_mut().push(asked_for.to_owned());
            let (name, default, _) = VARIABLES.iter().find(|(name, ..)| *name == asked_for)?;
            let in_words = ["HUB_WORKERS", "HUB_PASSWORD_HASH", "OMTX_NVML_LIB"].contains(name);
            (!in_words).then(|| default.into())
        });
        assert_eq!(
            format!("{:?}", config.unwrap()),
            format!("{:?}", Config::default())
        );
        let mut asked = asked.into_inner();
        let mut listed: Vec<&str> = VARIABLES.iter().map(|(name, ..)| *name).collect();
        asked.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, asked);
    }

    #[test]
    fn a_line_of_the_help_fits_a_terminal() {
        let help = help();
        assert!(help.contains("  HUB_JOB_TIMEOUT         300                  seconds that"));
        assert!(help.lines().all(|line| line.len() <= 120), "{help}");
    }
}
