//! Ours: `omtx-logging` in a registry of its own.

use omtx_logging::writer::{Direct, Queue};
use omtx_logging::{Logging, LoggingBuilder, Profile, Severity};
use tracing::Dispatch;

use crate::contender::Contender;

fn builder() -> LoggingBuilder {
    Logging::builder("omtx-hub-api")
        .version("1.0.0")
        .environment("production")
}

fn contender(builder: LoggingBuilder) -> Contender {
    let logging = builder.build().expect("the settings are sound");
    Contender::new(Dispatch::new(logging.subscriber()))
}

/// Lines are encoded and thrown away.
pub(crate) fn discarding(profile: Profile) -> Contender {
    let sink = |_: Severity, line: &[u8]| {
        std::hint::black_box(line);
    };
    contender(builder().profile(profile).sink(sink))
}

/// Lines are written to `/dev/null`, one call of `write` each.
pub(crate) fn to_descriptor() -> Contender {
    contender(builder().sink(null()))
}

/// The same from a thread of the queue's.
pub(crate) fn through_queue() -> Contender {
    contender(builder().sink(Queue::new(null()).expect("a thread")))
}

fn null() -> Direct {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null");
    Direct::new(null.expect("there is /dev/null"))
}
