//! A series, looked up.

use std::fmt;
use std::ops::Deref;

use super::table::Found;

/// A series that was looked up; to be used at once, as in `family.with(labels).inc()`.
///
/// Where a family expires idle series, none of them expires while one of these is alive: what is to be kept is kept as a
/// [`Handle`](crate::Handle), which holds its own series only.
pub struct SeriesRef<'a, M>(Found<'a, M>);

impl<'a, M> SeriesRef<'a, M> {
    #[inline]
    pub(crate) fn new(found: Found<'a, M>) -> Self {
        Self(found)
    }
}

impl<M> Deref for SeriesRef<'_, M> {
    type Target = M;

    #[inline]
    fn deref(&self) -> &M {
        &self.0.get().metric
    }
}

impl<M: fmt::Debug> fmt::Debug for SeriesRef<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
