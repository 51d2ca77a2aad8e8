//! Whether a request is recorded: its caller says.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

/// What the caller decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Sampling {
    Off,
    On,
}

impl Sampling {
    pub(crate) fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Off => &[(
                "traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
            )],
            Self::On => &[(
                "traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            )],
        }
    }

    /// The context of such a request, as a server would have made it current.
    pub(crate) fn context(self) -> Context {
        let flags = TraceFlags::default().with_sampled(self == Self::On);
        Context::new().with_remote_span_context(SpanContext::new(
            TraceId::from(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c),
            SpanId::from(0xb7ad_6b71_6920_3331),
            flags,
            true,
            TraceState::NONE,
        ))
    }

    /// Makes such a request current for OpenTelemetry, log lines and exemplars.
    pub(crate) fn request(self) -> crate::work::Request {
        let context = self.context();
        Box::new(move |work| omtx_tracing::context::in_scope(&context, work))
    }
}
