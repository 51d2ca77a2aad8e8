//! What a caller wants to be told.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Gets the errors that nobody waits for.
pub(crate) struct Hook<E>(Arc<dyn Fn(&E) + Send + Sync>);

impl<E> Hook<E> {
    pub(crate) fn new(hook: impl Fn(&E) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    /// Calls it; a panic ends with the call, since it may run while another one unwinds, where a second would abort.
    pub(crate) fn call(&self, error: &E) {
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.0)(error)));
        // What was thrown may panic itself when it is dropped.
        outcome.unwrap_or_else(std::mem::forget);
    }
}

impl<E> Clone for Hook<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E> fmt::Debug for Hook<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}
