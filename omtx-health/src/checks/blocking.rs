//! Calls into the kernel or the resolver that may not come back.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

/// Makes blocking calls on a thread of their own, one at a time.
///
/// A `stat` on a dead NFS mount cannot be cancelled. On the runtime's blocking pool it would hold up the runtime's shutdown,
/// and one more thread would hang with every run of the check. A detached thread does neither: while a call hangs, the next
/// run says so instead of starting another.
#[derive(Debug, Default)]
pub(super) struct Blocking {
    since: Arc<Mutex<Option<Instant>>>,
}

impl Blocking {
    /// What `call` returned. Dropping the future leaves the call to end by itself.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        name: &'static str,
        call: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let turn = Turn::take(&self.since).map_err(|since| {
            let waited = since.elapsed().as_secs();
            io::Error::new(
                io::ErrorKind::TimedOut,
                format!("an earlier {name} has not returned for {waited} s"),
            )
        })?;
        let (answer, answered) = oneshot::channel();
        std::thread::Builder::new()
            .name("omtx-health".to_owned())
            .spawn(move || {
                let result = call();
                drop(turn); // first, or the next run could still find it taken
                let _ = answer.send(result); // nobody may be waiting any more
            })?;
        answered
            .await
            .unwrap_or_else(|_| Err(io::Error::other(format!("{name} panicked"))))
    }
}

/// The right to make the one call; given back when it is dropped, by unwinding too.
struct Turn(Arc<Mutex<Option<Instant>>>);

impl Turn {
    fn take(since: &Arc<Mutex<Option<Instant>>>) -> Result<Self, Instant> {
        let mut taken = since.lock().unwrap_or_else(PoisonError::into_inner);
        match *taken {
            Some(since) => Err(since),
            None => {
                *taken = Some(Instant::now());
                Ok(Self(Arc::clone(since)))
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn a_call_that_hangs_has_one_thread_and_recovers_when_it_returns() {
        let blocking = Blocking::default();
        let (release, held) = mpsc::channel::<()>();
        let mut hanging = Box::pin(blocking.run("statvfs", move || {
            let _ = held.recv();
            Ok(())
        }));
        let mut nobody = Context::from_waker(Waker::noop());
        assert!(hanging.as_mut().poll(&mut nobody).is_pending());
        drop(hanging);

        for _ in 0..3 {
            let error = blocking.run("statvfs", || Ok(())).await.unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("an earlier statvfs has not returned for "),
                "{error}"
            );
        }

        drop(release);
        while blocking.run("statvfs", || Ok(())).await.is_err() {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn a_call_that_hangs_does_not_hold_up_the_end_of_the_runtime() {
        let (release, held) = mpsc::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let blocking = Blocking::default();
        runtime.block_on(async {
            let mut hanging = Box::pin(blocking.run("getaddrinfo", move || {
                let _ = held.recv();
                Ok(())
            }));
            let mut nobody = Context::from_waker(Waker::noop());
            assert!(hanging.as_mut().poll(&mut nobody).is_pending());
        });
        drop(runtime); // a thread of its pool would be waited for
        drop(release);
    }

    #[tokio::test]
    async fn a_call_that_panics_gives_its_turn_back() {
        let blocking = Blocking::default();
        let error = blocking
            .run("statvfs", || -> io::Result<()> { panic!("a defect") })
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "statvfs panicked");
        assert_eq!(blocking.run("statvfs", || Ok(7)).await.unwrap(), 7);
    }
}
