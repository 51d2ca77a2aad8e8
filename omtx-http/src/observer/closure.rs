//! A closure as an observer.

use crate::{End, Observer, Slot};
use http::Request;
use std::fmt;

/// Calls `f` with the end of every request.
///
/// # Examples
///
/// ```
/// let slow = omtx_http::on_end(|slot, end| {
///     if end.duration().as_secs() > 5 {
///         eprintln!("{} {} took {:?}", slot.method(), slot.endpoint(), end.duration());
///     }
/// });
/// let layer = omtx_http::ObserveLayer::new(slow);
/// # assert!(format!("{layer:?}").starts_with("ObserveLayer"));
/// ```
pub fn on_end<F>(f: F) -> OnEnd<F>
where
    F: Fn(&mut Slot, &End) + Send + Sync + 'static,
{
    OnEnd(f)
}

/// The observer that [`on_end`] makes of a closure.
#[derive(Clone, Copy)]
pub struct OnEnd<F>(F);

impl<F> Observer for OnEnd<F>
where
    F: Fn(&mut Slot, &End) + Send + Sync + 'static,
{
    type State = ();

    fn on_request<B>(&self, _: &mut Request<B>, _: &mut Slot) {}

    fn on_end(&self, (): (), slot: &mut Slot, end: &End) {
        (self.0)(slot, end);
    }
}

impl<F> fmt::Debug for OnEnd<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnEnd").finish_non_exhaustive()
    }
}
