//! Can this service take traffic, and what stands in its way?
//!
//! Checks run beside the traffic, each on a task of its own. Probes are answered from what is known already: an answer takes
//! less than a microsecond, whatever the checks do, and a check that nobody has heard of for too long is not green. When the
//! process is told to end, load balancers hear of it first, and no request fails.
//!
//! # Quickstart
//!
#![cfg_attr(all(feature = "axum", feature = "serve"), doc = "```no_run")]
#![cfg_attr(not(all(feature = "axum", feature = "serve")), doc = "```text")]
//! use axum::{Router, routing::get};
//! use omtx_health::{Drain, DrainOptions, Health, Server, Spec, Verdict};
//! use std::time::Duration;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let drain = Drain::new(DrainOptions::default().from_env()?); // OMTX_DRAIN_DELAY, OMTX_SHUTDOWN_DEADLINE
//!     drain.start_on_signals()?;
//!
//!     let health = Health::builder("omtx-hub-api")
//!         .version(env!("CARGO_PKG_VERSION"))
//!         .drain(drain.clone())
//!         .check(Spec::new("database", || async {
//!             tokio::net::TcpStream::connect("127.0.0.1:5432").await?; // any error is a failure
//!             Ok(Verdict::up())
//!         }))
//!         .check(Spec::new("cache", || async { Ok(Verdict::up()) })
//!             .critical(false) // without it the service is degraded, not unhealthy
//!             .interval(Duration::from_secs(30)))
//!         .build()?;
//!
//!     let app = Router::new()
//!         .route("/", get(async || "hello"))
//!         .merge(health.router());
//!     let listener = tokio::net::TcpListener::bind("0.0.0.0:8000").await?;
//!     let report = Server::new(&drain).serve(listener, app).await; // until SIGTERM, and to its end
//!     assert_eq!(report.cut_off(), 0);
//!     Ok(())
//! }
//! ```
//!
//! answers:
//!
//! ```text
//! GET /health          200 {"status":"degraded","timestamp":"2026-01-31T12:00:00.000Z","version":"0.1.0",
//!                           "checks":{"database":{"status":"healthy"},"cache":{"status":"unhealthy"}}}
//! GET /health/cache    503 {"name":"cache","status":"unhealthy","critical":false,"readiness":false,
//!                           "since":"2026-01-31T11:58:21.120Z","checked_at":"2026-01-31T11:59:51.031Z",
//!                           "duration_ms":2,"timestamp":"2026-01-31T12:00:00.000Z"}
//! GET /ready           200 {"status":"ready"}
//! GET /live            200 {"status":"alive"}
//! GET /startup         200 {"status":"started"}
//! ```
//!
//! # The probes
//!
//! | path | question | 503 if | for |
//! |---|---|---|---|
//! | `/health` | how is everything? | a critical check is down | people, dashboards, alerts |
//! | `/health/{check}` | how is this check? | it is not up; 404 if there is none | the same |
//! | `/ready` | may requests be sent here? | starting, draining, or a check marked as readiness is not up | load balancers, `readinessProbe` |
//! | `/live` | does the process work at all? | a heartbeat is lost (see [`Watchdog`]) | `livenessProbe` |
//! | `/startup` | has it started? | a check has had no result yet | `startupProbe` |
//!
//! `GET` and `HEAD`; `cache-control: no-store`; at most 10 KiB, which is all that the kubelet reads.
//!
//! - `?verbose` tells when each check ran, how long it took, and since when it is as it is; and to those
//!   [whom you let see it](HealthBuilder::details_for), messages, errors and details. On `/ready` it names the checks.
//! - `?exclude=cache`, which may be repeated, answers as if there were no such check. A name that is none is told in
//!   `"warnings"`.
//! - `/health` has one of [three shapes](Shape), and for clients that accept it is `application/health+json`
//!   (draft-inadarei-api-health-check-06).
//!
//! # How a check is, and the service
//!
//! A check is `unknown` until it has run, then `healthy`, `degraded` (it works, with a reservation) or `unhealthy`. A result
//! that is older than the check's [staleness limit](Spec::staleness) is `unhealthy`, whatever it said: that is looked at by
//! whoever asks, not by the runner, so a runner that died cannot stay green.
//!
//! [Ready-made checks](checks) ask PostgreSQL, Redis, HTTP services, ports, disks, memory, files, loops and queues; everything
//! else is [a closure](Check).
//!
//! The service is `unhealthy` if a [critical](Spec::critical) check is, `degraded` if any check is not healthy, else
//! `healthy`.
//!
//! **What belongs into readiness.** A check counts for `/ready` only if it is [marked](Spec::readiness), and the default is
//! no. A database that all instances share fails for all of them at once; if that took them all out of the load balancer,
//! every request would fail, the ones that need no database too, and clients would see the balancer's error page instead of
//! yours. Mark what one instance can lose alone. And no dependency ever belongs into `/live`: killing this process does not
//! bring the database back.
//!
//! # Kubernetes
//!
//! ```yaml
//! spec:
//!   terminationGracePeriodSeconds: 30     # > OMTX_DRAIN_DELAY + OMTX_SHUTDOWN_DEADLINE + 2
//!   containers:
//!     - name: hub
//!       env:
//!         - { name: OMTX_DRAIN_DELAY, value: "5" }
//!         - { name: OMTX_SHUTDOWN_DEADLINE, value: "20" }
//!       startupProbe:                     # until it succeeds, the others wait
//!         httpGet: { path: /startup, port: 8000 }
//!         periodSeconds: 1
//!         failureThreshold: 60            # a start may take a minute
//!       readinessProbe:
//!         httpGet: { path: /ready, port: 8000 }
//!         periodSeconds: 5
//!         timeoutSeconds: 1
//!         failureThreshold: 1             # the thresholds are in the checks
//!       livenessProbe:
//!         httpGet: { path: /live, port: 8000 }
//!         periodSeconds: 10
//!         failureThreshold: 3
//! ```
//!
//! A pod that is deleted gets SIGTERM and is taken out of its service's endpoints *at the same time*; nodes and ingress
//! controllers hear of it some seconds later, and send requests until then. That is what the delay is for, and why a `preStop`
//! hook with `sleep` is not needed. The clock of `terminationGracePeriodSeconds` starts with the deletion: delay, deadline
//! and [the flush's grace](FLUSH_GRACE) have to fit in, or SIGKILL comes first.
//!
//! # The end of a service
//!
//! ```text
//! SIGTERM ── not ready, serving on ── delay over: no more connections ── in flight finished ── flush ── exit
//!            └── OMTX_DRAIN_DELAY ──┘ └─────────────────── OMTX_SHUTDOWN_DEADLINE ──────────────────┘
//! ```
//!
//! [`Drain`] is that, for axum, hyper and everything else; `Server` (feature `serve`) does all of it. In front of two
//! instances, HAProxy with
//!
//! ```text
//! option httpchk GET /ready
//! http-check expect status 200
//! default-server check inter 2s fall 2
//! ```
//!
//! needs four seconds to notice, and the default delay is five: the delay has to be longer than `inter` × `fall`.
//!
//! # What happens when something goes wrong
//!
//! | what | outcome |
//! |---|---|
//! | a check takes longer than its timeout | its future is dropped; the check failed, `no answer within 5s` |
//! | it cannot be dropped, because it blocks its thread | `still running after 12 s, …`; it is not started again before it has returned. Give checks that may do so [a runtime of their own](HealthBuilder::runtime) |
//! | it panics | it failed, `panicked: …`; the next run is due as ever |
//! | many ask for a run at once | one run |
//! | it flaps | [thresholds](Spec::thresholds) hold its status; each change is counted, logged, and kept in [`Health::history`] |
//! | the runner dies, or its runtime | results go stale: unhealthy, not ready; after 60 s without a heartbeat, not alive |
//! | an error text with secrets, or with half a megabyte | withheld from strangers; cut at 512 bytes |
//! | a hostile query | bounded: 4 KiB are read, 8 warnings given, names echoed as `[a-zA-Z0-9_.-?]` |
//! | requests outlive the deadline | cut off, counted in [`DrainReport::cut_off`], logged |
//! | a flush hook hangs or panics | cut off at the deadline, noted; the others run |
//! | a malformed `OMTX_DRAIN_DELAY` | an [`Error`] at start that names variable, value and expectation |
//!
//! Log events have the target `omtx_health`. In tests, [`testing`] has checks that do as they are told.
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | adds |
//! |---|---|
//! | `axum` | `Health::router` and `Health::route` |
//! | `tower` | `Health::service`, and `Drain::layer`, which counts requests in flight |
//! | `serve` | `Server`: serves HTTP/1, and drains; `http2` adds HTTP/2 |
//! | `grpc` | `Health::grpc`: `grpc.health.v1.Health` with `Check` and `Watch` |
//! | `disk`, `http-check`, `postgres`, `redis`, `tls` | ready-made [`checks`] that need a library |
//! | `metrics` | `HealthBuilder::metrics`: `health_check_up`, `health_status`, … in an `omtx-metrics` registry |
//!
//! # Troubleshooting
//!
//! - *`/ready` says `starting` and nothing else.* A check that is critical or marked as readiness has had no result yet; or
//!   the builder was told [`startup_by_hand`](HealthBuilder::startup_by_hand) and nobody called [`Health::set_started`].
//! - *`no tokio runtime`.* [`HealthBuilder::build`] starts the checks: call it within the runtime.
//! - *Errors do not show.* Nobody sees them by default: [`HealthBuilder::details_for`]. On `/health` ask with `?verbose`.
//! - *Requests fail during deployments all the same.* The delay is shorter than the load balancer needs to notice; or
//!   something else in the pod stops first (a sidecar); or clients keep connections open past it, and nothing closes them:
//!   use `Server`, or add `Drain::layer` to the router.
//! - *The process takes until the deadline to end.* A request or a stream does not end. WebSockets and event streams watch
//!   [`Drain::draining`] and close.
//! - *`still running after … although it was told to stop`.* The check blocks: a blocking client, a file on NFS. Use
//!   `tokio::task::spawn_blocking`, or an async client.
//! - *A closure is no [`Check`]: `expected a closure that returns a future`, or lifetimes.* An `async move` closure that uses
//!   what it captured cannot be called again and again. Write `move || { let pool = pool.clone(); async move { … } }`.
//! - *A check is stale although it runs.* Its staleness limit is not longer than its runs take, or its runtime is starved.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
#[cfg(feature = "axum")]
mod axum;
mod builder;
mod check;
pub mod checks;
mod drain;
mod error;
mod failure;
#[cfg(feature = "grpc")]
mod grpc;
mod health;
mod lock;
mod meter;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "tower")]
mod probes;
mod render;
mod report;
mod runner;
#[cfg(feature = "serve")]
mod serve;
mod shape;
mod spec;
mod state;
mod status;
pub mod testing;
mod transition;
mod verdict;
mod watchdog;

pub use answer::{Answer, Endpoint};
pub use builder::HealthBuilder;
pub use check::{Check, CheckResult};
pub use drain::{
    DEFAULT_DRAIN_DELAY, DEFAULT_SHUTDOWN_DEADLINE, Drain, DrainOptions, DrainReport, FLUSH_GRACE,
    Flush, FlushOutcome,
};
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use drain::{DrainBody, DrainFuture, DrainLayer, DrainService};
pub use error::Error;
pub use failure::Failure;
#[cfg(feature = "grpc")]
#[cfg_attr(docsrs, doc(cfg(feature = "grpc")))]
pub use grpc::GrpcHealth;
pub use health::{Health, MAX_CHECKS};
#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub use metrics::{CheckLabels, HealthMetrics, State, TransitionLabels, UpLabels};
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use probes::Probes;
pub use report::{CheckReport, Report};
#[cfg(feature = "serve")]
#[cfg_attr(docsrs, doc(cfg(feature = "serve")))]
pub use serve::{DEFAULT_HEAD_TIMEOUT, DEFAULT_MAX_HEAD_BYTES, PeerAddr, Server};
pub use shape::Shape;
pub use spec::{DEFAULT_INTERVAL, DEFAULT_TIMEOUT, Spec};
pub use status::Status;
pub use transition::{DEFAULT_HISTORY, Transition};
pub use verdict::Verdict;
pub use watchdog::{DEFAULT_HEARTBEAT_LIMIT, Watchdog};

#[cfg(all(doctest, feature = "axum", feature = "serve"))]
#[doc = include_str!("../README.md")]
mod readme {}
