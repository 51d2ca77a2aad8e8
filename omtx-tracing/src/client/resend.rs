//! How often a request was sent before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use http::Extensions;

/// In a request's extensions, and in those of its copies: how often one of them was sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(Arc<AtomicU32>);

/// How often the request, or one that it is a copy of, was sent before; counts it.
#[cfg(feature = "client")]
pub(super) fn resends(extensions: &Extensions) -> u32 {
    extensions
        .get::<Sent>()
        .map_or(0, |Sent(sent)| sent.fetch_add(1, Relaxed))
}

/// The same where the extensions stay, and the requests are made anew.
#[cfg(feature = "reqwest")]
pub(super) fn resends_of_call(extensions: &mut Extensions) -> u32 {
    extensions
        .get_or_insert_default::<Sent>()
        .0
        .fetch_add(1, Relaxed)
}
