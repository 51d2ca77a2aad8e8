//! RED metrics as an observer of the request life cycle.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use omtx_http::{End, Observer, Slot};

use super::route::{Route, RouteLayouts};
use super::{HttpMetrics, HttpNames, RouteLabels};
use crate::family::{New, SeriesMap, SeriesRef};
use crate::{Error, Labels, OVERFLOW, Registry, name};

/// Endpoints that are not measured unless the builder says otherwise: the scrape itself and the probes. On a quiet
/// service they would be most of the requests, and hide its errors.
pub const DEFAULT_SKIPPED: &[&str] = omtx_http::PROBES;

/// Method and route pairs that are told apart; later ones share [`OVERFLOW`].
const MAX_ROUTES: usize = 5_000;

/// Measures rate, errors, duration and sizes of every request; see the [module](super) for what that looks like.
///
/// An observer of [`omtx_http`]'s layer: alone, or in a tuple with others. The endpoint label is the route's template, so
/// that a scanner that asks for a million paths adds the rows of `unmatched` only. If an `endpoint_fn` of your own is not
/// bounded, 5 000 pairs of method and endpoint are told apart.
#[derive(Clone)]
pub struct RedObserver {
    inner: Arc<Inner>,
}

struct Inner {
    metrics: Arc<HttpMetrics>,
    routes: SeriesMap<RouteLabels<'static>, Route>,
    skipped: Vec<Cow<'static, str>>,
    /// Of routes with buckets of their own.
    layouts: Vec<(Cow<'static, str>, RouteLayouts)>,
}

impl RedObserver {
    /// An observer with the default names, buckets and skipped endpoints.
    ///
    /// # Errors
    ///
    /// If the registry has a family of one of the names that is not ours.
    pub fn new(registry: &Registry) -> Result<Self, Error> {
        Self::builder().build(registry)
    }

    /// An observer with other names, buckets or skipped endpoints.
    pub fn builder() -> RedObserverBuilder {
        RedObserverBuilder::default()
    }

    /// The families that the observer records into.
    #[must_use]
    pub fn metrics(&self) -> &Arc<HttpMetrics> {
        &self.inner.metrics
    }
}

impl Inner {
    fn route(&self, slot: &Slot) -> SeriesRef<'_, Route> {
        let labels = RouteLabels {
            method: slot.method(),
            endpoint: slot.endpoint().as_str(),
        };
        let make = |new| {
            let overflow = new == New::Overflow;
            let endpoint = if overflow { OVERFLOW } else { labels.endpoint };
            let layouts = self.layouts.iter().find(|(route, _)| *route == endpoint);
            Route::new(
                &self.metrics,
                RouteLabels { endpoint, ..labels },
                layouts.map(|(_, layouts)| layouts),
                overflow,
            )
        };
        SeriesRef::new(self.routes.get(&labels, make))
    }
}

impl Observer for RedObserver {
    /// Whether the request is measured. Its series are looked up again at the end: that is cheaper than to count a
    /// reference to them up and down.
    type State = bool;

    fn on_request<B>(&self, _: &mut ::http::Request<B>, slot: &mut Slot) -> bool {
        let endpoint = slot.endpoint().as_str();
        let measured = !self
            .inner
            .skipped
            .iter()
            .any(|skipped| *skipped == endpoint);
        if measured {
            self.inner.route(slot).begin();
        }
        measured
    }

    fn on_end(&self, measured: bool, slot: &mut Slot, end: &End) {
        if measured {
            self.inner.route(slot).end(&self.inner.metrics, slot, end);
        }
    }
}

impl fmt::Debug for RedObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedObserver")
            .field("routes", &self.inner.routes.len())
            .finish_non_exhaustive()
    }
}

/// Sets up a [`RedObserver`].
///
/// ```
/// use omtx_metrics::{Registry, http::RedObserver};
///
/// let registry = Registry::new();
/// let red = RedObserver::builder()
///     .buckets([0.01, 0.1, 1.0, 10.0])
///     .route_buckets("/api/v1/uploads", [1.0, 10.0, 100.0, 1_000.0])
///     .skip(["/metrics", "/internal/poll"])
///     .build(&registry)?;
///
/// let error = RedObserver::builder().buckets([1.0, 1.0]).build(&Registry::new()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"invalid buckets "[1.0, 1.0]"; expected finite, strictly increasing bounds for family "http_request_duration_seconds""#,
/// );
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RedObserverBuilder {
    names: HttpNames,
    buckets: Option<Vec<f64>>,
    route_buckets: Vec<(Cow<'static, str>, Vec<f64>)>,
    skipped: Option<Vec<Cow<'static, str>>>,
}

impl RedObserverBuilder {
    /// Which names the families have. Default: [`HttpNames::Bare`].
    pub fn names(mut self, names: HttpNames) -> Self {
        self.names = names;
        self
    }

    /// Upper bounds, in seconds, of both duration histograms. Default:
    /// [`buckets::DURATION_SECONDS`](crate::buckets::DURATION_SECONDS), 1 ms to 60 s.
    pub fn buckets(mut self, upper_bounds: impl Into<Vec<f64>>) -> Self {
        self.buckets = Some(upper_bounds.into());
        self
    }

    /// Upper bounds, in seconds, of both duration histograms of one route: for an upload beside an API whose answers take
    /// milliseconds. Queries that add up routes of different layouts see the bounds that all have.
    pub fn route_buckets(
        mut self,
        endpoint: impl Into<Cow<'static, str>>,
        upper_bounds: impl Into<Vec<f64>>,
    ) -> Self {
        self.route_buckets
            .push((endpoint.into(), upper_bounds.into()));
        self
    }

    /// Endpoints that are not measured, instead of [`DEFAULT_SKIPPED`].
    pub fn skip<E: Into<Cow<'static, str>>>(
        mut self,
        endpoints: impl IntoIterator<Item = E>,
    ) -> Self {
        self.skipped = Some(endpoints.into_iter().map(Into::into).collect());
        self
    }

    /// Registers the families.
    ///
    /// # Errors
    ///
    /// If buckets are not finite and strictly increasing, or the registry has a family of one of the names that is not
    /// ours.
    pub fn build(self, registry: &Registry) -> Result<RedObserver, Error> {
        let mut options = self.names.options();
        if let Some(buckets) = self.buckets {
            options = options
                .buckets("http_request_duration_seconds", buckets.clone())
                .buckets("http_response_head_seconds", buckets);
        }
        for (endpoint, upper) in &self.route_buckets {
            if upper.is_empty() || !name::are_bounds(upper) {
                return Err(Error::invalid(
                    "buckets",
                    format_args!("{upper:?}"),
                    &format!("finite, strictly increasing bounds for endpoint \"{endpoint}\""),
                ));
            }
        }
        let names = RouteLabels::LABELS
            .iter()
            .map(|label| label.name.into())
            .collect();
        let metrics = registry.register_with::<HttpMetrics>(options)?;
        let layouts = self.route_buckets.into_iter();
        let layouts =
            layouts.map(|(endpoint, upper)| (endpoint, RouteLayouts::new(&metrics, &upper)));
        Ok(RedObserver {
            inner: Arc::new(Inner {
                layouts: layouts.collect(),
                metrics,
                routes: SeriesMap::new(names, MAX_ROUTES, false),
                skipped: self.skipped.unwrap_or_else(|| {
                    DEFAULT_SKIPPED
                        .iter()
                        .map(|&endpoint| endpoint.into())
                        .collect()
                }),
            }),
        })
    }
}
