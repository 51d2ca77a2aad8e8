//! Whether the service can work, and whether to send it requests.

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use omtx_gpu::GpuCollector;
use omtx_health::{CheckResult, Drain, DrainOptions, Error, Health, PeerAddr, Spec, Verdict};
use omtx_metrics::Registry;

use super::config::Config;
use super::jobs::{Pending, Queue};

/// Between two looks at the queue.
const INTERVAL: Duration = Duration::from_secs(1);

/// The checks, the probes that answer from what they found, and the drain.
///
/// # Errors
///
/// When a check is described wrongly: a mistake in this file.
pub(super) fn health(
    config: &Config,
    queue: Arc<Queue<Pending>>,
    gpus: &GpuCollector,
    registry: &Registry,
) -> Result<Health, Error> {
    let drain = DrainOptions::default()
        .delay(config.drain_delay)
        .deadline(config.shutdown_deadline);
    let capacity = config.queue;
    let builder = Health::builder("omtx-hub")
        .version(env!("CARGO_PKG_VERSION"))
        .drain(Drain::new(drain))
        .metrics(registry)
        // Only those on this machine see what the checks found. Behind a proxy on the same machine, or a mesh's sidecar, that
        // would be everybody: there, let the proxy set a header, as `tasks/health_checks.rs` does.
        .details_for(is_local)
        .check(
            Spec::new("queue", move || {
                let depth = queue.depth();
                async move { room(depth, capacity) }
            })
            .interval(INTERVAL)
            .critical(false)
            .readiness(false), // a full queue answers 503 to jobs, and everything else is served
        );
    // Where nobody said that there are GPUs, none are missed.
    let builder = match config.nvml_lib {
        Some(_) => builder.check(
            Spec::new("gpu", gpus.check())
                .interval(INTERVAL)
                .critical(false),
        ),
        None => builder,
    };
    builder.build()
}

fn room(depth: usize, capacity: usize) -> CheckResult {
    let verdict = if depth < capacity {
        Verdict::up()
    } else {
        Verdict::degraded("no more jobs are taken until one has started")
    };
    Ok(verdict.detail("depth", depth).detail("capacity", capacity))
}

fn is_local(request: &Parts) -> bool {
    let peer = request.extensions.get::<PeerAddr>();
    peer.is_some_and(|PeerAddr(address)| address.ip().is_loopback())
}
