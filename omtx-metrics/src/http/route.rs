//! The series of one method and route, found with one lookup.

use std::sync::{Arc, OnceLock};

use omtx_http::{Class, End, EndKind, Slot};

use super::statuses::StatusText;
use super::{EndLabels, HttpMetrics, RequestLabels, RouteLabels};
use crate::cell::Layout;
use crate::{Counter, Handle, Histogram, IntGauge, OVERFLOW};

/// Handles on all series that a request of one method and route touches.
pub(super) struct Route {
    in_flight: Handle<IntGauge>,
    duration: Handle<Histogram>,
    head: Handle<Histogram>,
    request_size: Handle<Histogram>,
    response_size: Handle<Histogram>,
    ends: [Handle<Counter>; EndKind::ALL.len()],
    /// The statuses that came first; a route seldom has more.
    statuses: [OnceLock<(u16, Handle<Counter>)>; STATUSES],
    /// True if this is what all routes beyond the cap share.
    overflow: bool,
}

const STATUSES: usize = 6;

/// What the duration histograms of a route with buckets of its own look like.
pub(super) struct RouteLayouts {
    duration: Arc<Layout>,
    head: Arc<Layout>,
}

impl RouteLayouts {
    pub(super) fn new(metrics: &HttpMetrics, upper_bounds: &[f64]) -> Self {
        let duration = metrics.http_request_duration_seconds.layout();
        let head = metrics.http_response_head_seconds.layout();
        Self {
            duration: Arc::new(duration.with_bounds(upper_bounds)),
            head: Arc::new(head.with_bounds(upper_bounds)),
        }
    }
}

impl Route {
    pub(super) fn new(
        metrics: &HttpMetrics,
        labels: RouteLabels<'_>,
        layouts: Option<&RouteLayouts>,
        overflow: bool,
    ) -> Self {
        let RouteLabels { method, endpoint } = labels;
        Self {
            in_flight: metrics.http_requests_in_flight.handle(labels),
            duration: match layouts {
                Some(layouts) => metrics
                    .http_request_duration_seconds
                    .handle_with_layout(labels, &layouts.duration),
                None => metrics.http_request_duration_seconds.handle(labels),
            },
            head: match layouts {
                Some(layouts) => metrics
                    .http_response_head_seconds
                    .handle_with_layout(labels, &layouts.head),
                None => metrics.http_response_head_seconds.handle(labels),
            },
            request_size: metrics.http_request_size_bytes.handle(labels),
            response_size: metrics.http_response_size_bytes.handle(labels),
            ends: EndKind::ALL.map(|end| {
                metrics.http_request_ends_total.handle(EndLabels {
                    method,
                    endpoint,
                    end,
                })
            }),
            statuses: Default::default(),
            overflow,
        }
    }

    pub(super) fn begin(&self) {
        self.in_flight.inc();
    }

    #[allow(clippy::cast_precision_loss)] // sizes beyond 2^53 bytes
    pub(super) fn end(&self, metrics: &HttpMetrics, slot: &Slot, end: &End) {
        self.in_flight.dec();
        self.ends[end.kind() as usize].inc();
        self.count_status(metrics, slot, end.status());
        if self.overflow {
            metrics.http_requests_total.count_dropped();
        }
        // How long a subscription lasts says nothing about the service's latency, and would be most of its p99.
        if !matches!(slot.class(), Class::Streaming | Class::Upgrade) {
            let seconds = end.duration().as_secs_f64();
            self.duration.observe_in(seconds, slot.trace());
        }
        if let Some(head) = end.head_duration() {
            self.head.observe_duration(head);
        }
        self.request_size.observe(end.request_bytes() as f64);
        self.response_size.observe(end.response_bytes() as f64);
    }

    fn count_status(&self, metrics: &HttpMetrics, slot: &Slot, status: u16) {
        let new = || self.counter(metrics, slot, status);
        for known in &self.statuses {
            // Places fill from the front: at an empty one, the status is new.
            let (code, counter) = known.get_or_init(|| (status, new()));
            if *code == status {
                return counter.inc();
            }
        }
        new().inc();
    }

    #[cold]
    fn counter(&self, metrics: &HttpMetrics, slot: &Slot, status: u16) -> Handle<Counter> {
        let text = StatusText::new(status);
        metrics.http_requests_total.handle(RequestLabels {
            method: slot.method(),
            endpoint: if self.overflow {
                OVERFLOW
            } else {
                slot.endpoint().as_str()
            },
            status: text.as_str(),
        })
    }
}
