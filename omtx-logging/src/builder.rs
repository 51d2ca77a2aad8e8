use std::ffi::OsString;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::SystemTime;

use crate::core::{Clock, Core, Parts};
use crate::encode::line::Limits;
use crate::level::LevelHandle;
use crate::limit::RateLimit;
use crate::profile::{Layout, Service};
use crate::{
    Counters, Error, Levels, Logging, Precision, Profile, RecordSink, Redact, Redaction, Sink,
};

/// Longest value in a line by default, in bytes: 8 KiB.
pub const DEFAULT_MAX_VALUE_LEN: usize = 8 << 10;

/// Longest line by default, in bytes: 64 KiB. Google Cloud Logging refuses entries above 256 KB; container runtimes split
/// lines at 16 KiB, and the agents put them together again.
pub const DEFAULT_MAX_LINE_LEN: usize = 64 << 10;

/// The least that a line may be limited to, in bytes.
pub const MIN_LINE_LEN: usize = 1 << 10;

/// Collects the settings of a [`Logging`].
///
/// What is set here are defaults; [`from_env`](Self::from_env), called after, lets the environment override them.
///
/// ```
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{Logging, Profile, Severity};
///
/// # fn main() -> Result<(), omtx_logging::Error> {
/// let lines = Lines::default();
/// let logging = Logging::builder("omtx-hub-api")
///     .version("1.0.0")
///     .environment("production")
///     .profile(Profile::Gcp)
///     .levels(Severity::Warning)
///     .sink(lines.clone())
///     .build()?;
/// tracing::subscriber::with_default(logging.subscriber(), || tracing::warn!("slow"));
/// assert!(lines.take()[0].contains(r#""severity":"WARNING","level":"WARNING""#));
/// # Ok(())
/// # }
/// ```
#[must_use = "call `build` or `install`"]
pub struct LoggingBuilder {
    service: Service,
    project: Option<String>,
    profile: Profile,
    precision: Precision,
    levels: Levels,
    max_value_len: usize,
    max_line_len: usize,
    color: Option<bool>,
    clock: Clock,
    pub(crate) sink: Option<Arc<dyn Sink>>,
    records: Option<Arc<dyn RecordSink>>,
    pub(crate) redact: Option<Arc<dyn Redact>>,
    pub(crate) limit: RateLimit,
}

impl LoggingBuilder {
    pub(crate) fn new(service: String) -> Self {
        Self {
            service: Service {
                name: service,
                ..Service::default()
            },
            project: None,
            profile: Profile::default(),
            precision: Precision::default(),
            levels: Levels::default(),
            max_value_len: DEFAULT_MAX_VALUE_LEN,
            max_line_len: DEFAULT_MAX_LINE_LEN,
            color: None,
            clock: None,
            sink: None,
            records: None,
            redact: Some(Arc::new(Redaction::keys_only())),
            limit: RateLimit::default(),
        }
    }

    /// The version that stands in each line's `service`. None by default.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.service.version = Some(version.into());
        self
    }

    /// The environment that stands in each line's `service`, as `production`. None by default; `OMTX_ENVIRONMENT`.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.service.environment = Some(environment.into());
        self
    }

    /// The shape of lines. [`Profile::Omtx`] by default; `LOG_FORMAT`.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// What is written: a [`Severity`](crate::Severity), or [`Levels`] by module. INFO and above by default; `RUST_LOG`,
    /// `LOG_LEVEL`, `<SERVICE>_LOG_LEVEL`.
    pub fn levels(mut self, levels: impl Into<Levels>) -> Self {
        self.levels = levels.into();
        self
    }

    /// How exact timestamps are. Microseconds by default.
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// The Google Cloud project in the trace names of [`Profile::Gcp`], `projects/PROJECT/traces/ID`. Without it the bare id
    /// is written. None by default; `GOOGLE_CLOUD_PROJECT`.
    pub fn google_cloud_project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// Longest value, in bytes as they stand in the line: [`DEFAULT_MAX_VALUE_LEN`] by default. A longer one is cut between
    /// two characters, and the line says `"truncated":true`.
    pub fn max_value_len(mut self, bytes: usize) -> Self {
        self.max_value_len = bytes;
        self
    }

    /// Longest line, in bytes: [`DEFAULT_MAX_LINE_LEN`] by default, [`MIN_LINE_LEN`] at least. What does not fit is cut or
    /// left out, and the line says `"truncated":true`.
    pub fn max_line_len(mut self, bytes: usize) -> Self {
        self.max_line_len = bytes;
        self
    }

    /// Whether [`Profile::Pretty`] has colours. By default where standard output is a terminal and `NO_COLOR` is not set.
    pub fn color(mut self, color: bool) -> Self {
        self.color = Some(color);
        self
    }

    /// Takes the time from `clock` instead of the system's: for tests with exact timestamps.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Where lines go instead of standard output.
    pub fn sink(mut self, sink: impl Sink) -> Self {
        self.sink = Some(Arc::new(sink));
        self
    }

    /// Hands what each line says to `records` as well, as values: for log records over OTLP. Nobody by default, and then it
    /// costs nothing.
    pub fn records(mut self, records: impl RecordSink) -> Self {
        self.records = Some(Arc::new(records));
        self
    }

    /// Limits how often each callsite may log; not at all by default.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.limit = limit;
        self
    }

    /// Keeps secrets out of the lines: by default the values of keys that are names of secrets, as `password`
    /// ([`Redaction::keys_only`]).
    ///
    /// [`Redaction::new`] looks for them in texts, too; [`Redaction::empty`] hides nothing.
    pub fn redact(mut self, redact: impl Redact) -> Self {
        self.redact = Some(Arc::new(redact));
        self
    }

    /// Lets the environment override what was set so far.
    ///
    /// | variable | |
    /// |---|---|
    /// | `LOG_FORMAT` | [`profile`](Self::profile): `omtx`, `gcp`, `flat`, `python`, `ecs`, `pretty` |
    /// | `RUST_LOG`, then `LOG_LEVEL`, then `<SERVICE>_LOG_LEVEL` | [`levels`](Self::levels): each over the one before |
    /// | `OMTX_ENVIRONMENT` | [`environment`](Self::environment) |
    /// | `GOOGLE_CLOUD_PROJECT` | [`google_cloud_project`](Self::google_cloud_project) |
    ///
    /// `<SERVICE>` is the service's name in upper case with `_` for what is no letter or digit: `GATEWAY_LOG_LEVEL` for
    /// `gateway`. A variable that is empty counts as not set.
    ///
    /// # Errors
    ///
    /// If one is not UTF-8, or malformed: `invalid LOG_LEVEL "loud"; expected …`.
    pub fn from_env(self) -> Result<Self, Error> {
        self.from_vars(|name| std::env::var_os(name))
    }

    /// [`from_env`](Self::from_env) with variables of your own: for tests, and for configuration from elsewhere.
    ///
    /// ```
    /// use omtx_logging::Logging;
    ///
    /// let error = Logging::builder("gateway")
    ///     .from_vars(|name| (name == "GATEWAY_LOG_LEVEL").then(|| "loud".into()))
    ///     .err()
    ///     .unwrap();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"invalid GATEWAY_LOG_LEVEL "loud"; expected trace, debug, info, warning, error, critical or off, or target=level, separated by commas"#,
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`from_env`](Self::from_env).
    pub fn from_vars(mut self, var: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let var = |name: &str| match var(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(value)) if value.trim().is_empty() => Ok(None),
            Some(Ok(value)) => Ok(Some(value.trim().to_owned())),
            Some(Err(value)) => Err(Error::invalid(name, value.to_string_lossy(), "UTF-8")),
        };
        if let Some(format) = var("LOG_FORMAT")? {
            let expected = "omtx, gcp, flat, python, ecs or pretty";
            let profile = format.parse();
            self.profile = profile.map_err(|_| Error::invalid("LOG_FORMAT", format, expected))?;
        }
        let own = own_variable(&self.service.name);
        for name in ["RUST_LOG", "LOG_LEVEL", &own] {
            if let Some(levels) = var(name)? {
                let expected = "trace, debug, info, warning, error, critical or off, or target=level, separated by commas";
                let overridden = self.levels.overridden(&levels);
                self.levels = overridden.map_err(|_| Error::invalid(name, levels, expected))?;
            }
        }
        if let Some(environment) = var("OMTX_ENVIRONMENT")? {
            self.service.environment = Some(environment);
        }
        if let Some(project) = var("GOOGLE_CLOUD_PROJECT")? {
            self.project = Some(project);
        }
        Ok(self)
    }

    /// Logging as configured. Nothing is installed: see [`Logging::layer`] and [`install`](Self::install).
    ///
    /// # Errors
    ///
    /// If the service has no name, or [`max_line_len`](Self::max_line_len) is less than [`MIN_LINE_LEN`].
    pub fn build(mut self) -> Result<Logging, Error> {
        if self.service.name.trim().is_empty() {
            return Err(Error::invalid("service name", &self.service.name, "a name"));
        }
        if self.max_line_len < MIN_LINE_LEN {
            let expected = format!("at least {MIN_LINE_LEN} bytes");
            return Err(Error::invalid("max_line_len", self.max_line_len, &expected));
        }
        if let Some(project) = &self.project {
            let prefix = format!("projects/{project}/traces/");
            crate::encode::escape::escape(&mut self.service.trace_prefix, &prefix, usize::MAX);
        }
        let color = self.color.unwrap_or_else(|| {
            std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
        });
        let counters = Arc::new(Counters::default());
        let sink = self.sink.unwrap_or_else(crate::writer::default_sink);
        sink.attach(&counters);
        Ok(Logging {
            core: Arc::new(Core::new(Parts {
                counters,
                sink,
                records: self.records,
                redact: self.redact,
                limit: self.limit,
                layout: Layout {
                    profile: self.profile,
                    precision: self.precision,
                    service: self.service,
                    color,
                },
                limits: Limits {
                    value: self.max_value_len,
                    line: self.max_line_len,
                },
                clock: self.clock,
            })),
            levels: LevelHandle::new(self.levels),
        })
    }

    /// [`build`](Self::build), and makes it the process's global subscriber.
    ///
    /// To have other layers beside it, as one that exports traces, put [`Logging::layer`] into a registry of your own.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build), and if the process has a global subscriber already.
    pub fn install(self) -> Result<Logging, Error> {
        let logging = self.build()?;
        tracing::subscriber::set_global_default(logging.subscriber())
            .map_err(|error| Error::installed("a global subscriber", error))?;
        Ok(logging)
    }
}

/// `omtx-hub-api` → `OMTX_HUB_API_LOG_LEVEL`.
fn own_variable(service: &str) -> String {
    let mut name: String = service
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    name.push_str("_LOG_LEVEL");
    name
}
