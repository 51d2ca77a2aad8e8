//! Rounds that take turns.

use crate::threads::waited;
use crate::{Plan, alloc};
use std::fmt;
use std::time::{Duration, Instant};

/// Does an operation this many times, and says how long that took.
pub struct Run(Box<dyn FnMut(u64) -> Round>);

/// One round of one contender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// Wall time.
    pub took: Duration,
    /// Of which a thread was ready to run, but the operating system ran something else.
    pub waited: Duration,
}

impl Round {
    /// True if other programs took so much of the round that it tells of them: a twentieth. Two threads that had to
    /// share a core do not contend, and would look better than they are.
    fn is_disturbed(self) -> bool {
        self.waited * 20 > self.took
    }
}

impl Run {
    /// `run` is called with the number of operations, and times them itself.
    pub fn new(run: impl FnMut(u64) -> Round + 'static) -> Self {
        Self(Box::new(run))
    }

    /// `work` does the given number of operations on the calling thread.
    pub fn batch(mut work: impl FnMut(u64) + 'static) -> Self {
        Self::new(move |times| {
            let before = waited();
            let start = Instant::now();
            work(times);
            let took = start.elapsed();
            Round {
                took,
                waited: waited().saturating_sub(before),
            }
        })
    }

    /// The same, with work after each round that is not timed.
    #[must_use]
    pub fn then(mut self, mut after: impl FnMut() + 'static) -> Self {
        Self::new(move |times| {
            let round = (self.0)(times);
            after();
            round
        })
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run")
    }
}

/// What one contender of a row came to, per unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stats {
    /// The middle round, in the subject's unit.
    pub median: f64,
    /// Heap allocations.
    pub allocations: f64,
    /// Bytes asked of the heap.
    pub bytes: f64,
    /// True if the machine was busy: other programs left too few rounds undisturbed, or the middle half of the rounds is
    /// spread over more than a quarter of the median.
    pub noisy: bool,
}

impl Stats {
    /// A figure that was counted, not timed.
    #[must_use]
    pub fn exact(value: f64) -> Self {
        Self {
            median: value,
            allocations: 0.0,
            bytes: 0.0,
            noisy: false,
        }
    }

    /// What these add to `baseline`.
    pub(crate) fn over(self, baseline: &Self) -> Self {
        Self {
            median: self.median - baseline.median,
            allocations: self.allocations - baseline.allocations,
            bytes: self.bytes - baseline.bytes,
            noisy: self.noisy || baseline.noisy,
        }
    }
}

/// Runs all contenders, each once per round; the order rotates, so that nobody always follows the same neighbour.
/// An operation counts as `units` of what the row reports.
///
/// A round that other programs disturbed is run again at the end of the row, at most twice as many as were asked for.
pub(crate) fn measure(contenders: &mut [&mut Run], units: f64, plan: &Plan) -> Vec<Stats> {
    let plans: Vec<Rounds> = contenders
        .iter_mut()
        .map(|run| calibrate(run, plan))
        .collect();
    let mut rounds = vec![Vec::new(); contenders.len()];
    for round in 0..3 * plan.rounds {
        for turn in 0..contenders.len() {
            let who = (round + turn) % contenders.len();
            let Rounds { times, wanted } = plans[who];
            let quiet = rounds[who]
                .iter()
                .filter(|round: &&Round| !round.is_disturbed())
                .count();
            if quiet < wanted && rounds[who].len() < 3 * wanted {
                rounds[who].push((contenders[who].0)(times));
            }
        }
    }
    let mut stats = Vec::new();
    for ((run, rounds), Rounds { times, wanted }) in contenders.iter_mut().zip(rounds).zip(plans) {
        let seen = alloc::count(|| {
            (run.0)(times);
        });
        stats.push(Stats {
            allocations: seen.count as f64 / times as f64,
            bytes: seen.bytes as f64 / times as f64,
            ..summary(rounds, times as f64 * units, wanted)
        });
    }
    stats
}

fn summary(mut rounds: Vec<Round>, per: f64, wanted: usize) -> Stats {
    let quiet = rounds.iter().filter(|round| !round.is_disturbed()).count();
    let disturbed = quiet < wanted / 2;
    if !disturbed {
        rounds.retain(|round| !round.is_disturbed());
    }
    rounds.sort_by_key(|round| round.took);
    let at = |index: usize| rounds[index].took.as_nanos() as f64 / per;
    let (middle, quarter) = (rounds.len() / 2, rounds.len() / 4);
    let spread = at(rounds.len() - 1 - quarter) - at(quarter);
    Stats {
        noisy: disturbed || spread > at(middle) / 4.0,
        ..Stats::exact(at(middle))
    }
}

/// How long a contender's rounds are, and how many it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rounds {
    /// Operations of each.
    times: u64,
    /// How many undisturbed rounds are wanted.
    wanted: usize,
}

/// Fewer would not have a middle half.
const FEWEST_ROUNDS: usize = 7;

/// How many operations fill a round, and how many such rounds the plan allows. Warms up on the way.
fn calibrate(run: &mut Run, plan: &Plan) -> Rounds {
    let mut times = 1;
    loop {
        // The fastest of three: one stall here would make every round of the row too short to tell anything.
        let took = [(); 3].map(|()| (run.0)(times).took).into_iter().min();
        let took = took.unwrap_or_default().as_secs_f64().max(1e-9);
        if took * 4.0 >= plan.round.as_secs_f64() {
            let operation = took / times as f64;
            let times = ((plan.round.as_secs_f64() / operation) as u64).max(1);
            let affordable = plan.budget.as_secs_f64() / (operation * times as f64);
            return Rounds {
                times,
                wanted: plan.rounds.min((affordable as usize).max(FEWEST_ROUNDS)),
            };
        }
        times *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pretends that an operation takes `nanos`, and in every eighth round ten times that, `waited` of it idle.
    fn pretend(nanos: u64, waited: u64) -> Run {
        let mut round = 0_u32;
        Run::new(move |times| {
            round += 1;
            let slow = if round.is_multiple_of(8) { 10 } else { 1 };
            Round {
                took: Duration::from_nanos(nanos * times * slow),
                waited: Duration::from_nanos(waited * times),
            }
        })
    }

    fn measure_quick(contenders: &mut [&mut Run], units: f64) -> Vec<Stats> {
        measure(contenders, units, &Plan::from_args(["--quick"]))
    }

    #[test]
    fn the_median_ignores_the_rounds_that_were_slow() {
        let (mut a, mut b) = (pretend(100, 0), pretend(300, 0));
        let stats = measure_quick(&mut [&mut a, &mut b], 1.0);
        assert_eq!([stats[0].median, stats[1].median], [100.0, 300.0]);
        assert!(!stats[0].noisy);
    }

    #[test]
    fn an_operation_may_stand_for_several_units() {
        let mut a = pretend(500, 0);
        assert_eq!(measure_quick(&mut [&mut a], 5.0)[0].median, 100.0);
    }

    #[test]
    fn a_contender_whose_rounds_were_all_disturbed_is_noisy() {
        let mut a = pretend(100, 90);
        assert!(measure_quick(&mut [&mut a], 1.0)[0].noisy);
    }

    #[test]
    fn a_stall_while_warming_up_does_not_shorten_the_rounds() {
        let mut first = true;
        let mut stalls = Run::new(move |times| {
            let stall = Duration::from_secs(u64::from(std::mem::take(&mut first)));
            Round {
                took: Duration::from_nanos(times * 100) + stall,
                waited: Duration::ZERO,
            }
        });
        assert_eq!(
            calibrate(&mut stalls, &Plan::from_args(["--quick"])).times,
            10_000
        );
    }

    #[test]
    fn an_operation_that_takes_long_has_fewer_rounds() {
        let plan = Plan::from_args(["--quick"]);
        let mut slow = pretend(5_000_000, 0);
        assert_eq!(
            calibrate(&mut slow, &plan),
            Rounds {
                times: 1,
                wanted: 12
            }
        );
        let mut very_slow = pretend(1_000_000_000, 0);
        assert_eq!(calibrate(&mut very_slow, &plan).wanted, FEWEST_ROUNDS);
    }

    #[test]
    fn a_disturbed_round_is_run_again() {
        let mut round = 0_u32;
        let mut every_other = Run::new(move |times| {
            round += 1;
            let waited = if round.is_multiple_of(2) {
                times * 900
            } else {
                0
            };
            Round {
                took: Duration::from_nanos(times * 100 + waited),
                waited: Duration::from_nanos(waited),
            }
        });
        let stats = measure_quick(&mut [&mut every_other], 1.0)[0];
        assert_eq!((stats.median, stats.noisy), (100.0, false));
    }
}
