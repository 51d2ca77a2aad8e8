//! What a row ought to come to.

use crate::Stats;
use std::fmt;

/// A target. Ratios hold from machine to machine; absolute figures are for the one that `peers` names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// At most the best peer's figure divided by this.
    TimesBetterThanBest(f64),
    /// At most this peer's figure divided by this.
    TimesBetterThan(&'static str, f64),
    /// At most the floor's figure times this.
    TimesFloor(f64),
    /// At most this, in the subject's unit.
    AtMost(f64),
    /// At most this many allocations.
    AtMostAllocations(f64),
}

/// What the others of the row came to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Others<'a> {
    pub(crate) peers: &'a [(&'static str, Stats)],
    pub(crate) floor: Option<f64>,
}

impl Others<'_> {
    pub(crate) fn best(&self) -> Option<f64> {
        self.peers
            .iter()
            .map(|(_, stats)| stats.median)
            .min_by(f64::total_cmp)
    }
}

impl Target {
    /// By which factor `ours` is above the target; `None` if it is met, or if whom it compares with is not here.
    pub(crate) fn missed_by(self, ours: &Stats, others: &Others<'_>) -> Option<f64> {
        // Two medians of the same thing differ by a few percent.
        const TOLERANCE: f64 = 1.03;
        let (is, limit) = match self {
            Self::TimesBetterThanBest(times) => (ours.median, others.best()? / times),
            Self::TimesBetterThan(peer, times) => {
                let (_, stats) = others.peers.iter().find(|(name, _)| *name == peer)?;
                (ours.median, stats.median / times)
            }
            Self::TimesFloor(times) => (ours.median, others.floor? * times),
            Self::AtMost(limit) => (ours.median, limit),
            // Below a hundredth it is the harness itself, or growth that is paid once.
            Self::AtMostAllocations(limit) => {
                return (ours.allocations > limit + 0.01).then_some(ours.allocations - limit);
            }
        };
        (is > limit * TOLERANCE).then(|| is / limit)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimesBetterThanBest(times) if *times == 1.0 => {
                write!(f, "no worse than the best")
            }
            Self::TimesBetterThanBest(times) => write!(f, "{times}× better than the best"),
            Self::TimesBetterThan(peer, times) => write!(f, "{times}× better than {peer}"),
            Self::TimesFloor(times) if *times == 1.0 => write!(f, "no worse than the floor"),
            Self::TimesFloor(times) => write!(f, "≤ {times}× the floor"),
            Self::AtMost(limit) => write!(f, "≤ {limit}"),
            Self::AtMostAllocations(limit) => write!(f, "≤ {limit} allocs"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(target: Target, ours: f64, expected: Option<f64>) {
        let peers = [("slow", Stats::exact(60.0)), ("quick", Stats::exact(20.0))];
        let others = Others {
            peers: &peers,
            floor: Some(5.0),
        };
        assert_eq!(
            target.missed_by(&Stats::exact(ours), &others),
            expected,
            "{target}"
        );
    }

    #[test]
    fn a_target_says_by_how_much_it_is_missed() {
        check(Target::TimesBetterThanBest(2.0), 10.0, None);
        check(Target::TimesBetterThanBest(2.0), 15.0, Some(1.5));
        check(Target::TimesBetterThan("slow", 10.0), 12.0, Some(2.0));
        check(Target::TimesFloor(1.0), 5.1, None);
        check(Target::TimesFloor(1.0), 10.0, Some(2.0));
        check(Target::AtMost(400.0), 500.0, Some(1.25));
    }

    #[test]
    fn a_target_against_peers_that_are_not_there_is_not_missed() {
        check(Target::TimesBetterThan("absent", 2.0), 1e9, None);
        let alone =
            Target::TimesBetterThanBest(2.0).missed_by(&Stats::exact(1e9), &Others::default());
        assert_eq!(alone, None);
    }

    #[test]
    fn allocations_are_counted_not_divided() {
        let ours = Stats {
            allocations: 3.0,
            ..Stats::exact(1.0)
        };
        assert_eq!(
            Target::AtMostAllocations(0.0).missed_by(&ours, &Others::default()),
            Some(3.0)
        );
    }
}
