//! What is logged, and inside what.

use omtx_logging::{JobContext, RequestContext, Scope};
use tracing::{Span, debug, info, info_span};

/// Logs one event; its number makes values differ.
pub(crate) type Event = fn(usize);

/// Makes the spans or scopes that lines are logged in.
pub(crate) type Around = fn() -> Surroundings;

/// The line of the documentation: a message and three fields.
pub(crate) fn reference(n: usize) {
    info!(
        target: "services.gpu_worker_service",
        status = "success",
        attempt = n as u64,
        gpu = true,
        "Job completed successfully"
    );
}

/// Dotted names, as `performance.duration_ms` is one.
pub(crate) fn dotted(n: usize) {
    info!(
        outcome = "completed",
        performance.duration_ms = n as f64 / 8.0,
        performance.operation = "job_execution",
        "Job completed successfully"
    );
}

/// Text in which every eighth character or so must be escaped.
pub(crate) fn escapes(n: usize) {
    info!(
        header =
            "Accept: \"text/html\"\r\nX-Path: \"C:\\Users\\omtx\"\r\nX-Note: \"naïve\u{2028}\"\r\n",
        query = "SELECT \"id\",\n\t\"state\"\nFROM \"jobs\"\nWHERE \"owner\" = 'ada'\n\tAND \"note\" LIKE '%\\%%'",
        attempt = n as u64,
        "cannot parse \"{}\":\n\tunexpected \"{}\"",
        "config\\hub.toml",
        "\t"
    );
}

/// At a level that is off.
pub(crate) fn disabled(n: usize) {
    debug!(
        status = "success",
        attempt = n as u64,
        gpu = true,
        "Job completed successfully"
    );
}

/// A span of its own around the line, as a request has it.
pub(crate) fn in_own_span(n: usize) {
    info_span!("request", request_id = "req-12345", attempt = n as u64).in_scope(|| reference(n));
}

/// A scope of its own around the line.
pub(crate) fn in_own_scope(n: usize) {
    RequestContext::builder("req-12345")
        .with("attempt", n)
        .build()
        .in_scope(|| reference(n));
}

/// What lines are logged in: made once, entered for each round.
#[derive(Clone, Default)]
pub(crate) struct Surroundings {
    scope: Option<Scope>,
    spans: Vec<Span>,
}

impl Surroundings {
    pub(crate) fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        let _spans: Vec<_> = self.spans.iter().map(Span::enter).collect();
        match &self.scope {
            Some(scope) => scope.in_scope(work),
            None => work(),
        }
    }
}

pub(crate) fn nothing() -> Surroundings {
    Surroundings::default()
}

/// A request and a job, two fields each.
pub(crate) fn two_spans() -> Surroundings {
    let request = info_span!("request", request_id = "req-12345", user_id = "user-67890");
    let job = info_span!(parent: &request, "job", job_id = "job-abcdef", job_type = "boltz2");
    Surroundings {
        scope: None,
        spans: vec![request, job],
    }
}

pub(crate) fn two_scopes() -> Surroundings {
    let request = RequestContext::builder("req-12345")
        .user("user-67890")
        .build();
    let job = request.in_scope(|| JobContext::new("job-abcdef", "boltz2"));
    Surroundings {
        scope: Some(job.into()),
        spans: Vec::new(),
    }
}

/// Eight levels of four fields; the names are the same at each, and the inner wins.
pub(crate) fn many_spans() -> Surroundings {
    let mut spans: Vec<Span> = Vec::new();
    for level in 0..8 {
        let parent = spans.last().and_then(Span::id);
        spans.push(info_span!(
            parent: parent,
            "level",
            level,
            request_id = "req-12345",
            user_id = "user-67890",
            flag = true
        ));
    }
    Surroundings { scope: None, spans }
}

pub(crate) fn many_scopes() -> Surroundings {
    let mut scope = Scope::root().build();
    for level in 0..8_u64 {
        scope = scope
            .child()
            .with("level", level)
            .with("request_id", "req-12345")
            .with("user_id", "user-67890")
            .with("flag", true)
            .build();
    }
    Surroundings {
        scope: Some(scope),
        spans: Vec::new(),
    }
}
