//! Spans of `opentelemetry_sdk`, through the same queue and exporter.

mod processor;
#[cfg(test)]
mod tests;

pub use processor::SpanProcessor;
