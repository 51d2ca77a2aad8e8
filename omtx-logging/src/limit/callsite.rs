//! What one callsite has used of its limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tracing_core::Metadata;

use crate::Severity;

/// A rate, in nanoseconds: the "generic cell rate algorithm" (ITU-T I.371), which is a token bucket that needs one number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    /// What a line costs.
    cost: u64,
    /// What may be spent at once.
    depth: u64,
}

impl Bucket {
    /// None if there is no limit.
    pub(super) fn new(lines: u32, interval: Duration) -> Option<Self> {
        let depth = nanos(interval);
        if depth == 0 {
            return None;
        }
        Some(Self {
            // At least 1: more lines than nanoseconds.
            cost: depth
                .checked_div(lines.into())
                .map_or(u64::MAX, |cost| cost.max(1)),
            depth,
        })
    }
}

/// Until the year 2554.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A callsite that is limited.
pub(crate) struct Callsite {
    bucket: Bucket,
    /// When the bucket is full again: the "theoretical arrival time".
    full_at: AtomicU64,
    suppressed: AtomicU64,
    pub(crate) severity: Severity,
    pub(crate) logger: Box<str>,
    pub(crate) module: Option<Box<str>>,
    pub(crate) file: Option<Box<str>>,
    pub(crate) line: Option<u32>,
}

impl Callsite {
    pub(super) fn new(bucket: Bucket, severity: Severity, metadata: &Metadata<'_>) -> Self {
        Self {
            bucket,
            full_at: AtomicU64::new(0),
            suppressed: AtomicU64::new(0),
            severity,
            logger: metadata.target().into(),
            module: metadata.module_path().map(Into::into),
            file: metadata.file().map(Into::into),
            line: metadata.line(),
        }
    }

    fn admit(&self, now: Duration) -> bool {
        let Bucket { cost, depth } = self.bucket;
        let now = nanos(now);
        let limit = now.saturating_add(depth);
        let spend = |full_at: u64| {
            // Later than any line could have made it: the clock was set back, and the bucket starts anew.
            let from = if full_at > limit {
                now
            } else {
                full_at.max(now)
            };
            from.checked_add(cost).filter(|full_at| *full_at <= limit)
        };
        self.full_at.fetch_update(Relaxed, Relaxed, spend).is_ok()
    }

    pub(super) fn take_suppressed(&self) -> u64 {
        // A load is cheaper than a swap, and there is mostly nothing.
        match self.suppressed.load(Relaxed) {
            0 => 0,
            _ => self.suppressed.swap(0, Relaxed),
        }
    }
}

/// The limit of one callsite, if there is one.
#[derive(Default)]
pub(crate) struct CallsiteLimit(Option<Arc<Callsite>>);

/// Whether a line may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may; so many of the same callsite were suppressed since its last line (written as `suppressed` if not 0).
    Pass { suppressed: u64 },
    /// It may not.
    Suppress,
}

impl CallsiteLimit {
    pub(super) fn of(callsite: Arc<Callsite>) -> Self {
        Self(Some(callsite))
    }

    /// Asked once per event, before anything is encoded. `now` is the line's time since the Unix epoch.
    #[inline]
    pub(crate) fn admit(&self, now: Duration) -> Admission {
        match &self.0 {
            None => Admission::Pass { suppressed: 0 },
            Some(callsite) if callsite.admit(now) => Admission::Pass {
                suppressed: callsite.take_suppressed(),
            },
            Some(callsite) => {
                callsite.suppressed.fetch_add(1, Relaxed);
                Admission::Suppress
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use proptest::prelude::*;

    use super::*;
    use crate::RateLimit;

    const PASS: Admission = Admission::Pass { suppressed: 0 };

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(1_700_000_000 + seconds)
    }

    fn limited(limit: &RateLimit, severity: Severity) -> CallsiteLimit {
        let span = tracing::error_span!("of a test");
        limit.callsite(severity, span.metadata().expect("an enabled callsite"))
    }

    fn site(lines: u32, interval: u64) -> CallsiteLimit {
        with_subscriber(|| {
            limited(
                &RateLimit::new(lines, Duration::from_secs(interval)),
                Severity::Info,
            )
        })
    }

    /// `Span::metadata` is there only if somebody wants the span.
    fn with_subscriber<T>(work: impl FnOnce() -> T) -> T {
        tracing::subscriber::with_default(tracing_subscriber::registry(), work)
    }

    #[test]
    fn so_many_lines_pass_at_once_and_the_next_says_how_many_did_not() {
        let site = site(3, 30);
        for _ in 0..3 {
            assert_eq!(site.admit(second(0)), PASS);
        }
        for _ in 0..5 {
            assert_eq!(site.admit(second(9)), Admission::Suppress);
        }
        // A third of the interval brings one line back.
        assert_eq!(site.admit(second(10)), Admission::Pass { suppressed: 5 });
        assert_eq!(site.admit(second(10)), Admission::Suppress);
        assert_eq!(site.admit(second(100)), Admission::Pass { suppressed: 1 });
        assert_eq!(site.admit(second(100)), PASS);
    }

    #[test]
    fn a_clock_that_is_set_back_silences_nobody() {
        let site = site(2, 10);
        assert_eq!(site.admit(second(1000)), PASS);
        assert_eq!(site.admit(second(0)), PASS);
        assert_eq!(site.admit(second(0)), PASS);
        assert_eq!(site.admit(second(0)), Admission::Suppress);
    }

    #[test]
    fn nothing_passes_a_limit_of_none_and_everything_one_of_no_time() {
        assert_eq!(site(0, 10).admit(second(0)), Admission::Suppress);
        assert_eq!(site(0, 0).admit(second(0)), PASS);
        assert_eq!(CallsiteLimit::default().admit(second(0)), PASS);
    }

    #[test]
    fn errors_pass_unless_they_have_a_limit_of_their_own() {
        with_subscriber(|| {
            let limit = RateLimit::new(0, Duration::from_secs(1));
            for severity in [Severity::Error, Severity::Critical] {
                assert_eq!(limited(&limit, severity).admit(second(0)), PASS);
            }
            let error = limited(&limit.errors(1), Severity::Error);
            assert_eq!(error.admit(second(0)), PASS);
            assert_eq!(error.admit(second(0)), Admission::Suppress);
        });
    }

    #[test]
    fn what_is_pending_is_told_once() {
        with_subscriber(|| {
            let limit = RateLimit::new(1, Duration::from_secs(1));
            let (noisy, _quiet) = (
                limited(&limit, Severity::Info),
                limited(&limit, Severity::Info),
            );
            for _ in 0..4 {
                let _ = noisy.admit(second(0));
            }
            let pending: Vec<_> = limit.pending().iter().map(|(_, lines)| *lines).collect();
            assert_eq!(pending, [3]);
            assert!(limit.pending().is_empty());
        });
    }

    #[test]
    fn threads_share_one_limit_and_lose_no_count() {
        let site = site(100, 1000);
        let start = Barrier::new(4);
        let passed: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        (0..1000)
                            .filter(|_| site.admit(second(0)) != Admission::Suppress)
                            .count()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(passed, 100);
        assert_eq!(
            site.admit(second(1000)),
            Admission::Pass { suppressed: 3900 }
        );
    }

    proptest! {
        #[test]
        fn no_interval_has_more_than_twice_the_lines(
            lines in 1..20_u32,
            steps in proptest::collection::vec(0..2000_u64, 1..300),
        ) {
            let site = site(lines, 1);
            let mut now = second(0);
            let mut passed = Vec::new();
            let mut told = 0;
            for step in &steps {
                now += Duration::from_micros(*step * 10);
                if let Admission::Pass { suppressed } = site.admit(now) {
                    passed.push(now);
                    told += suppressed;
                }
            }
            for from in &passed {
                let until = *from + Duration::from_secs(1);
                let within = passed.iter().filter(|at| *at >= from && **at < until).count();
                prop_assert!(within <= 2 * lines as usize);
            }
            let callsite = site.0.as_ref().unwrap();
            prop_assert_eq!(passed.len() as u64 + told + callsite.take_suppressed(), steps.len() as u64);
        }
    }
}
