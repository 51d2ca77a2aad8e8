//! The settings: defaults in code, overridden by the environment.

mod help;
mod vars;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use omtx_gpu::{DEFAULT_CALL_DEADLINE, DEFAULT_INTERVAL};
use omtx_health::{DEFAULT_DRAIN_DELAY, DEFAULT_SHUTDOWN_DEADLINE};
use omtx_metrics::jobs::DEFAULT_STUCK_AFTER;

use super::auth::{DEMO_PASSWORD_HASH, DEMO_USER, is_password_hash};
pub use help::help;
pub use vars::ConfigError;
use vars::{SOME, Vars, YEAR};

/// Jobs that wait at most while the service demonstrates itself.
const DEMO_QUEUE: usize = 8;

/// How long a job runs before it is taken for stuck, then.
const DEMO_STUCK_AFTER: Duration = Duration::from_millis(100);

/// How the service runs. [`Config::from_env`] reads it from the environment.
///
/// A time is at least 0.001 s there, those of the shutdown at least 0, and none is longer than a year, 31536000 s. Those of the
/// GPUs have limits of their own.
#[derive(Clone, Debug)]
pub struct Config {
    /// `OMTX_LISTEN`: where to listen. 127.0.0.1:8000.
    pub listen: SocketAddr,
    /// `OMTX_DRAIN_DELAY`: seconds that the service serves on after SIGTERM, not ready. 5.
    pub drain_delay: Duration,
    /// `OMTX_SHUTDOWN_DEADLINE`: seconds that requests and jobs in flight have to finish after that. 20.
    pub shutdown_deadline: Duration,
    /// `OMTX_NVML_LIB`: where NVIDIA's management library is, on a machine whose GPUs the service cannot do without: `/health`
    /// tells of them then. Looked for where the system looks.
    pub nvml_lib: Option<OsString>,
    /// `HUB_GPU_INTERVAL`: seconds between two looks at the GPUs, 0.01 to 30. 5.
    pub gpu_interval: Duration,
    /// `HUB_GPU_DEADLINE`: seconds after which a driver that has not answered hangs, 0.01 to 3600. 15.
    pub gpu_deadline: Duration,
    /// `HUB_WORKERS`: jobs that run at a time. One per core.
    pub workers: usize,
    /// `HUB_QUEUE`: jobs that wait at most. 64.
    pub queue: usize,
    /// `HUB_QUEUE_BYTES`: letters that waiting jobs hold at most. 256 MiB.
    pub queue_bytes: usize,
    /// `HUB_BODY_LIMIT`: bytes of FASTA in one request. 16 MiB.
    pub body_limit: usize,
    /// `HUB_CONNECTIONS`: connections at a time; more wait in the system's backlog. 512, half of what many systems let a
    /// process open.
    pub connections: usize,
    /// `HUB_HEAD_TIMEOUT`: seconds that a request's head may take to arrive, and a connection may be idle. 30.
    pub head_timeout: Duration,
    /// `HUB_UPLOADS`: bodies that are read at a time. 32.
    pub uploads: usize,
    /// `HUB_UPLOAD_TIMEOUT`: seconds that a body may take to arrive. 30.
    pub upload_timeout: Duration,
    /// `HUB_JOB_TIMEOUT`: seconds that a job may run. 300.
    pub job_timeout: Duration,
    /// `HUB_STUCK_AFTER`: seconds that a job runs before `omtx_hub_jobs_stuck` counts it. 7200, two hours.
    pub stuck_after: Duration,
    /// `HUB_USER`: who may log in. `demo`.
    pub user: String,
    /// `HUB_PASSWORD_HASH`: an argon2 hash in PHC form. That of the password `demo`.
    pub password_hash: String,
    /// `HUB_WEBHOOK_HOSTS`: hosts that `callback_url` may name, `host` or `host:port`, comma-separated. 127.0.0.1 and
    /// localhost.
    pub webhook_hosts: Vec<String>,
    /// `HUB_FAULTS`: whether `&fault=panic`, `error` and `hang` are allowed, to see what a broken job looks like. False.
    pub faults: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            drain_delay: DEFAULT_DRAIN_DELAY,
            shutdown_deadline: DEFAULT_SHUTDOWN_DEADLINE,
            nvml_lib: None,
            gpu_interval: DEFAULT_INTERVAL,
            gpu_deadline: DEFAULT_CALL_DEADLINE,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            queue: 64,
            queue_bytes: 256 << 20,
            body_limit: 16 << 20,
            connections: 512,
            head_timeout: Duration::from_secs(30),
            uploads: 32,
            upload_timeout: Duration::from_secs(30),
            job_timeout: Duration::from_secs(300),
            stuck_after: DEFAULT_STUCK_AFTER,
            user: DEMO_USER.to_owned(),
            password_hash: DEMO_PASSWORD_HASH.to_owned(),
            webhook_hosts: vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
            faults: false,
        }
    }
}

impl Config {
    /// The settings of this process.
    ///
    /// # Errors
    ///
    /// When a variable is set to what it cannot mean; the error names the variable, the value and the expectation.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    /// The same for a demonstration: faults are allowed, the queue is short enough to be filled, and a job that gets
    /// nowhere is soon taken for stuck.
    #[must_use]
    pub fn for_demo(mut self) -> Self {
        self.faults = true;
        self.queue = self.queue.min(DEMO_QUEUE);
        self.stuck_after = self.stuck_after.min(DEMO_STUCK_AFTER);
        self
    }

    /// The same from any source of variables.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        let var = Vars(lookup);
        let mut config = Self::default();
        var.read(
            "OMTX_LISTEN",
            "an IP address and a port such as 127.0.0.1:8000, no host name",
            parsed,
            &mut config.listen,
        )?;
        var.seconds("OMTX_DRAIN_DELAY", 0.0..=YEAR, &mut config.drain_delay)?;
        var.seconds(
            "OMTX_SHUTDOWN_DEADLINE",
            0.0..=YEAR,
            &mut config.shutdown_deadline,
        )?;
        var.read(
            "OMTX_NVML_LIB",
            "a path in UTF-8",
            |path| Some(Some(path.into())),
            &mut config.nvml_lib,
        )?;
        // Readings are shown for a minute: looks that are further apart would leave gaps.
        var.seconds("HUB_GPU_INTERVAL", 0.01..=30.0, &mut config.gpu_interval)?;
        var.seconds("HUB_GPU_DEADLINE", 0.01..=3600.0, &mut config.gpu_deadline)?;
        var.whole("HUB_WORKERS", 1..=256, &mut config.workers)?;
        var.whole("HUB_QUEUE", 1..=100_000, &mut config.queue)?;
        var.bytes("HUB_QUEUE_BYTES", &mut config.queue_bytes)?;
        var.bytes("HUB_BODY_LIMIT", &mut config.body_limit)?;
        var.whole("HUB_CONNECTIONS", 1..=100_000, &mut config.connections)?;
        var.seconds("HUB_HEAD_TIMEOUT", SOME..=YEAR, &mut config.head_timeout)?;
        var.whole("HUB_UPLOADS", 1..=10_000, &mut config.uploads)?;
        var.seconds(
            "HUB_UPLOAD_TIMEOUT",
            SOME..=YEAR,
            &mut config.upload_timeout,
        )?;
        var.seconds("HUB_JOB_TIMEOUT", SOME..=YEAR, &mut config.job_timeout)?;
        var.seconds("HUB_STUCK_AFTER", SOME..=YEAR, &mut config.stuck_after)?;
        var.read("HUB_USER", "a name in UTF-8", parsed, &mut config.user)?;
        var.read(
            "HUB_PASSWORD_HASH",
            "an argon2 hash in PHC form, $argon2id$…",
            |hash| is_password_hash(hash).then(|| hash.to_owned()),
            &mut config.password_hash,
        )?;
        var.read(
            "HUB_WEBHOOK_HOSTS",
            "hosts such as example.org,10.0.0.7:9000",
            hosts,
            &mut config.webhook_hosts,
        )?;
        var.read("HUB_FAULTS", "true or false", parsed, &mut config.faults)?;
        Ok(config)
    }
}

fn parsed<T: FromStr>(value: &str) -> Option<T> {
    value.parse().ok()
}

fn hosts(list: &str) -> Option<Vec<String>> {
    list.split(',')
        .map(|host| host.trim().to_ascii_lowercase())
        .map(|host| (!host.is_empty() && !host.contains('/')).then_some(host))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> Result<Config, ConfigError> {
        Config::from_lookup(|asked| (asked == name).then(|| value.into()))
    }

    #[track_caller]
    fn check(name: &'static str, value: &str, expected: &str) {
        assert_eq!(with(name, value).unwrap_err().to_string(), expected);
    }

    #[test]
    fn the_environment_overrides_the_defaults() {
        assert_eq!(
            with("OMTX_LISTEN", "[::]:9000").unwrap().listen.port(),
            9000
        );
        assert_eq!(
            with("HUB_JOB_TIMEOUT", "0.5").unwrap().job_timeout,
            Duration::from_millis(500)
        );
        assert_eq!(
            with("HUB_WEBHOOK_HOSTS", "Example.org, a:1")
                .unwrap()
                .webhook_hosts,
            ["example.org", "a:1"]
        );
        assert_eq!(
            with("HUB_WORKERS", "").unwrap().workers,
            Config::default().workers
        );
    }

    #[test]
    fn an_error_names_the_variable_the_value_and_the_expectation() {
        check(
            "HUB_WORKERS",
            "many",
            "invalid HUB_WORKERS \"many\"; expected a whole number from 1 to 256",
        );
        check(
            "HUB_WORKERS",
            "0",
            "invalid HUB_WORKERS \"0\"; expected a whole number from 1 to 256",
        );
        check(
            "HUB_JOB_TIMEOUT",
            "-1",
            "invalid HUB_JOB_TIMEOUT \"-1\"; expected a number of seconds from 0.001 to 31536000",
        );
        check(
            "HUB_STUCK_AFTER",
            "0",
            "invalid HUB_STUCK_AFTER \"0\"; expected a number of seconds from 0.001 to 31536000",
        );
        check(
            "HUB_HEAD_TIMEOUT",
            "0.0",
            "invalid HUB_HEAD_TIMEOUT \"0.0\"; expected a number of seconds from 0.001 to 31536000",
        );
        check(
            "HUB_GPU_INTERVAL",
            "31",
            "invalid HUB_GPU_INTERVAL \"31\"; expected a number of seconds from 0.01 to 30",
        );
        check(
            "HUB_FAULTS",
            "yes",
            "invalid HUB_FAULTS \"yes\"; expected true or false",
        );
        check(
            "HUB_WEBHOOK_HOSTS",
            "a,,b",
            "invalid HUB_WEBHOOK_HOSTS \"a,,b\"; expected hosts such as example.org,10.0.0.7:9000",
        );
        let expected =
            "invalid HUB_PASSWORD_HASH \"…\"; expected an argon2 hash in PHC form, $argon2id$…";
        check("HUB_PASSWORD_HASH", "hunter2", expected);
    }
    #[test]
    fn an_address_is_no_host_name() {
        check(
            "OMTX_LISTEN",
            "localhost:8000",
            "invalid OMTX_LISTEN \"localhost:8000\"; expected an IP address and a port such as 127.0.0.1:8000, no host name",
        );
    }

    #[test]
    fn seconds_have_limits() {
        type Setting = fn(&Config) -> Duration;
        let variables: [(_, _, Setting); 6] = [
            ("OMTX_DRAIN_DELAY", "0", |c| c.drain_delay),
            ("OMTX_SHUTDOWN_DEADLINE", "0", |c| c.shutdown_deadline),
            ("HUB_HEAD_TIMEOUT", "0.001", |c| c.head_timeout),
            ("HUB_UPLOAD_TIMEOUT", "0.001", |c| c.upload_timeout),
            ("HUB_JOB_TIMEOUT", "0.001", |c| c.job_timeout),
            ("HUB_STUCK_AFTER", "0.001", |c| c.stuck_after),
        ];
        for (name, least, setting) in variables {
            let set = |value| setting(&with(name, value).unwrap()).as_millis();
            let expected = least.parse::<f64>().unwrap() * 1000.0;
            assert_eq!(set(least), expected as u128, "{name}");
            assert_eq!(set("31536000"), 31_536_000_000, "{name}");
            let below = if least == "0" { "-0.001" } else { "0" };
            for value in [below, "31536000.001", "1e19", "1e400", "inf", "NaN", "10s"] {
                let expected = format!(
                    "invalid {name} \"{value}\"; expected a number of seconds from {least} to 31536000"
                );
                check(name, value, &expected);
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_utf_8_is_an_error_and_not_the_default() {
        use std::os::unix::ffi::OsStringExt;
        let asked = std::cell::RefCell::new(Vec::new());
        let set = |name: &str| {
            Config::from_lookup(|asked_for| {
                asked.borrow_mut().push(asked_for.to_owned());
                (asked_for == name).then(|| OsString::from_vec(b"4\xff".to_vec()))
            })
        };
        set("").unwrap();
        for name in asked.take() {
            let error = set(&name).unwrap_err().to_string();
            assert!(error.starts_with(&format!("invalid {name} ")), "{error}");
        }
        assert_eq!(
            set("HUB_WORKERS").unwrap_err().to_string(),
            "invalid HUB_WORKERS \"4\\xFF\"; expected a whole number from 1 to 256"
        );
    }
}
