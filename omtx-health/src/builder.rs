//! What a service's health is made of.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::request::Parts;
use tokio::runtime::Handle;

use crate::health::{Clock, Parameters, Predicate};
use crate::meter::Meter;
use crate::render::Identity;
use crate::watchdog::{DEFAULT_HEARTBEAT_LIMIT, beat_every_second};
use crate::{DEFAULT_HISTORY, Drain, Error, Health, Shape, Spec};

/// Of a longer version, every body would be too long.
const MAX_VERSION_BYTES: usize = 64;

/// Makes a [`Health`].
///
/// | setting | default |
/// |---|---|
/// | [`version`](Self::version) | none: the key is left out |
/// | [`shape`](Self::shape) | [`Shape::Checks`] |
/// | [`details_for`](Self::details_for) | nobody |
/// | [`drain`](Self::drain) | [`Drain::default`] |
/// | [`startup_by_hand`](Self::startup_by_hand) | no: it has started once its checks have run |
/// | [`history`](Self::history) | [`DEFAULT_HISTORY`](crate::DEFAULT_HISTORY) |
/// | [`runtime`](Self::runtime) | the one in which [`build`](Self::build) is called |
#[must_use = "a builder does nothing until `build`"]
pub struct HealthBuilder {
    service: String,
    version: Option<String>,
    shape: Shape,
    specs: Vec<Spec>,
    details: Option<Predicate>,
    drain: Drain,
    by_hand: bool,
    history: usize,
    clock: Clock,
    runtime: Option<Handle>,
    #[cfg(feature = "metrics")]
    registry: Option<omtx_metrics::Registry>,
}

impl HealthBuilder {
    pub(crate) fn new(service: String) -> Self {
        Self {
            service,
            version: None,
            shape: Shape::default(),
            specs: Vec::new(),
            details: None,
            drain: Drain::default(),
            by_hand: false,
            history: DEFAULT_HISTORY,
            clock: Arc::new(SystemTime::now),
            runtime: None,
            #[cfg(feature = "metrics")]
            registry: None,
        }
    }

    /// The version that `/health` tells. At most 64 bytes.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// The shape of `/health`. Default: [`Shape::Checks`].
    pub fn shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Adds a check. They run, and are told, in the order in which they were added.
    pub fn check(mut self, spec: Spec) -> Self {
        self.specs.push(spec);
        self
    }

    /// Who may see messages, errors and details: those whose request's head fits. Default: nobody.
    ///
    /// They are shown in `/health?verbose` and `/health/{check}`. Errors name hosts, ports and users, which is why nobody is
    /// the default; and why not even "whoever comes from this machine" is: behind a proxy or a service mesh's sidecar, that
    /// is everybody.
    ///
    /// A predicate that panics is a request that panics; see that it does not.
    ///
    /// ```
    /// use omtx_health::{Endpoint, Failure, Health, Spec};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let health = Health::builder("shop")
    ///     .check(Spec::new("db", || async { Err(Failure::new("db:5432: connection refused")) }))
    ///     // The proxy strips this header from what comes from outside.
    ///     .details_for(|head| head.headers.contains_key("x-operator"))
    ///     .build()
    ///     .unwrap();
    /// health.subscribe().wait_for(|report| report.is_started()).await.unwrap();
    ///
    /// let body = |request: http::request::Builder| {
    ///     let (head, _) = request.body(()).unwrap().into_parts();
    ///     String::from_utf8(health.answer(Endpoint::Check("db"), &head).body().to_vec()).unwrap()
    /// };
    /// assert!(!body(http::Request::get("/health/db")).contains("5432"));
    /// assert!(body(http::Request::get("/health/db").header("x-operator", "ada"))
    ///     .contains(r#""error":"db:5432: connection refused""#));
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn details_for(mut self, may_see: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.details = Some(Arc::new(may_see));
        self
    }

    /// The drain that makes `/ready` fail. Default: [`Drain::default`].
    pub fn drain(mut self, drain: Drain) -> Self {
        self.drain = drain;
        self
    }

    /// Whether the application says when it has started, by [`Health::set_started`]: after migrations, or when its model is
    /// loaded. The checks have to have run all the same. Default: no.
    ///
    /// Otherwise the service has started once every check that is critical, or that readiness depends on, has had its first
    /// result, whatever that was.
    pub fn startup_by_hand(mut self, by_hand: bool) -> Self {
        self.by_hand = by_hand;
        self
    }

    /// How many transitions [`Health::history`] keeps. Default: [`DEFAULT_HISTORY`](crate::DEFAULT_HISTORY).
    pub fn history(mut self, transitions: usize) -> Self {
        self.history = transitions;
        self
    }

    /// The runtime that the checks run on. Default: the one in which [`build`](Self::build) is called.
    ///
    /// One of their own keeps checks that block their thread from the threads that serve requests.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// What time it is, for the times in bodies. Default: the system's clock. Intervals, timeouts and staleness are measured
    /// with tokio's monotonic clock, which tests can pause.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Registers the metrics of this crate: see [`HealthMetrics`](crate::HealthMetrics). Default: none.
    #[cfg(feature = "metrics")]
    #[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
    pub fn metrics(mut self, registry: &omtx_metrics::Registry) -> Self {
        self.registry = Some(registry.clone());
        self
    }

    /// Starts the checks.
    ///
    /// # Errors
    ///
    /// If a name or a time is out of range, a name is there twice, there are more than [`MAX_CHECKS`](crate::MAX_CHECKS)
    /// checks, or there is no tokio runtime to run them on.
    pub fn build(self) -> Result<Health, Error> {
        if let Some(version) = self
            .version
            .as_ref()
            .filter(|v| v.len() > MAX_VERSION_BYTES)
        {
            return Err(Error::invalid("version", version, "at most 64 bytes"));
        }
        if !(1..=64).contains(&self.service.len()) {
            return Err(Error::invalid(
                "service name",
                &self.service,
                "1 to 64 bytes",
            ));
        }
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => Handle::try_current().map_err(|_| {
                Error::system("no tokio runtime; expected `build` to be called in one, or `runtime` to name one")
            })?,
        };
        #[cfg(feature = "metrics")]
        let meter = self
            .registry
            .as_ref()
            .map_or_else(|| Ok(Meter::default()), Meter::new)?;
        #[cfg(not(feature = "metrics"))]
        let meter = Meter;
        let health = Health::new(Parameters {
            identity: Identity {
                service: self.service,
                version: self.version,
                shape: self.shape,
            },
            drain: self.drain,
            history: self.history,
            by_hand: self.by_hand,
            details: self.details,
            clock: self.clock,
            meter,
            runtime: runtime.clone(),
        });
        health.add_all(self.specs)?;
        #[cfg(feature = "metrics")]
        if let Some(registry) = &self.registry {
            health.inner.show_before_scrapes(registry);
        }
        let _enter = runtime.enter(); // its clock
        let watchdog = health
            .inner
            .watchdogs
            .add("runtime", DEFAULT_HEARTBEAT_LIMIT);
        let weak = Arc::downgrade(&health.inner);
        health.inner.runner.spawn(beat_every_second(watchdog, weak));
        Ok(health)
    }
}

impl fmt::Debug for HealthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthBuilder")
            .field("service", &self.service)
            .field("version", &self.version)
            .field("shape", &self.shape)
            .field("checks", &self.specs)
            .finish_non_exhaustive()
    }
}
