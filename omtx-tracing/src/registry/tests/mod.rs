//! What a registry becomes, read back by somebody else's messages.

mod delta;
mod foreign;
mod gone;
mod kinds;
mod native;
mod oracle;
mod reader;

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use omtx_metrics::Registry;
use omtx_metrics::testing::at;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use prost::Message;

use super::round::{Options, Round};
use super::streams::Streams;
use crate::{HistogramAggregation, Temporality};

/// A reader whose clock stands where a test puts it.
struct Reader {
    registry: Registry,
    options: Options,
    streams: Streams,
    millis: u64,
}

/// What was handed to the exporter in one round.
struct Pushed {
    metrics: Vec<Metric>,
    /// How many points there were said to be.
    points: u32,
    /// How long each message was.
    lens: Vec<usize>,
}

impl Reader {
    fn new(registry: &Registry) -> Self {
        Self {
            registry: registry.clone(),
            options: Options {
                temporality: Temporality::Cumulative,
                histograms: HistogramAggregation::Base2Exponential,
                since: time(1_000),
            },
            streams: Streams::default(),
            millis: 2_000,
        }
    }

    fn delta(registry: &Registry) -> Self {
        let mut reader = Self::new(registry);
        reader.options.temporality = Temporality::Delta;
        reader
    }

    fn read(&mut self) -> Pushed {
        let mut pushed = Pushed {
            metrics: Vec::new(),
            points: 0,
            lens: Vec::new(),
        };
        let mut push = |metric: &[u8], points: u32| {
            pushed.metrics.push(Metric::decode(metric).unwrap());
            pushed.points += points;
            pushed.lens.push(metric.len());
        };
        let now = UNIX_EPOCH + Duration::from_millis(self.millis);
        let clock = || now;
        let mut round = Round::new(self.options, &clock, &mut self.streams, &mut push);
        during(self.millis, || self.registry.visit(&mut round));
        round.finish();
        pushed
    }

    /// The only metric of this name.
    #[track_caller]
    fn read_one(&mut self, name: &str) -> Metric {
        let mut found: Vec<_> = self.read().metrics;
        found.retain(|metric| metric.name == name);
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }
}

/// Milliseconds since the epoch, in nanoseconds.
fn time(millis: u64) -> u64 {
    millis * 1_000_000
}

/// Runs `f` at that many milliseconds since the epoch.
fn during<R>(millis: u64, f: impl FnOnce() -> R) -> R {
    at(UNIX_EPOCH + Duration::from_millis(millis), f)
}

/// Attributes that are strings, as all of these are.
fn strings(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let string = |pair: &KeyValue| match pair.value.as_ref().and_then(|any| any.value.as_ref()) {
        Some(any_value::Value::StringValue(value)) => (pair.key.clone(), value.clone()),
        other => panic!("{other:?} is no string"),
    };
    attributes.iter().map(string).collect()
}
