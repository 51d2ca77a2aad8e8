//! The least that a line could cost: a layer that reads the clock and copies the bytes of a finished line.

use std::cell::RefCell;
use std::hint::black_box;
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::contender::Contender;

struct Copies;

struct Sees(usize);

impl Visit for Sees {
    fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
        black_box(value);
        self.0 += 1;
    }
}

thread_local!(static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });

impl<S: Subscriber> Layer<S> for Copies {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            let mut sees = Sees(0);
            event.record(&mut sees);
            black_box((SystemTime::now(), sees.0));
            for part in [&[b'x'; 80], &[b'y'; 80], &[b'z'; 80], &[b'w'; 80]] {
                line.extend_from_slice(black_box(part));
            }
            black_box(&*line);
        });
    }
}

pub(crate) fn floor() -> Contender {
    Contender::new(Dispatch::new(tracing_subscriber::registry().with(Copies)))
}

/// A registry that wants INFO and above and does nothing with it.
pub(crate) fn level_alone() -> Contender {
    let levels = tracing_subscriber::filter::LevelFilter::INFO;
    Contender::new(Dispatch::new(tracing_subscriber::registry().with(levels)))
}
