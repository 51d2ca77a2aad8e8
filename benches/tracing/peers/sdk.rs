//! `opentelemetry_sdk` with its batch processor, as its documentation recommends for production.

use std::sync::LazyLock;
use std::time::Duration;

use omtx_benches::Run;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, SpanData,
    SpanExporter,
};

use crate::Sampling;
use crate::work;

#[derive(Debug)]
struct NoCollector;

impl SpanExporter for NoCollector {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        drop(spans);
        Ok(())
    }
}

/// One provider for all: whether a request is sampled, its `traceparent` says.
pub(super) fn tracer() -> SdkTracer {
    static PROVIDER: LazyLock<SdkTracerProvider> = LazyLock::new(|| {
        let batches = BatchConfigBuilder::default()
            .with_scheduled_delay(Duration::from_secs(5))
            .build();
        let processor = BatchSpanProcessor::builder(NoCollector)
            .with_batch_config(batches)
            .build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .with_span_processor(processor)
            .build();
        opentelemetry::global::set_tracer_provider(provider.clone());
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        provider
    });
    PROVIDER.tracer("bench")
}

pub(super) fn span(sampling: Sampling) -> Run {
    work::spans(tracer(), sampling)
}
