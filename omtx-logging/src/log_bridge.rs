//! Records of the `log` crate as lines.

use std::sync::Arc;
use std::time::{Duration, Instant};

use log::kv::{Key, Value, VisitSource};
use log::{Level, LevelFilter, Log, Metadata};

use crate::core::Core;
use crate::level::LevelHandle;
use crate::record::{Record, RecordValue};
use crate::{Error, Logging, Severity};

/// How long `log::logger().flush()` waits.
const FLUSH: Duration = Duration::from_secs(1);

impl Logging {
    /// Makes this the process's logger for the `log` crate: its records become lines in the current scope and spans.
    ///
    /// The target is the line's `logger`; module, file and line stand where the profile has them; key-values
    /// (`log::info!(user = 7; "…")`) are fields. The levels are those of this logging, and [`levels`](Self::levels) changes
    /// them for both: a record that is disabled costs `log`'s own check.
    ///
    /// Records do not go through `tracing`, so other layers do not see them, and no `log.*` fields come about as
    /// `tracing-log` makes them. Rate limits, which are for callsites of `tracing`, do not apply.
    ///
    /// ```no_run
    /// use omtx_logging::Logging;
    ///
    /// # fn main() -> Result<(), omtx_logging::Error> {
    /// let logging = Logging::builder("omtx-hub-api").from_env()?.install()?;
    /// logging.install_log_bridge()?;
    /// log::warn!(target: "rumqttc", attempt = 3; "connection lost");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// ```json
    /// {"timestamp":"…","level":"WARNING","logger":"rumqttc","message":"connection lost","service":{"name":"omtx-hub-api"},"attempt":3}
    /// ```
    ///
    /// # Errors
    ///
    /// If the process has a logger already; `tracing-subscriber`'s `init` may have installed one.
    #[cfg_attr(docsrs, doc(cfg(feature = "log")))]
    pub fn install_log_bridge(&self) -> Result<(), Error> {
        let bridge = Bridge {
            core: self.core.clone(),
            levels: self.levels.clone(),
        };
        log::set_boxed_logger(Box::new(bridge))
            .map_err(|error| Error::installed("a logger of the log crate", error))?;
        self.levels.follow(|levels| {
            log::set_max_level(level_filter(levels.most_verbose()));
        });
        Ok(())
    }
}

struct Bridge {
    core: Arc<Core>,
    levels: LevelHandle,
}

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let level = tracing_level(metadata.level());
        self.levels.load().allows_target(metadata.target(), level)
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut pairs = Pairs(Vec::new());
        // Only a visitor's own error stops it, and this one has none.
        let _ = record.key_values().visit(&mut pairs);
        let fields: Vec<_> = pairs
            .0
            .iter()
            .map(|(key, value)| (key.as_str(), field(value)))
            .collect();
        self.core.write(&Record {
            severity: Severity::from(tracing_level(record.level())),
            logger: record.target(),
            message: *record.args(),
            module: record.module_path(),
            file: record.file(),
            line: record.line(),
            fields: &fields,
        });
    }

    fn flush(&self) {
        let _ = self.core.flush(Instant::now() + FLUSH);
    }
}

struct Pairs<'kvs>(Vec<(Key<'kvs>, Value<'kvs>)>);

impl<'kvs> VisitSource<'kvs> for Pairs<'kvs> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        self.0.push((key, value));
        Ok(())
    }
}

/// Numbers stay numbers.
fn field<'a>(value: &'a Value<'_>) -> RecordValue<'a> {
    if let Some(text) = value.to_borrowed_str() {
        RecordValue::Str(text)
    } else if let Some(number) = value.to_u64() {
        RecordValue::U64(number)
    } else if let Some(number) = value.to_i64() {
        RecordValue::I64(number)
    } else if let Some(boolean) = value.to_bool() {
        RecordValue::Bool(boolean)
    } else if let Some(number) = value.to_f64() {
        RecordValue::F64(number)
    } else {
        RecordValue::Display(value)
    }
}

fn tracing_level(level: Level) -> tracing::Level {
    match level {
        Level::Error => tracing::Level::ERROR,
        Level::Warn => tracing::Level::WARN,
        Level::Info => tracing::Level::INFO,
        Level::Debug => tracing::Level::DEBUG,
        Level::Trace => tracing::Level::TRACE,
    }
}

fn level_filter(most_verbose: tracing_core::LevelFilter) -> LevelFilter {
    most_verbose
        .into_level()
        .map_or(LevelFilter::Off, |level| match level {
            tracing::Level::ERROR => LevelFilter::Error,
            tracing::Level::WARN => LevelFilter::Warn,
            tracing::Level::INFO => LevelFilter::Info,
            tracing::Level::DEBUG => LevelFilter::Debug,
            tracing::Level::TRACE => LevelFilter::Trace,
        })
}
