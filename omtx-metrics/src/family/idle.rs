//! Which series of a family have been idle for too long, as the scrapes see it: recording pays nothing for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Series;
use crate::Kind;
use crate::cell::{Metric, Reading, Values, Wants};
use crate::time::{Elapsed, Timestamp};

/// What the scrapes saw of each series.
#[derive(Debug)]
pub(super) struct Idle {
    after: Duration,
    /// By address: a series keeps its own for as long as it is in the family.
    seen: HashMap<usize, Seen>,
    scratch: Values,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    /// See [`state`].
    state: u64,
    since: Elapsed,
}

impl Idle {
    pub(super) fn new(after: Duration) -> Self {
        Self {
            after,
            seen: HashMap::new(),
            scratch: Values::default(),
        }
    }

    /// Looks at all series; true if some of them have been idle for too long.
    pub(super) fn look<M: Metric>(&mut self, series: &[Arc<Series<M>>]) -> bool {
        let now = Elapsed::now();
        let mut any = false;
        for series in series {
            let state = state(&series.metric, &mut self.scratch);
            let new = Seen {
                state: state.value,
                since: now,
            };
            let seen = self.seen.entry(address(series)).or_insert(new);
            if seen.state != state.value || !state.may_expire {
                *seen = new;
            }
            any |= now.since(seen.since) >= self.after;
        }
        any
    }

    /// True if the series was idle for too long at the last look, and has not changed since.
    pub(super) fn is_idle<M: Metric>(&self, series: &Series<M>, now: Elapsed) -> bool {
        let seen = self.seen.get(&std::ptr::from_ref(series).addr());
        seen.is_some_and(|seen| {
            let state = state(&series.metric, &mut Values::default());
            now.since(seen.since) >= self.after && state.value == seen.state && state.may_expire
        })
    }

    /// Forgets a series that has left.
    pub(super) fn forget<M>(&mut self, series: &Arc<Series<M>>) {
        self.seen.remove(&address(series));
    }
}

fn address<M>(series: &Arc<Series<M>>) -> usize {
    Arc::as_ptr(series).addr()
}

/// What tells a series that was updated from one that was not.
struct State {
    value: u64,
    /// A gauge that is not at 0 says something by standing still, and would be wrong if it began again at 0. An info is
    /// never updated at all.
    may_expire: bool,
}

fn state<M: Metric>(metric: &M, scratch: &mut Values) -> State {
    let may_expire = M::KIND != Kind::Info;
    let (value, may_expire) = match metric.read(Wants::default(), scratch) {
        Reading::Counter(value) => (value, may_expire),
        Reading::CounterF64(value) => (value.to_bits(), true),
        Reading::Gauge(value) => (value.to_bits(), value == 0.0),
        Reading::IntGauge(value) => (value as u64, value == 0),
        Reading::States { mask, .. } => (mask, mask == 0),
        // Every observation is in some bucket. As many after a reset as there were before are others.
        Reading::Histogram { buckets, reset, .. } => (
            buckets
                .iter()
                .fold(reset.map_or(0, Timestamp::millis) << 16, |sum, bucket| {
                    sum.wrapping_add(*bucket)
                }),
            true,
        ),
    };
    State { value, may_expire }
}
