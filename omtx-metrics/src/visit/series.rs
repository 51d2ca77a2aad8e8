//! One series, as a visitor sees it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Exemplar, Labels, Value};
use crate::cell::Exemplars;
use crate::collector::ForeignRow;
use crate::family::Spec;
use crate::sample::Sample;

/// One series of a family, at one moment.
///
/// A state set's states are one series: what text format 0.0.4 has several rows for.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    labels: Labels<'a>,
    value: Value<'a>,
    created: Option<SystemTime>,
    timestamp: Option<SystemTime>,
    exemplars: Exemplars<'a>,
}

impl<'a> Series<'a> {
    pub(super) fn own(spec: &'a Spec, labels: &'a str, sample: Sample<'a>) -> Self {
        Self {
            labels: Labels::new(&spec.constant_labels, labels),
            value: Value::own(spec, sample.reading),
            created: sample.created.map(crate::time::Timestamp::time),
            timestamp: None,
            exemplars: sample.exemplars,
        }
    }

    /// `None` for a row without anything to show.
    pub(super) fn foreign(row: &'a ForeignRow) -> Option<Self> {
        Some(Self {
            labels: Labels::new("", &row.labels),
            value: Value::foreign(&row.value)?,
            created: None,
            timestamp: row.timestamp_ms.map(time),
            exemplars: Exemplars::default(),
        })
    }

    /// The labels that tell it from the other series of its family.
    #[must_use]
    pub fn labels(&self) -> Labels<'a> {
        self.labels
    }

    /// The value now.
    #[must_use]
    pub fn value(&self) -> Value<'a> {
        self.value
    }

    /// When a counter or histogram began to count: it starts at 0 whenever this changes. `None` for other kinds, for rows of
    /// collectors, and unless [`Wants::created`](super::Wants::created) asked for it.
    #[must_use]
    pub fn created(&self) -> Option<SystemTime> {
        self.created
    }

    /// The moment that the value is of, where it is not now: a collector of the `prometheus` crate can name one.
    #[must_use]
    pub fn timestamp(&self) -> Option<SystemTime> {
        self.timestamp
    }

    /// The exemplars, by rising bucket and, within a bucket, the newest first. None unless
    /// [`Wants::exemplars`](super::Wants::exemplars) asked for them.
    ///
    /// Each bucket keeps its exemplar until it was read, by a scrape or here; then the next observation replaces it.
    pub fn exemplars(&self) -> impl Iterator<Item = Exemplar<'a>> + use<'a> {
        self.exemplars.iter().map(Exemplar::new)
    }
}

/// What collectors say in milliseconds since the epoch. Times that the platform cannot tell are the epoch.
fn time(millis: i64) -> SystemTime {
    let distance = Duration::from_millis(millis.unsigned_abs());
    let time = if millis < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(UNIX_EPOCH)
}
