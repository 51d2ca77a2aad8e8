//! Keeps ended spans in memory.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry::InstrumentationScope;
use opentelemetry_proto::tonic::trace::v1 as proto;
use prost::Message;

use super::RecordedSpan;
use crate::export::ScopeId;
use crate::span::Sink;
use crate::{Sampler, SpanLimits, TracerProvider};

/// Keeps every span that ends, without a thread or a collector: for tests.
///
/// ```
/// use omtx_tracing::testing::SpanRecorder;
/// use opentelemetry::KeyValue;
/// use opentelemetry::trace::{Span, Tracer, TracerProvider};
///
/// let recorder = SpanRecorder::new();
/// let mut span = recorder.provider().tracer("billing").start("charge");
/// span.set_attribute(KeyValue::new("cents", 1999));
/// assert!(recorder.spans().is_empty(), "it has not ended");
/// span.end();
///
/// let spans = recorder.spans();
/// assert_eq!(spans[0].name(), "charge");
/// assert_eq!(spans[0].attribute("cents"), Some(&1999.into()));
/// ```
#[derive(Clone, Debug)]
pub struct SpanRecorder {
    memory: Arc<Memory>,
    provider: TracerProvider,
}

impl SpanRecorder {
    /// Records everything.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Sampler::always_on(), SpanLimits::default())
    }

    /// Records what the sampler takes, within the limits.
    #[must_use]
    pub fn with(sampler: Sampler, limits: SpanLimits) -> Self {
        let memory = Arc::new(Memory::default());
        Self {
            provider: TracerProvider::new(Sink::Memory(Arc::clone(&memory)), sampler, limits),
            memory,
        }
    }

    /// Makes the tracers whose spans are kept here.
    #[must_use]
    pub fn provider(&self) -> TracerProvider {
        self.provider.clone()
    }

    /// How many recorded spans were begun, ended or not.
    #[must_use]
    pub fn created(&self) -> u64 {
        self.memory.created.load(Relaxed)
    }

    /// The spans that have ended, in the order in which they did.
    #[must_use]
    pub fn spans(&self) -> Vec<RecordedSpan> {
        self.memory.lock(|ended, scopes| {
            let read = |(scope, span): &(usize, proto::Span)| {
                RecordedSpan::new(scopes[*scope].clone(), span.clone())
            };
            ended.iter().map(read).collect()
        })
    }

    /// The one span of this name that has ended.
    ///
    /// # Panics
    ///
    /// If there is none, or more than one.
    #[track_caller]
    #[must_use]
    pub fn span(&self, name: &str) -> RecordedSpan {
        let mut spans = self.spans();
        let names: Vec<_> = spans.iter().map(|span| span.name().to_owned()).collect();
        spans.retain(|span| span.name() == name);
        match spans.pop() {
            Some(span) if spans.is_empty() => span,
            _ => panic!("expected one span `{name}`, found {names:?}"),
        }
    }

    /// Forgets the spans that have ended.
    pub fn clear(&self) {
        self.memory.guard().ended.clear();
    }
}

impl Default for SpanRecorder {
    fn default() -> Self {
        Self::new()
    }
}

/// What a recorder keeps: ended spans, each with the index of its scope.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    created: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    scopes: Vec<InstrumentationScope>,
    ended: Vec<(usize, proto::Span)>,
}

impl Memory {
    fn guard(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock<T>(
        &self,
        read: impl FnOnce(&[(usize, proto::Span)], &[InstrumentationScope]) -> T,
    ) -> T {
        let state = self.guard();
        read(&state.ended, &state.scopes)
    }

    pub(crate) fn scope(&self, scope: &InstrumentationScope) -> ScopeId {
        let scopes = &mut self.guard().scopes;
        let known = scopes.iter().position(|known| known == scope);
        ScopeId(known.unwrap_or_else(|| {
            scopes.push(scope.clone());
            scopes.len() - 1
        }) as u32)
    }

    pub(crate) fn created(&self) {
        self.created.fetch_add(1, Relaxed);
    }

    pub(crate) fn push(&self, scope: ScopeId, encoded: &[u8]) {
        // Not reachable otherwise, and a test should know.
        let span = proto::Span::decode(encoded).expect("a span is a valid protobuf message");
        self.guard().ended.push((scope.0 as usize, span));
    }
}
