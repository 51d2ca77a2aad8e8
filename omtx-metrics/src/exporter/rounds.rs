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

/// As many are known at a time: each may hold a blocking thread that waits for collectors, and scrapers that want so many
/// different things at once are none.
const MAX: usize = 16;

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
            None if rounds.len() >= MAX => None,
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
