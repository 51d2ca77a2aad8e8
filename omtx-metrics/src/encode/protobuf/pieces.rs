//! The bytes that protobuf repeats for every scrape of a family, and for each of its series.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::labels::write_labels;
use super::wire::{message_field, varint_field, write_integer, write_string};
use crate::Kind;
use crate::family::Spec;

// message MetricFamily
const NAME: u8 = message_field(1);
const HELP: u8 = message_field(2);
const TYPE: u8 = varint_field(3);
const UNIT: u8 = message_field(5);

/// What is known of a family before it is scraped.
#[derive(Debug, Default)]
pub(crate) struct ProtobufPieces {
    /// Name, help, type and unit.
    pub(super) head: Box<[u8]>,
    /// The constant labels.
    pub(super) constant_labels: Box<[u8]>,
    /// How many bytes the family's length took last time.
    pub(super) width: Width,
}

impl ProtobufPieces {
    pub(crate) fn of(spec: &Spec) -> Self {
        let mut head = Vec::new();
        write_head(&spec.name, &spec.help, spec.kind, &mut head);
        if !spec.unit.is_empty() && !matches!(spec.kind, Kind::Info | Kind::StateSet) {
            write_string(UNIT, &spec.unit, &mut head);
        }
        let mut constant_labels = Vec::new();
        write_labels(&spec.constant_labels, &mut constant_labels);
        Self {
            head: head.into(),
            constant_labels: constant_labels.into(),
            width: Width::default(),
        }
    }
}

pub(super) fn write_head(name: &str, help: &str, kind: Kind, out: &mut Vec<u8>) {
    write_string(NAME, name, out);
    write_string(HELP, help, out);
    write_integer(TYPE, metric_type(kind), out);
}

/// `enum MetricType`. Infos and state sets are gauges, as in text 0.0.4.
const fn metric_type(kind: Kind) -> u64 {
    match kind {
        Kind::Counter => 0,
        Kind::Gauge | Kind::Info | Kind::StateSet => 1,
        Kind::Summary => 2,
        Kind::Unknown => 3,
        Kind::Histogram => 4,
    }
}

/// A guess that gets better: no harm is done where two scrapes change it at the same time.
#[derive(Debug, Default)]
pub(super) struct Width(AtomicUsize);

impl Width {
    pub(super) fn expected(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn was(&self, width: usize) {
        if self.expected() != width {
            self.0.store(width, Ordering::Relaxed);
        }
    }
}
