//! How a collector is set up.

use std::ffi::OsString;
use std::time::Duration;

use crate::Error;
use crate::collector::GpuCollector;

/// How often devices are asked for what changes quickly: 5 s.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);

/// How often they are asked for the rest: 60 s.
pub const DEFAULT_SLOW_INTERVAL: Duration = Duration::from_secs(60);

/// How long readings of a device that does not answer are shown: 60 s.
pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(60);

/// How long a call into the driver may take before the collector counts as stuck: 15 s. Initialising eight devices without
/// persistence mode takes several.
pub const DEFAULT_CALL_DEADLINE: Duration = Duration::from_secs(15);

/// The first and the longest pause before the driver is looked for again: 1 s and 60 s. Each pause is twice the last one.
pub const DEFAULT_BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Nobody wants readings older than that, and no clock overflows.
const LONGEST: Duration = Duration::from_secs(60 * 60);
const SHORTEST: Duration = Duration::from_millis(10);

/// Where the environment names the library.
pub(crate) const LIBRARY_VARIABLE: &str = "OMTX_NVML_LIB";

/// A builder's outcome, checked.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) library: Option<OsString>,
    pub(crate) interval: Duration,
    pub(crate) slow_interval: Duration,
    pub(crate) max_age: Duration,
    pub(crate) call_deadline: Duration,
    pub(crate) backoff: (Duration, Duration),
    pub(crate) expected: u32,
    pub(crate) pcie_throughput: bool,
    pub(crate) process_memory: bool,
}

/// Sets up a [`GpuCollector`].
///
/// ```
/// use std::time::Duration;
/// use omtx_gpu::GpuCollector;
///
/// let gpus = GpuCollector::builder()
///     .from_env()?
///     .interval(Duration::from_secs(1))
///     .expect_devices(8)
///     .start()?;
/// # Ok::<(), omtx_gpu::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `start` is called"]
pub struct GpuCollectorBuilder {
    options: Options,
}

impl GpuCollectorBuilder {
    pub(crate) fn new() -> Self {
        Self {
            options: Options {
                library: None,
                interval: DEFAULT_INTERVAL,
                slow_interval: DEFAULT_SLOW_INTERVAL,
                max_age: DEFAULT_MAX_AGE,
                call_deadline: DEFAULT_CALL_DEADLINE,
                backoff: DEFAULT_BACKOFF,
                expected: 1,
                pcie_throughput: false,
                process_memory: false,
            },
        }
    }

    /// Takes what the environment sets: `OMTX_NVML_LIB`, the [library](Self::library) to load. Empty is not set.
    ///
    /// # Errors
    ///
    /// None yet: any other value of `OMTX_NVML_LIB` may be a path, at which a library may appear later.
    pub fn from_env(self) -> Result<Self, Error> {
        self.from_vars(|name| std::env::var_os(name))
    }

    /// [`from_env`](Self::from_env) with variables of your own: for tests, and for configuration from elsewhere.
    ///
    /// ```
    /// use omtx_gpu::{CollectorState, GpuCollector};
    ///
    /// let gpus = GpuCollector::builder()
    ///     .from_vars(|name| (name == "OMTX_NVML_LIB").then(|| "/nowhere/libnvidia-ml.so.1".into()))?
    ///     .start()?;
    /// assert_eq!(gpus.status().state, CollectorState::Absent); // until there is one
    /// # Ok::<(), omtx_gpu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`from_env`](Self::from_env).
    pub fn from_vars(self, var: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        Ok(match var(LIBRARY_VARIABLE) {
            Some(library) if !library.is_empty() => self.library(library),
            _ => self,
        })
    }

    /// Loads NVML from here: a path, or a name for the dynamic linker. Default: `libnvidia-ml.so.1`.
    pub fn library(mut self, library: impl Into<OsString>) -> Self {
        self.options.library = Some(library.into());
        self
    }

    /// How often devices are asked for what changes quickly, 10 ms to 1 h. Default: [`DEFAULT_INTERVAL`].
    ///
    /// With everything supported that is about 13 calls per device, each of some 10 µs to 1 ms.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.options.interval = interval;
        self
    }

    /// How often they are asked for the rest (limits, links, memory errors, processes, MIG instances), 10 ms to 1 h; never
    /// more often than [`interval`](Self::interval). Default: [`DEFAULT_SLOW_INTERVAL`].
    pub fn slow_interval(mut self, interval: Duration) -> Self {
        self.options.slow_interval = interval;
        self
    }

    /// How long readings are shown after the device has said them, from the interval to 1 h. Default: [`DEFAULT_MAX_AGE`].
    ///
    /// Then they go away: a series that stands still would be taken for a device that does. What is *slow* can be older by
    /// the slow interval.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.options.max_age = max_age;
        self
    }

    /// How long one call into the driver may take before the collector is
    /// [`Stuck`](crate::CollectorState::Stuck), 10 ms to 1 h. Default: [`DEFAULT_CALL_DEADLINE`].
    pub fn call_deadline(mut self, deadline: Duration) -> Self {
        self.options.call_deadline = deadline;
        self
    }

    /// The first and the longest pause before the driver is looked for again, 10 ms to 1 h. Default: [`DEFAULT_BACKOFF`].
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.options.backoff = (first, longest);
        self
    }

    /// How many devices the machine should have; with fewer of them answering, the collector is
    /// [`Lost`](crate::CollectorState::Lost). Default: 1.
    pub fn expect_devices(mut self, devices: u32) -> Self {
        self.options.expected = devices;
        self
    }

    /// Measures PCIe throughput too. Each of the two calls takes 20 ms. Default: no.
    pub fn pcie_throughput(mut self, measure: bool) -> Self {
        self.options.pcie_throughput = measure;
        self
    }

    /// Shows the memory that each process uses, by its id: `gpu_process_memory_bytes`. Default: no, since ids make ever new
    /// series; at most 512 are shown.
    pub fn process_memory(mut self, show: bool) -> Self {
        self.options.process_memory = show;
        self
    }

    /// Starts looking for devices, on two threads of its own. Does not wait for them, and does not fail without any.
    ///
    /// # Errors
    ///
    /// If a setting is out of its bounds, or the operating system refuses a thread.
    pub fn start(self) -> Result<GpuCollector, Error> {
        let Options {
            interval,
            slow_interval,
            max_age,
            call_deadline,
            backoff: (first, longest),
            ..
        } = self.options;
        for (what, value) in [
            ("interval", interval),
            ("slow_interval", slow_interval),
            ("call_deadline", call_deadline),
            ("first backoff", first),
            ("longest backoff", longest),
        ] {
            if !(SHORTEST..=LONGEST).contains(&value) {
                return Err(Error::invalid(
                    what,
                    format_args!("{value:?}"),
                    "10 ms to 1 h",
                ));
            }
        }
        if !(interval..=LONGEST).contains(&max_age) {
            return Err(Error::invalid(
                "max_age",
                format_args!("{max_age:?}"),
                &format!("the interval, {interval:?}, to 1 h"),
            ));
        }
        if longest < first {
            return Err(Error::invalid(
                "longest backoff",
                format_args!("{longest:?}"),
                &format!("at least the first, {first:?}"),
            ));
        }
        GpuCollector::start(self.options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(set: Option<&str>, expected: &str) {
        let builder = GpuCollectorBuilder::new().library("libset-in-code.so");
        let read =
            builder.from_vars(|name| set.filter(|_| name == LIBRARY_VARIABLE).map(Into::into));
        let library = read.unwrap().options.library;
        assert_eq!(library, Some(expected.into()));
    }

    #[test]
    fn the_environment_names_the_library() {
        check(Some("/opt/libnvidia-ml.so.1"), "/opt/libnvidia-ml.so.1");
        check(None, "libset-in-code.so");
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        check(Some(""), "libset-in-code.so");
    }
}
