//! What a check is.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{Failure, Verdict};

/// What a run of a check comes to.
///
/// `?` works on any error inside a check: it becomes a [`Failure`] that carries the error's whole chain.
pub type CheckResult = Result<Verdict, Failure>;

/// Looks at one thing that the service depends on.
///
/// The runner calls [`run`](Self::run) once per interval, never twice at once, and **drops the future when the check's
/// timeout passes**: hold nothing across an await that must be put back by hand. A panic is caught and counts as a failure.
/// A check that blocks its thread cannot be stopped; it is reported as such, and not started again until it returns.
///
/// Closures that return a future are checks:
///
/// ```
/// use omtx_health::{Check, Verdict};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let check = || async {
///     let free: u64 = "81920".parse()?; // any error is a failure
///     Ok(Verdict::up().detail("free_bytes", free))
/// };
/// assert_eq!(check.run().await.unwrap().details()["free_bytes"], 81920);
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
///
/// So are types:
///
/// ```
/// use omtx_health::{Check, CheckResult, Failure, Verdict};
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// struct License {
///     valid: AtomicBool,
/// }
///
/// impl Check for License {
///     async fn run(&self) -> CheckResult {
///         match self.valid.load(Ordering::Relaxed) {
///             true => Ok(Verdict::up()),
///             false => Err(Failure::new("the licence has run out")),
///         }
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let license = License { valid: AtomicBool::new(false) };
/// assert_eq!(license.run().await.unwrap_err().to_string(), "the licence has run out");
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
pub trait Check: Send + Sync + 'static {
    /// Looks once.
    ///
    /// # Errors
    ///
    /// When what is checked does not work.
    fn run(&self) -> impl Future<Output = CheckResult> + Send;
}

impl<F, Fut> Check for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = CheckResult> + Send,
{
    fn run(&self) -> impl Future<Output = CheckResult> + Send {
        self()
    }
}

impl<C: Check> Check for Arc<C> {
    fn run(&self) -> impl Future<Output = CheckResult> + Send {
        C::run(self)
    }
}

/// Any check, behind a pointer.
pub(crate) trait ErasedCheck: Send + Sync + 'static {
    fn run_boxed(&self) -> Pin<Box<dyn Future<Output = CheckResult> + Send + '_>>;
}

impl<C: Check> ErasedCheck for C {
    fn run_boxed(&self) -> Pin<Box<dyn Future<Output = CheckResult> + Send + '_>> {
        Box::pin(self.run())
    }
}
