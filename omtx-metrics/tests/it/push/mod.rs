//! Pushing: against servers that follow a script, and against a real Pushgateway.

mod attempts;
mod guards;
mod pushgateway;
mod secrets;
mod server;
mod settings;

use std::sync::Arc;

use omtx_metrics::testing::Exposition;
use omtx_metrics::{Exporter, Family, Gauge, Registry};

/// A registry with one gauge.
fn registry() -> (Registry, Arc<Family<(), Gauge>>) {
    let registry = Registry::new();
    let rows = registry
        .family::<(), Gauge>("import_rows", "Rows of the last import.")
        .register()
        .unwrap();
    rows.with(()).set(7.0);
    (registry, rows)
}

/// `omtx_pushes_total` of this outcome, as a scrape shows it.
fn pushes(registry: &Registry, outcome: &str) -> f64 {
    let scrape = Exporter::new(registry).scrape().into_body();
    let read = Exposition::parse(std::str::from_utf8(&scrape).unwrap()).unwrap();
    read.read("omtx_pushes_total", &[("outcome", outcome)])
        .unwrap()
}
