//! Does as the parent did.

use std::fmt;

use opentelemetry::trace::SpanContext;

use super::{Sampler, SamplingRequest};

/// Does as the parent did, with a sampler for each kind of parent; built with [`From`] into a [`Sampler`].
///
/// | parent | asks | by default |
/// |---|---|---|
/// | none | `root` | |
/// | remote, sampled | [`remote_parent_sampled`](Self::remote_parent_sampled) | always on |
/// | remote, not sampled | [`remote_parent_not_sampled`](Self::remote_parent_not_sampled) | always off |
/// | local, sampled | [`local_parent_sampled`](Self::local_parent_sampled) | always on |
/// | local, not sampled | [`local_parent_not_sampled`](Self::local_parent_not_sampled) | always off |
///
/// A service at the edge, whose callers must not decide what it records:
///
/// ```
/// use omtx_tracing::{ParentBased, Sampler};
///
/// # fn main() -> Result<(), omtx_tracing::Error> {
/// let own = Sampler::trace_id_ratio(0.01)?;
/// let sampler: Sampler = ParentBased::new(own.clone())
///     .remote_parent_sampled(own.clone())
///     .remote_parent_not_sampled(own)
///     .into();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ParentBased {
    root: Sampler,
    remote_parent_sampled: Sampler,
    remote_parent_not_sampled: Sampler,
    local_parent_sampled: Sampler,
    local_parent_not_sampled: Sampler,
}

impl ParentBased {
    /// Does as the parent did, and asks `root` where there is none.
    #[must_use]
    pub fn new(root: Sampler) -> Self {
        Self {
            root,
            remote_parent_sampled: Sampler::always_on(),
            remote_parent_not_sampled: Sampler::always_off(),
            local_parent_sampled: Sampler::always_on(),
            local_parent_not_sampled: Sampler::always_off(),
        }
    }

    /// Decides when another process called, and records.
    #[must_use]
    pub fn remote_parent_sampled(mut self, sampler: Sampler) -> Self {
        self.remote_parent_sampled = sampler;
        self
    }

    /// Decides when another process called, and does not record.
    #[must_use]
    pub fn remote_parent_not_sampled(mut self, sampler: Sampler) -> Self {
        self.remote_parent_not_sampled = sampler;
        self
    }

    /// Decides inside a span of this process that is recorded.
    #[must_use]
    pub fn local_parent_sampled(mut self, sampler: Sampler) -> Self {
        self.local_parent_sampled = sampler;
        self
    }

    /// Decides inside a span of this process that is not recorded.
    #[must_use]
    pub fn local_parent_not_sampled(mut self, sampler: Sampler) -> Self {
        self.local_parent_not_sampled = sampler;
        self
    }

    #[inline]
    pub(super) fn samples(&self, request: &SamplingRequest<'_>) -> bool {
        self.sampler(request.parent).samples(request)
    }

    /// The sampler that decides about children of this parent.
    #[inline]
    pub(super) fn sampler(&self, parent: Option<&SpanContext>) -> &Sampler {
        let Some(parent) = parent else {
            return &self.root;
        };
        match (parent.is_remote(), parent.is_sampled()) {
            (true, true) => &self.remote_parent_sampled,
            (true, false) => &self.remote_parent_not_sampled,
            (false, true) => &self.local_parent_sampled,
            (false, false) => &self.local_parent_not_sampled,
        }
    }
}

impl fmt::Display for ParentBased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ParentBased{{root:{},remoteParentSampled:{},remoteParentNotSampled:{},localParentSampled:{},\
             localParentNotSampled:{}}}",
            self.root,
            self.remote_parent_sampled,
            self.remote_parent_not_sampled,
            self.local_parent_sampled,
            self.local_parent_not_sampled,
        )
    }
}
