//! A library that counts with the `prometheus` crate, beside code that counts with ours: one `/metrics` for both.
//!
//! `cargo run --example prometheus_crate`

#![allow(clippy::print_stdout)] // the exposition is what it shows

use std::error::Error;

use omtx_metrics::{Counter, MetricSet, Registry};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, IntGauge};

/// Somebody else's: a collector that knows its value only when it is asked.
struct Pool {
    connections: IntGauge,
}

impl Collector for Pool {
    fn desc(&self) -> Vec<&Desc> {
        self.connections.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.connections.set(3); // what the pool says now
        self.connections.collect()
    }
}

/// Ours.
#[derive(MetricSet)]
struct OrderMetrics {
    /// Orders accepted.
    orders_accepted_total: Counter,
}

fn main() -> Result<(), Box<dyn Error>> {
    // Theirs may just as well be `prometheus::default_registry().clone()`.
    let theirs = prometheus::Registry::new();
    let connections = IntGauge::new("pool_connections", "Open connections.")?;
    theirs.register(Box::new(Pool { connections }))?;
    let retries = IntCounter::new("pool_retries_total", "Attempts to connect again.")?;
    theirs.register(Box::new(retries.clone()))?;
    retries.inc_by(2);

    let registry = Registry::builder().namespace("shop").build()?;
    registry.register_prometheus("pool", theirs)?;
    registry
        .register::<OrderMetrics>()?
        .orders_accepted_total
        .inc();

    let exposition = registry.to_text();
    print!("{exposition}");
    assert_eq!(
        exposition,
        "\
# HELP pool_connections Open connections.
# TYPE pool_connections gauge
pool_connections 3
# HELP pool_retries_total Attempts to connect again.
# TYPE pool_retries_total counter
pool_retries_total 2
# HELP shop_orders_accepted_total Orders accepted.
# TYPE shop_orders_accepted_total counter
shop_orders_accepted_total 1
"
    );
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
