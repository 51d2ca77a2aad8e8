//! Points of one family that travel together, as one `Metric`.

use super::field::attribute;
use crate::encode::wire;

/// A family is cut into pieces of this size, each a whole `Metric`: a batch of the exporter's is filled evenly, and a family of
/// any size fits into requests.
const MAX_BYTES: usize = 32 << 10;
/// The same for those whose points are short.
const MAX_POINTS: u32 = 256;

/// Which of a `Metric`'s kinds of data a family has; the numbers of the fields are those of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Gauge = 5,
    /// Counters.
    Sum = 7,
    /// Infos and states: they add up, but do not only grow.
    NonMonotonicSum = 0x107,
    Histogram = 9,
    ExponentialHistogram = 10,
    Summary = 11,
}

impl Kind {
    /// What a family of Prometheus' becomes, but for native histograms.
    pub(super) fn of(prometheus: omtx_metrics::Kind) -> Self {
        use omtx_metrics::Kind as Type;
        match prometheus {
            Type::Counter => Self::Sum,
            Type::Info | Type::StateSet => Self::NonMonotonicSum,
            Type::Histogram => Self::Histogram,
            Type::Summary => Self::Summary,
            _ => Self::Gauge,
        }
    }

    /// The field of `Metric.data`.
    fn tag(self) -> u32 {
        self as u32 & 0xFF
    }

    /// The field of a point's attributes.
    pub(super) fn attributes(self) -> u32 {
        match self {
            Self::Histogram => 9,
            Self::ExponentialHistogram => 1,
            Self::Gauge | Self::Sum | Self::NonMonotonicSum | Self::Summary => 7,
        }
    }

    /// The field of a point's exemplars.
    pub(super) fn exemplars(self) -> u32 {
        match self {
            Self::Histogram => 8,
            Self::ExponentialHistogram => 11,
            Self::Gauge | Self::Sum | Self::NonMonotonicSum | Self::Summary => 5,
        }
    }

    /// The field of a point's flags.
    pub(super) fn flags(self) -> u32 {
        match self {
            Self::Histogram | Self::ExponentialHistogram => 10,
            Self::Gauge | Self::Sum | Self::NonMonotonicSum | Self::Summary => 8,
        }
    }

    fn has_temporality(self) -> bool {
        !matches!(self, Self::Gauge | Self::Summary)
    }
}

/// What a `Metric` says of its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    /// Whether its points are differences to those before.
    pub(super) is_delta: bool,
}

/// The fields of a `Metric` that are there before its data.
pub(super) struct Head<'a> {
    pub(super) name: &'a str,
    pub(super) description: &'a str,
    pub(super) unit: &'a str,
    /// What the family is to Prometheus, which takes it back into account ("Metric Metadata").
    pub(super) prometheus_type: &'static str,
}

impl Head<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        wire::bytes(1, self.name.as_bytes(), out);
        wire::bytes(2, self.description.as_bytes(), out);
        wire::bytes(3, self.unit.as_bytes(), out);
        attribute(12, "prometheus.type", self.prometheus_type, out);
    }
}

/// Collects points, and hands them on as `Metric`s.
pub(super) struct Chunk<'a> {
    points: Vec<u8>,
    count: u32,
    metric: Vec<u8>,
    push: &'a mut dyn FnMut(&[u8], u32),
}

impl<'a> Chunk<'a> {
    pub(super) fn new(push: &'a mut dyn FnMut(&[u8], u32)) -> Self {
        Self {
            points: Vec::new(),
            count: 0,
            metric: Vec::new(),
            push,
        }
    }

    /// Adds a point, which `write` appends. True if the chunk is full, and wants to be [flushed](Self::flush).
    pub(super) fn point(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        wire::message(1, &mut self.points, write);
        self.count += 1;
        self.count >= MAX_POINTS || self.points.len() >= MAX_BYTES
    }

    /// Hands on what there is, if there is something.
    pub(super) fn flush(&mut self, head: &[u8], Shape { kind, is_delta }: Shape) {
        if self.count == 0 {
            return;
        }
        self.metric.clear();
        self.metric.extend_from_slice(head);
        wire::message(kind.tag(), &mut self.metric, |out| {
            out.extend_from_slice(&self.points);
            if kind.has_temporality() {
                const DELTA: u64 = 1;
                const CUMULATIVE: u64 = 2;
                wire::uint(2, if is_delta { DELTA } else { CUMULATIVE }, out);
            }
            if kind == Kind::Sum {
                wire::uint(3, 1, out); // is_monotonic
            }
        });
        (self.push)(&self.metric, self.count);
        self.points.clear();
        self.count = 0;
    }
}
