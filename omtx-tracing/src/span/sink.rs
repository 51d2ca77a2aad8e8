//! Where ended spans go.

use std::sync::Arc;

use opentelemetry::InstrumentationScope;

use crate::DropReason;
use crate::export::{Pipeline, ScopeId};
use crate::testing::Memory;

/// The exporter, or a test's list.
#[derive(Clone, Debug)]
pub(crate) enum Sink {
    Pipeline(Pipeline),
    Memory(Arc<Memory>),
}

impl Sink {
    pub(crate) fn scope(&self, scope: &InstrumentationScope) -> ScopeId {
        match self {
            Self::Pipeline(pipeline) => pipeline.scope(scope),
            Self::Memory(memory) => memory.scope(scope),
        }
    }

    /// False once the exporter was shut down.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Pipeline(pipeline) => pipeline.is_open(),
            Self::Memory(_) => true,
        }
    }

    pub(crate) fn created(&self) {
        match self {
            Self::Pipeline(pipeline) => pipeline.created(1),
            Self::Memory(memory) => memory.created(),
        }
    }

    /// Counts spans that were begun, and whose end will not be told.
    #[cfg(feature = "sdk")]
    pub(crate) fn lost(&self, spans: u64) {
        match self {
            Self::Pipeline(pipeline) => pipeline.dropped(DropReason::Shutdown, spans),
            Self::Memory(_) => {}
        }
    }

    pub(crate) fn push(&self, scope: ScopeId, encoded: &[u8]) {
        match self {
            Self::Pipeline(pipeline) => pipeline.push(scope, encoded, 1),
            Self::Memory(memory) => memory.push(scope, encoded),
        }
    }
}
