//! A series, held.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::Series;

/// A series that is held: no lookup any more, and free to travel to other threads and tasks.
///
/// Cloning it is one atomic addition. It keeps its series alive, not its registry.
pub struct Handle<M>(Arc<Series<M>>);

impl<M> Handle<M> {
    pub(crate) fn new(series: Arc<Series<M>>) -> Self {
        Self(series)
    }
}

impl<M> Deref for Handle<M> {
    type Target = M;

    #[inline]
    fn deref(&self) -> &M {
        &self.0.metric
    }
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: fmt::Debug> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.metric.fmt(f)
    }
}
