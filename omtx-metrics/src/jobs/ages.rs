//! Since when things have been going on, by group: what a gauge of the oldest is computed from at scrape time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::OVERFLOW;
use crate::lock::lock;

/// Groups that are told apart; a family has no more series than that either.
const MAX_GROUPS: usize = crate::DEFAULT_MAX_SERIES;

/// What is going on, by group and start.
#[derive(Debug, Default)]
pub(super) struct Ages {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Tells apart what started at the same instant.
    next: u64,
    groups: BTreeMap<Box<str>, BTreeSet<(Instant, u64)>>,
}

/// Something that is going on, to be given back to [`Ages::end`].
#[derive(Debug)]
pub(super) struct Age {
    group: Box<str>,
    at: (Instant, u64),
}

/// What a group looks like at one moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GroupAge {
    /// How long the oldest has been going on; zero if nothing is.
    pub(super) oldest: Duration,
    /// How many have been going on for longer than the limit.
    pub(super) over_limit: usize,
}

impl Ages {
    pub(super) fn begin(&self, group: &str, at: Instant) -> Age {
        let mut state = lock(&self.state);
        let full = state.groups.len() >= MAX_GROUPS && !state.groups.contains_key(group);
        let group: Box<str> = if full { OVERFLOW } else { group }.into();
        state.next += 1;
        let at = (at, state.next);
        state.groups.entry(group.clone()).or_default().insert(at);
        Age { group, at }
    }

    pub(super) fn end(&self, age: &Age) {
        if let Some(group) = lock(&self.state).groups.get_mut(&age.group) {
            // The group stays: its gauges must go back to 0.
            group.remove(&age.at);
        }
    }

    /// Every group that there ever was. Takes time in proportion to the groups and to what is over the limit.
    pub(super) fn each(
        &self,
        now: Instant,
        limit: Duration,
        mut visit: impl FnMut(&str, GroupAge),
    ) {
        for (group, starts) in &lock(&self.state).groups {
            let age = |&(start, _): &(Instant, u64)| now.saturating_duration_since(start);
            let oldest = starts.first().map(age).unwrap_or_default();
            let over_limit = starts.iter().take_while(|start| age(start) > limit).count();
            visit(group, GroupAge { oldest, over_limit });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(ages: &Ages, now: Instant) -> Vec<(String, u64, usize)> {
        let mut seen = Vec::new();
        ages.each(now, Duration::from_secs(10), |group, age| {
            seen.push((group.to_owned(), age.oldest.as_secs(), age.over_limit));
        });
        seen
    }

    #[test]
    fn the_oldest_and_those_over_the_limit_are_known_per_group() {
        let (ages, start) = (Ages::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let first = ages.begin("a", at(0));
        let second = ages.begin("a", at(0));
        ages.begin("a", at(5));
        ages.begin("b", at(8));
        assert_eq!(
            groups(&ages, at(11)),
            [("a".into(), 11, 2), ("b".into(), 3, 0)]
        );

        ages.end(&first);
        ages.end(&second);
        assert_eq!(
            groups(&ages, at(11)),
            [("a".into(), 6, 0), ("b".into(), 3, 0)]
        );
    }

    #[test]
    fn an_empty_group_goes_back_to_zero() {
        let (ages, start) = (Ages::default(), Instant::now());
        let age = ages.begin("a", start);
        ages.end(&age);
        assert_eq!(
            groups(&ages, start + Duration::from_secs(99)),
            [("a".into(), 0, 0)]
        );
    }

    #[test]
    fn groups_beyond_the_cap_share_one() {
        let (ages, start) = (Ages::default(), Instant::now());
        for group in 0..MAX_GROUPS + 100 {
            ages.begin(&group.to_string(), start);
        }
        let seen = groups(&ages, start);
        assert_eq!(seen.len(), MAX_GROUPS + 1);
        assert!(seen.iter().any(|(group, ..)| group == OVERFLOW));
    }
}
