//! Spans that are begun and ended by hand.

use std::hint::black_box;

use std::sync::Mutex;

use omtx_benches::{Run, Threads};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, SpanKind, Tracer};
use tracing::Dispatch;
use tracing::dispatcher::with_default;

use crate::Sampling;

/// A child of the request, with ten attributes as a database client has them.
pub(crate) fn spans<T>(tracer: T, sampling: Sampling) -> Run
where
    T: Tracer + 'static,
    T::Span: Send + Sync + 'static,
{
    let parent = sampling.context();
    Run::batch(move |times| {
        for n in 0..times {
            let builder = tracer
                .span_builder("SELECT jobs")
                .with_kind(SpanKind::Client)
                .with_attributes(attributes(black_box(n)));
            let mut span = tracer.build_with_context(builder, &parent);
            span.set_attribute(KeyValue::new("db.response.returned_rows", n as i64));
            span.end();
        }
    })
}

/// Spans that are begun and ended by two threads at once, and all go through one queue.
pub(crate) fn spans_of_threads<T>(threads: Threads, tracer: T, attributes: Attributes) -> Run
where
    T: Tracer + Send + Sync + 'static,
    T::Span: Send + Sync + 'static,
{
    let parent = Sampling::On.context();
    threads.run(move |n| {
        let mut builder = tracer.span_builder("SELECT jobs");
        if attributes == Attributes::Nine {
            builder = builder.with_attributes(self::attributes(black_box(n as u64)));
        }
        tracer.build_with_context(builder, &parent).end();
    })
}

/// What such a span has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Attributes {
    None,
    Nine,
}

/// As many bytes behind one lock: what a queue of spans comes down to.
pub(crate) fn locked_copies(threads: Threads, attributes: Attributes) -> Run {
    let span = [7; 512];
    let len = match attributes {
        Attributes::None => 80,
        Attributes::Nine => 400,
    };
    let queue = Mutex::new(Vec::with_capacity(1 << 20));
    threads.run(move |_| {
        let mut queue = queue.lock().expect("nobody panics");
        if queue.len() + len > queue.capacity() {
            queue.clear();
        }
        queue.extend_from_slice(black_box(&span[..len]));
    })
}

fn attributes(n: u64) -> Vec<KeyValue> {
    vec![
        KeyValue::new("db.system.name", "postgresql"),
        KeyValue::new("db.namespace", "hub"),
        KeyValue::new("db.operation.name", "SELECT"),
        KeyValue::new("db.collection.name", "jobs"),
        KeyValue::new(
            "db.query.text",
            "SELECT id, state FROM jobs WHERE owner = $1",
        ),
        KeyValue::new("server.address", "db.example.org"),
        KeyValue::new("server.port", 5432),
        KeyValue::new("network.peer.address", "10.0.0.7"),
        KeyValue::new("db.operation.batch.size", n as i64),
    ]
}

/// Makes a request current, as its server would.
pub(crate) type Request = Box<dyn Fn(&mut dyn FnMut())>;

/// Spans of the `tracing` crate with three fields, inside a request.
pub(crate) fn tracing_spans(dispatch: Dispatch, request: Request) -> Run {
    in_request(dispatch, request, |n| {
        tracing::info_span!("align", job_type = "boltz2", attempt = n, gpu = true)
            .in_scope(|| black_box(n));
    })
}

/// Events at a level that is off.
pub(crate) fn disabled_events(dispatch: Dispatch, request: Request) -> Run {
    in_request(dispatch, request, |n| {
        tracing::debug!(status = "success", attempt = n, gpu = true, "job completed");
    })
}

fn in_request(dispatch: Dispatch, request: Request, work: fn(u64)) -> Run {
    Run::batch(move |times| {
        with_default(&dispatch, || {
            request(&mut || (0..times).for_each(|n| work(black_box(n))));
        });
    })
}
