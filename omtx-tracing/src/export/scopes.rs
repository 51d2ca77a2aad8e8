//! Instrumentation scopes, encoded once.

use std::sync::Arc;

use opentelemetry::InstrumentationScope;
use opentelemetry_proto::tonic::common::v1 as proto;
use prost::Message as _;

use super::request::{field_len, put_field};

/// Which instrumentation scope a record belongs to, in one [`Pipeline`](super::Pipeline); scopes beyond a bound share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ScopeId(pub(crate) u32);

/// Scopes that a signal tells apart: more than the loggers that log records tell apart, each of which is one. Other programs have a
/// few, unless they make up their names as they go.
pub(super) const MAX_SCOPES: usize = 2048;

/// Encoded bytes of all of them: they are kept for as long as the exporter runs.
pub(super) const MAX_BYTES: usize = 512 << 10;

/// A scope in the bytes that stand around its records.
#[derive(Debug)]
pub(super) struct EncodedScope {
    /// Before the records: the field `scope`. Empty for the scope without a name.
    pub(super) head: Vec<u8>,
    /// Behind the records: the field `schema_url`.
    pub(super) tail: Vec<u8>,
}

impl EncodedScope {
    fn new(scope: &InstrumentationScope) -> Self {
        let message = proto::InstrumentationScope::from((scope, None)).encode_to_vec();
        let mut head = Vec::with_capacity(field_len(message.len()));
        put_field(1, &message, &mut head);
        let mut tail = Vec::new();
        if let Some(url) = scope.schema_url().filter(|url| !url.is_empty()) {
            put_field(3, url.as_bytes(), &mut tail);
        }
        Self { head, tail }
    }

    pub(super) fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }
}

/// The scopes of one signal. The first has no name: that of records whose scope there was no room for.
#[derive(Debug)]
pub(super) struct Scopes {
    known: Vec<(InstrumentationScope, Arc<EncodedScope>)>,
    /// Of all encoded scopes.
    bytes: usize,
}

impl Scopes {
    pub(super) fn new() -> Self {
        let nameless = EncodedScope {
            head: Vec::new(),
            tail: Vec::new(),
        };
        Self {
            known: vec![(InstrumentationScope::default(), Arc::new(nameless))],
            bytes: 0,
        }
    }

    /// The id of a scope; one that is longer than `max_len` bytes, or one too many, is recorded as nameless.
    pub(super) fn id(&mut self, scope: &InstrumentationScope, max_len: usize) -> ScopeId {
        if let Some(at) = self.known.iter().position(|(known, _)| known == scope) {
            return ScopeId(at as u32);
        }
        if self.known.len() == MAX_SCOPES {
            return ScopeId(0);
        }
        let encoded = EncodedScope::new(scope);
        if encoded.len() > max_len || self.bytes + encoded.len() > MAX_BYTES {
            return ScopeId(0);
        }
        self.bytes += encoded.len();
        self.known.push((scope.clone(), Arc::new(encoded)));
        ScopeId((self.known.len() - 1) as u32)
    }

    /// The number of a scope, and that of the nameless one for an id of another pipeline.
    pub(super) fn known(&self, id: ScopeId) -> u32 {
        if (id.0 as usize) < self.known.len() {
            id.0
        } else {
            0
        }
    }

    /// A scope's bytes.
    pub(super) fn get(&self, id: u32) -> &Arc<EncodedScope> {
        let known = self.known.get(id as usize).unwrap_or(&self.known[0]);
        &known.1
    }
}
