use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use tracing_core::Dispatch;
use tracing_core::callsite::rebuild_interest_cache;
use tracing_core::dispatcher::{WeakDispatch, with_default};

use super::Levels;

/// Changes the levels of a running service: behind an admin endpoint, a signal, a configuration that is watched.
///
/// Clones change the same. Comes from [`Logging::levels`](crate::Logging::levels).
///
/// ```
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{Logging, Severity};
///
/// # fn main() -> Result<(), omtx_logging::Error> {
/// let lines = Lines::default();
/// let logging = Logging::builder("hub").sink(lines.clone()).build()?;
/// tracing::subscriber::with_default(logging.subscriber(), || {
///     let debug = || tracing::debug!("detail");
///     debug();
///     assert_eq!(lines.take().len(), 0);
///     logging.levels().set("debug,hyper=info".parse::<omtx_logging::Levels>()?);
///     debug();
///     assert_eq!(lines.take().len(), 1);
///     logging.levels().set(Severity::Info);
///     debug();
///     assert_eq!(lines.take().len(), 0);
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct LevelHandle {
    state: Arc<State>,
}

pub(crate) struct State {
    levels: ArcSwap<Levels>,
    /// Whoever has the layer inside: its answers are what `tracing` remembers.
    dispatches: Mutex<Vec<WeakDispatch>>,
    /// Who else must know of a change.
    #[cfg(feature = "log")]
    followers: Mutex<Vec<Follower>>,
}

#[cfg(feature = "log")]
type Follower = Box<dyn Fn(&Levels) + Send + Sync>;

impl LevelHandle {
    pub(crate) fn new(levels: Levels) -> Self {
        Self {
            state: Arc::new(State {
                levels: ArcSwap::from_pointee(levels),
                dispatches: Mutex::default(),
                #[cfg(feature = "log")]
                followers: Mutex::default(),
            }),
        }
    }

    /// The levels now.
    #[must_use]
    pub fn get(&self) -> Levels {
        Levels::clone(&self.load())
    }

    #[inline]
    pub(crate) fn load(&self) -> Guard<Arc<Levels>> {
        self.state.levels.load()
    }

    /// The layer is inside `dispatch` from now on.
    pub(crate) fn belongs_to(&self, dispatch: &Dispatch) {
        self.dispatches().push(dispatch.downgrade());
    }

    /// Tells `follower` of the levels now, and whenever they change.
    #[cfg(feature = "log")]
    pub(crate) fn follow(&self, follower: impl Fn(&Levels) + Send + Sync + 'static) {
        let mut followers = self
            .state
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Under the lock: a change meanwhile is told after this.
        follower(&self.load());
        followers.push(Box::new(follower));
    }

    #[cfg(feature = "log")]
    fn tell_followers(&self, levels: &Levels) {
        let followers = self
            .state
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for follower in &*followers {
            follower(levels);
        }
    }

    #[cfg(not(feature = "log"))]
    fn tell_followers(&self, _: &Levels) {}

    fn dispatches(&self) -> MutexGuard<'_, Vec<WeakDispatch>> {
        let dispatches = &self.state.dispatches;
        dispatches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes by these levels from now on, on all threads.
    ///
    /// It makes `tracing` ask anew about every callsite of the process: some microseconds, and not for every request.
    pub fn set(&self, levels: impl Into<Levels>) {
        // Two at a time could leave `tracing` with the answers to the older levels.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let levels = Arc::new(levels.into());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        self.state.levels.store(levels.clone());
        self.tell_followers(&levels);
        self.dispatches().retain(|weak| weak.upgrade().is_some());
        let dispatch = self.dispatches().first().and_then(WeakDispatch::upgrade);
        match dispatch {
            // As long as a process has one subscriber only, `tracing` asks the one that is this thread's default.
            Some(dispatch) => with_default(&dispatch, rebuild_interest_cache),
            None => rebuild_interest_cache(),
        }
    }
}

impl fmt::Debug for LevelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LevelHandle")
            .field(&self.load().to_string())
            .finish()
    }
}
