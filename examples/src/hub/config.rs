//! The settings: defaults in code, overridden by the environment.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use omtx_metrics::jobs::DEFAULT_STUCK_AFTER;

use super::auth::{DEMO_PASSWORD_HASH, DEMO_USER};

/// Jobs that wait at most while the service demonstrates itself.
const DEMO_QUEUE: usize = 8;

/// How long a job runs before it is taken for stuck, then.
const DEMO_STUCK_AFTER: Duration = Duration::from_millis(100);

/// How the service runs. [`Config::from_env`] reads it from the environment.
#[derive(Clone, Debug)]
pub struct Config {
    /// `OMTX_LISTEN`: where to listen. 127.0.0.1:8000.
    pub listen: SocketAddr,
    /// `OMTX_SHUTDOWN_DEADLINE`: seconds that requests and jobs in flight have to finish after SIGTERM. 10.
    pub shutdown_deadline: Duration,
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
            shutdown_deadline: Duration::from_secs(10),
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
        Self::from_lookup(|name| std::env::var(name).ok())
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
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        // An empty variable is an unset one, as in every shell script and manifest.
        let var = Vars(|name: &str| lookup(name).filter(|value| !value.is_empty()));
        let mut config = Self::default();
        var.parse(
            "OMTX_LISTEN",
            "an address and a port such as 127.0.0.1:8000",
            |_| true,
            &mut config.listen,
        )?;
        var.seconds("OMTX_SHUTDOWN_DEADLINE", &mut config.shutdown_deadline)?;
        var.parse(
            "HUB_WORKERS",
            "a whole number from 1 to 256",
            |n| (1..=256).contains(n),
            &mut config.workers,
        )?;
        var.parse(
            "HUB_QUEUE",
            "a whole number from 1 to 100000",
            |n| (1..=100_000).contains(n),
            &mut config.queue,
        )?;
        var.parse(
            "HUB_QUEUE_BYTES",
            "a number of bytes above 0",
            |n| *n > 0,
            &mut config.queue_bytes,
        )?;
        var.parse(
            "HUB_BODY_LIMIT",
            "a number of bytes above 0",
            |n| *n > 0,
            &mut config.body_limit,
        )?;
        var.parse(
            "HUB_CONNECTIONS",
            "a whole number from 1 to 100000",
            |n| (1..=100_000).contains(n),
            &mut config.connections,
        )?;
        var.some_seconds("HUB_HEAD_TIMEOUT", &mut config.head_timeout)?;
        var.parse(
            "HUB_UPLOADS",
            "a whole number from 1 to 10000",
            |n| (1..=10_000).contains(n),
            &mut config.uploads,
        )?;
        var.seconds("HUB_UPLOAD_TIMEOUT", &mut config.upload_timeout)?;
        var.seconds("HUB_JOB_TIMEOUT", &mut config.job_timeout)?;
        var.some_seconds("HUB_STUCK_AFTER", &mut config.stuck_after)?;
        var.parse("HUB_USER", "a name", |_| true, &mut config.user)?;
        var.parse("HUB_FAULTS", "true or false", |_| true, &mut config.faults)?;
        let is_hash = |hash: &String| super::auth::is_password_hash(hash);
        var.parse(
            "HUB_PASSWORD_HASH",
            "an argon2 hash in PHC form, $argon2id$…",
            is_hash,
            &mut config.password_hash,
        )?;
        if let Some(hosts) = (var.0)("HUB_WEBHOOK_HOSTS") {
            config.webhook_hosts = hosts
                .split(',')
                .map(|host| host.trim().to_ascii_lowercase())
                .collect();
            if config
                .webhook_hosts
                .iter()
                .any(|host| host.is_empty() || host.contains('/'))
            {
                return Err(ConfigError::new(
                    "HUB_WEBHOOK_HOSTS",
                    &hosts,
                    "hosts such as example.org,10.0.0.7:9000",
                ));
            }
        }
        Ok(config)
    }
}

struct Vars<F>(F);

impl<F: Fn(&str) -> Option<String>> Vars<F> {
    fn parse<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
        accept: impl Fn(&T) -> bool,
        into: &mut T,
    ) -> Result<(), ConfigError> {
        if let Some(value) = (self.0)(name) {
            *into = value
                .parse()
                .ok()
                .filter(accept)
                .ok_or_else(|| ConfigError::new(name, &value, expected))?;
        }
        Ok(())
    }

    fn seconds(&self, name: &'static str, into: &mut Duration) -> Result<(), ConfigError> {
        self.duration(name, "a number of seconds", |_| true, into)
    }

    /// Where none at all would make no sense.
    fn some_seconds(&self, name: &'static str, into: &mut Duration) -> Result<(), ConfigError> {
        let expected = "a number of seconds above 0";
        self.duration(name, expected, |duration| !duration.is_zero(), into)
    }

    fn duration(
        &self,
        name: &'static str,
        expected: &'static str,
        accept: impl Fn(&Duration) -> bool,
        into: &mut Duration,
    ) -> Result<(), ConfigError> {
        if let Some(value) = (self.0)(name) {
            let seconds = value.parse().ok();
            let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            *into = duration
                .filter(accept)
                .ok_or_else(|| ConfigError::new(name, &value, expected))?;
        }
        Ok(())
    }
}

/// A variable that is set to what it cannot mean.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    name: &'static str,
    value: String,
    expected: &'static str,
}

impl ConfigError {
    fn new(name: &'static str, value: &str, expected: &'static str) -> Self {
        // The one secret among them is not for the console.
        let value = if name == "HUB_PASSWORD_HASH" {
            "…"
        } else {
            value
        };
        Self {
            name,
            value: value.to_owned(),
            expected,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid {} \"{}\"; expected {}",
            self.name,
            self.value.escape_debug(),
            self.expected
        )
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> Result<Config, ConfigError> {
        Config::from_lookup(|asked| (asked == name).then(|| value.to_owned()))
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
            "invalid HUB_JOB_TIMEOUT \"-1\"; expected a number of seconds",
        );
        check(
            "HUB_STUCK_AFTER",
            "0",
            "invalid HUB_STUCK_AFTER \"0\"; expected a number of seconds above 0",
        );
        check(
            "HUB_HEAD_TIMEOUT",
            "0.0",
            "invalid HUB_HEAD_TIMEOUT \"0.0\"; expected a number of seconds above 0",
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
}
