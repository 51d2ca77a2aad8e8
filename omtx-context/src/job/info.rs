use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::Instant;

use crate::scope::Scope;
use crate::trace::TraceContext;

/// Which job it is: what observers get to see of it.
#[derive(Debug)]
pub struct JobInfo {
    pub(super) id: Box<str>,
    pub(super) job_type: Cow<'static, str>,
    pub(super) queue: Option<Cow<'static, str>>,
    pub(super) user: Option<Box<str>>,
    pub(super) submitted: Instant,
    pub(super) started: OnceLock<Instant>,
    pub(super) scope: Scope,
    pub(super) trace: Option<TraceContext>,
}

impl JobInfo {
    /// The job's id; unbounded in number, so never a label.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The job's type, a label.
    #[must_use]
    pub fn job_type(&self) -> &str {
        &self.job_type
    }

    /// The queue that it waits or waited in, a label.
    #[must_use]
    pub fn queue(&self) -> Option<&str> {
        self.queue.as_deref()
    }

    /// Whose job it is.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// When it was submitted.
    #[must_use]
    pub fn submitted(&self) -> Instant {
        self.submitted
    }

    /// When it started, once it has.
    #[must_use]
    pub fn started(&self) -> Option<Instant> {
        self.started.get().copied()
    }

    /// The scope that it runs in: `job_id`, `user_id`, `job_type`, inside the scope that it was submitted in.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The trace context that it was submitted in, for a span that links back.
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        self.trace
    }

    /// Runs `f` inside the scope and the trace context of the job.
    pub(super) fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        self.scope.in_scope(|| match self.trace {
            Some(trace) => trace.in_scope(f),
            None => f(),
        })
    }
}
