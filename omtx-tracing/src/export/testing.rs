//! A collector that does what a test says, in this process.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use super::{Exporter, LaneSpec};
use crate::Signal;
use crate::config::Batching;
use crate::transport::{Answer, Transport};

/// What to do with the next request; whatever there is no step for is accepted.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Accept,
    Reject(u64),
    Retry(Option<Duration>),
    Refuse,
    /// Sent, and no answer came.
    Unknown,
    /// Waits for the deadline, and then does not know.
    Hang,
    /// Waits, and does not look at its deadline.
    HangForEver,
    /// Takes this long to accept.
    Slow(Duration),
    Panic,
}

/// What a collector got. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collector {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    script: VecDeque<Step>,
    /// For what the script does not say.
    otherwise: Option<Step>,
    attempts: usize,
    at: Vec<Instant>,
    accepted: Vec<Bytes>,
}

impl Collector {
    pub(crate) fn new(script: impl IntoIterator<Item = Step>) -> Self {
        let collector = Self::default();
        collector.lock().script.extend(script);
        collector
    }

    /// Does this from now on.
    pub(crate) fn always(&self, step: Step) {
        let mut inner = self.lock();
        inner.script.clear();
        inner.otherwise = Some(step);
    }

    /// Does this when the script is over.
    pub(crate) fn otherwise(&self, step: Step) {
        self.lock().otherwise = Some(step);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn transport(&self) -> Box<dyn Transport> {
        Box::new(self.clone())
    }

    /// How often something was sent.
    pub(crate) fn attempts(&self) -> usize {
        self.lock().attempts
    }

    /// When.
    pub(crate) fn times(&self) -> Vec<Instant> {
        self.lock().at.clone()
    }

    /// The requests that were accepted.
    pub(crate) fn requests(&self) -> Vec<Bytes> {
        self.lock().accepted.clone()
    }

    /// The spans that were accepted, whatever their scope.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for request in self.requests() {
            let request = ExportTraceServiceRequest::decode(request).expect("a request");
            for resource in request.resource_spans {
                for scope in resource.scope_spans {
                    spans.extend(scope.spans);
                }
            }
        }
        spans
    }
}

impl Transport for Collector {
    fn export<'a>(
        &'a mut self,
        _: Signal,
        request: Bytes,
        deadline: Instant,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        let step = {
            let mut inner = self.lock();
            inner.attempts += 1;
            inner.at.push(tokio::time::Instant::now().into_std());
            let next = inner.script.pop_front();
            next.or_else(|| inner.otherwise.clone())
                .unwrap_or(Step::Accept)
        };
        let cause = || "as the script says".to_owned();
        Box::pin(async move {
            let rejected = match step {
                Step::Accept => 0,
                Step::Reject(rejected) => rejected,
                Step::Retry(after) => {
                    return Answer::Retry {
                        after,
                        cause: cause(),
                    };
                }
                Step::Refuse => return Answer::Refused { cause: cause() },
                Step::Unknown => {
                    return Answer::Unknown {
                        after: None,
                        cause: cause(),
                    };
                }
                Step::Hang => {
                    tokio::time::sleep_until(deadline.into()).await;
                    return Answer::Unknown {
                        after: None,
                        cause: cause(),
                    };
                }
                Step::HangForEver => pending().await,
                Step::Slow(time) => {
                    tokio::time::sleep(time).await;
                    0
                }
                Step::Panic => panic!("as the script says"),
            };
            self.lock().accepted.push(request);
            Answer::Accepted {
                rejected,
                message: None,
            }
        })
    }
}

/// A lane without a resource, to a collector.
pub(crate) fn lane(signal: Signal, batching: Batching, collector: &Collector) -> LaneSpec {
    LaneSpec {
        signal,
        batching,
        timeout: Duration::from_secs(10),
        resource: Vec::new(),
        schema_url: "",
        transport: collector.transport(),
    }
}

/// An exporter of spans with a thread, to a collector that accepts everything; flush it before looking there.
pub(crate) fn traces() -> (Exporter, Collector) {
    let collector = Collector::default();
    let lane = lane(Signal::Traces, Batching::default(), &collector);
    let exporter = Exporter::start(vec![lane], None).expect("a thread");
    (exporter, collector)
}
