//! A worker without a web server, and without an async runtime: a listener of its own answers scrapes while it computes.
//!
//! `cargo run --example worker_listener` trains, is scraped once, and ends. With an address it trains until it is stopped:
//! `cargo run --example worker_listener -- 127.0.0.1:8001`, then `curl http://127.0.0.1:8001/metrics`.

#![allow(clippy::print_stdout)] // the exposition is what it shows

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use omtx_metrics::{Counter, Gauge, Histogram, IntGauge, MetricSet, Registry, buckets};

/// The training.
#[derive(MetricSet)]
struct TrainingMetrics {
    /// Runs in progress.
    training_active: IntGauge,
    /// Passes over the data.
    training_steps_total: Counter,
    /// Mean squared error after the last step.
    training_loss: Gauge,
    /// Time of a step.
    #[metric(unit = "seconds", buckets = &buckets::exponential::<8>(1e-6, 4.0))]
    training_step_seconds: Histogram,
}

/// A line through points, found by gradient descent.
struct Line {
    slope: f64,
    offset: f64,
}

impl Line {
    /// One step downhill, and the loss before it.
    fn step(&mut self, points: &[(f64, f64)], rate: f64) -> f64 {
        #[allow(clippy::cast_precision_loss)]
        let n = points.len() as f64;
        let (mut loss, mut slope, mut offset) = (0.0, 0.0, 0.0);
        for (x, y) in points {
            let error = self.slope * x + self.offset - y;
            loss += error * error / n;
            slope += 2.0 * error * x / n;
            offset += 2.0 * error / n;
        }
        self.slope -= rate * slope;
        self.offset -= rate * offset;
        loss
    }
}

/// Trains until `enough` steps, or for ever.
fn train(metrics: &TrainingMetrics, enough: Option<u64>) -> Line {
    let _active = IntGauge::in_flight(&metrics.training_active);
    let points: Vec<(f64, f64)> = (0..1_000)
        .map(|i| f64::from(i) / 1_000.0)
        .map(|x| (x, 3.0 * x - 1.0))
        .collect();
    let mut line = Line {
        slope: 0.0,
        offset: 0.0,
    };
    while enough.is_none_or(|enough| metrics.training_steps_total.get() < enough) {
        let loss = metrics
            .training_step_seconds
            .time(|| line.step(&points, 0.1));
        metrics.training_loss.set(loss);
        metrics.training_steps_total.inc();
    }
    line
}

fn get(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: worker\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn run(address: Option<String>) -> Result<(), Box<dyn Error>> {
    let registry = Registry::new();
    let metrics = registry.register::<TrainingMetrics>()?;
    let listener = registry.listen(address.as_deref().unwrap_or("127.0.0.1:0"))?;
    println!("metrics are at {}", listener.url());
    if address.is_some() {
        train(&metrics, None);
    }

    let line = train(&metrics, Some(2_000));
    println!("y = {:.2} x + {:.2}", line.slope, line.offset);
    let answer = get(listener.local_addr(), "/metrics")?;
    println!("{answer}");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(answer.contains("\ntraining_active 0\n"));
    assert!(answer.contains("\ntraining_steps_total 2000\n"));
    assert!(answer.contains("\ntraining_step_seconds_count 2000\n"));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    run(std::env::args().nth(1))
}

#[test]
fn it_runs() {
    run(None).unwrap(); // a test's arguments are the test runner's
}
