//! The peers' layers, set up as their documentation recommends for JSON lines.

#[cfg(feature = "peers")]
mod layers;

use omtx_benches::Run;

use crate::work::{Around, Event};

/// The column of the peer that most services use.
pub(crate) const TRACING_SUBSCRIBER: &str = "tracing-subscriber json";

/// Lines are encoded and thrown away.
#[cfg(feature = "peers")]
pub(crate) fn discarding(around: Around, event: Event) -> Vec<(&'static str, Run)> {
    layers::all(std::io::sink)
        .into_iter()
        .map(|(name, contender)| (name, contender.events(around, event)))
        .collect()
}

/// Lines are written to `/dev/null`.
#[cfg(feature = "peers")]
pub(crate) fn to_descriptor(event: Event) -> Vec<(&'static str, Run)> {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null");
    let null = std::sync::Arc::new(null.expect("there is /dev/null"));
    layers::all(move || layers::Shared(null.clone()))
        .into_iter()
        .map(|(name, contender)| (name, contender.on_two_threads(event)))
        .collect()
}

/// None without the feature.
#[cfg(not(feature = "peers"))]
pub(crate) fn discarding(_: Around, _: Event) -> Vec<(&'static str, Run)> {
    Vec::new()
}

/// Lines go to `/dev/null` through `tracing-appender`'s queue.
#[cfg(feature = "peers")]
pub(crate) fn through_queue(event: Event) -> Vec<(&'static str, Run)> {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null");
    let (writer, guard) = tracing_appender::non_blocking(null.expect("there is /dev/null"));
    std::mem::forget(guard); // for as long as the rows are measured
    layers::all(writer)
        .into_iter()
        .map(|(name, contender)| (name, contender.on_two_threads(event)))
        .collect()
}

/// None without the feature.
#[cfg(not(feature = "peers"))]
pub(crate) fn through_queue(_: Event) -> Vec<(&'static str, Run)> {
    Vec::new()
}

/// None without the feature.
#[cfg(not(feature = "peers"))]
pub(crate) fn to_descriptor(_: Event) -> Vec<(&'static str, Run)> {
    Vec::new()
}
