//! Scrapes that come at the same time and want the same, answered together.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use super::request::Wanted;
use super::scrape::{Scrape, Status};
use crate::lock::lock;

/// Rounds that are going on or about to. A scrape never joins one that has begun: it might miss what was counted between
/// that beginning and its own coming. It joins the next, which begins when the one before it is over.
#[derive(Default)]
pub(super) struct Rounds {
    rounds: Arc<Mutex<Vec<Round>>>,
    number: AtomicU64,
}

/// As many rounds of chosen families are known at a time: each may hold a blocking thread that waits for collectors, and
/// scrapers that choose so many different families at once are none. Rounds of everything do not count, and always find
/// room: there are a few dozen at the most (format, coding, begun or not), and nobody can keep Prometheus from its own by
/// making up names.
const MAX_FILTERED: usize = 16;

struct Round {
    number: u64,
    wanted: Wanted,
    begun: Arc<AtomicBool>,
    answer: Shared<BoxFuture<'static, Scrape>>,
    waiting: usize,
}

impl Rounds {
    /// The answer of the next round that wants the same as `wanted`, which `make` makes.
    pub(super) fn join<F>(
        &self,
        wanted: Wanted,
        make: impl FnOnce(Wanted) -> F + Send + 'static,
    ) -> impl Future<Output = Scrape> + Send + 'static
    where
        F: Future<Output = Scrape> + Send + 'static,
    {
        let mut rounds = lock(&self.rounds);
        // Of those that want the same, only the last can be yet to begin.
        let last = rounds.iter().rposition(|round| round.wanted == wanted);
        let not_begun = last.filter(|&at| !rounds[at].begun.load(Ordering::Acquire));
        let joined = match not_begun {
            Some(at) => {
                rounds[at].waiting += 1;
                Some((rounds[at].number, rounds[at].answer.clone()))
            }
            None if is_full(&rounds, &wanted) => None,
            None => {
                let before = last.map(|at| rounds[at].answer.clone());
                let begun = Arc::new(AtomicBool::new(false));
                let (flag, wants) = (Arc::clone(&begun), wanted.clone());
                let answer = async move {
                    if let Some(before) = before {
                        before.await;
                    }
                    flag.store(true, Ordering::Release);
                    make(wants).await
                };
                let round = Round {
                    number: self.number.fetch_add(1, Ordering::Relaxed),
                    wanted,
                    begun,
                    answer: answer.boxed().shared(),
                    waiting: 1,
                };
                let joined = (round.number, round.answer.clone());
                rounds.push(round);
                Some(joined)
            }
        };
        drop(rounds);
        let joined = joined.map(|(number, answer)| {
            let place = Place {
                rounds: Arc::clone(&self.rounds),
                number,
            };
            (place, answer)
        });
        async move {
            match joined {
                Some((_place, answer)) => answer.await,
                None => Scrape::refused(Status::Overloaded),
            }
        }
    }
}

fn is_full(rounds: &[Round], wanted: &Wanted) -> bool {
    let is_filtered = |wanted: &Wanted| !wanted.filter.is_everything();
    let known = rounds.iter().filter(|round| is_filtered(&round.wanted));
    is_filtered(wanted) && known.count() >= MAX_FILTERED
}

/// One who waits for a round. The last to go, answered or not, takes the round along: nobody else holds its body.
struct Place {
    rounds: Arc<Mutex<Vec<Round>>>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut rounds = lock(&self.rounds);
        let Some(at) = rounds.iter().position(|round| round.number == self.number) else {
            return;
        };
        rounds[at].waiting -= 1;
        if rounds[at].waiting == 0 {
            let round = rounds.remove(at);
            drop(rounds); // what a round holds is dropped by whoever, but not under the lock
            drop(round);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::exporter::coding::{Accepted, Coding};
    use crate::exporter::filter::Filter;
    use crate::exporter::negotiate::Negotiated;

    fn wanted(query: &str) -> Wanted {
        Wanted {
            format: Negotiated::TEXT,
            coding: Accepted {
                coding: Coding::Identity,
                identity: true,
            },
            filter: Filter::from_query(query),
        }
    }

    #[test]
    fn names_that_somebody_makes_up_keep_nobody_from_everything() {
        let rounds = Rounds::default();
        let never = async |_| std::future::pending().await;
        let at_once = async |_| Scrape::refused(Status::Failed); // told apart from one that found no room
        let full: Vec<_> = (0..MAX_FILTERED)
            .map(|n| rounds.join(wanted(&format!("name[]=made_up_{n}")), never))
            .collect();

        let one_more = rounds.join(wanted("name[]=one_more"), at_once);
        let refused = one_more.now_or_never().unwrap();
        assert_eq!(refused.status(), 503);
        let everything = rounds.join(wanted(""), at_once);
        let answered = everything.now_or_never().unwrap();
        assert_eq!(answered.status(), 500, "it had its round");

        drop(full);
        let again = rounds.join(wanted("name[]=one_more"), at_once);
        assert_eq!(again.now_or_never().unwrap().status(), 500);
    }
}
