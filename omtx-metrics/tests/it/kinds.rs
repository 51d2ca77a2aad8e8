//! One metric set with a family of every kind, and what it looks like when it is exposed.

use std::sync::Arc;

use omtx_metrics::{
    Counter, CounterF64, Family, Gauge, Histogram, Info, IntGauge, LabelValue, Labels, MetricSet,
    Registry, StateSet, Unknown,
};

#[derive(Clone, Copy, Debug, PartialEq, LabelValue)]
pub(crate) enum Outcome {
    Ok,
    TimedOut,
}

#[derive(Clone, Copy, LabelValue)]
pub(crate) enum Phase {
    Starting,
    Serving,
}

#[derive(Labels)]
pub(crate) struct OutcomeLabels {
    pub(crate) outcome: Outcome,
}

#[derive(Labels)]
pub(crate) struct RequestLabels<'a> {
    pub(crate) path: &'a str,
    pub(crate) outcome: Outcome,
}

#[derive(Labels)]
pub(crate) struct BuildLabels<'a> {
    pub(crate) version: &'a str,
}

/// Every kind, with labels and without.
#[derive(MetricSet)]
pub(crate) struct Kinds {
    /// Jobs started.
    pub(crate) jobs_started_total: Counter,
    /// Jobs ended, by outcome.
    #[metric(zeroed)]
    pub(crate) jobs_ended_total: Family<OutcomeLabels, Counter>,
    /// Energy used.
    #[metric(unit = "joules")]
    pub(crate) energy_joules_total: CounterF64,
    /// How warm it is.
    #[metric(unit = "celsius")]
    pub(crate) room_temperature_celsius: Gauge,
    /// Jobs waiting.
    pub(crate) queue_depth: IntGauge,
    /// Time to answer.
    #[metric(unit = "seconds", buckets = [0.1, 1.0, 2_000_000.0])]
    pub(crate) answer_seconds: Histogram,
    /// Time to answer, by path.
    #[metric(unit = "seconds", buckets = [0.5])]
    pub(crate) request_duration_seconds: Family<RequestLabels<'static>, Histogram>,
    /// How far the clock is off, in either direction.
    #[metric(buckets = [-1.0, 0.0, 1.0])]
    pub(crate) clock_drift: Histogram,
    /// What is running.
    pub(crate) build_info: Family<BuildLabels<'static>, Info>,
    /// Where the service is.
    #[metric(state = "phase")]
    pub(crate) service_phase: StateSet<Phase>,
    /// What a dashboard calls it: `\` and
    /// "quotes".
    pub(crate) legacy_value: Unknown,
    /// Never used.
    pub(crate) unused_total: Family<RequestLabels<'static>, Counter>,
}

/// Registers the set and gives every family but `unused_total` a value.
pub(crate) fn filled(registry: &Registry) -> Arc<Kinds> {
    let kinds = registry.register::<Kinds>().unwrap();
    kinds.jobs_started_total.add(3);
    let timed_out = OutcomeLabels {
        outcome: Outcome::TimedOut,
    };
    kinds.jobs_ended_total.with(timed_out).inc();
    kinds.energy_joules_total.add(1.5);
    kinds.room_temperature_celsius.set(-3.25);
    kinds.queue_depth.set(-2);
    for seconds in [0.05, 0.1, 3.0, f64::INFINITY] {
        kinds.answer_seconds.observe(seconds);
    }
    for (path, outcome) in [
        ("/b", Outcome::Ok),
        ("/a", Outcome::TimedOut),
        ("/a", Outcome::Ok),
    ] {
        let labels = RequestLabels { path, outcome };
        kinds.request_duration_seconds.with(labels).observe(0.25);
    }
    for drift in [-2.0, 0.5] {
        kinds.clock_drift.observe(drift);
    }
    kinds.build_info.with(BuildLabels { version: "1.2.3" });
    kinds.service_phase.set(Phase::Serving);
    kinds.legacy_value.set(f64::NAN);
    kinds
}
