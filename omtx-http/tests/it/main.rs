//! The life cycle of a request, over scripted services in process and over real sockets.

mod combining;
mod http1;
mod http2;
mod in_process;
mod misbehaving_observers;
mod panics;
mod scripted;
mod support;
mod uploads;

#[cfg(feature = "axum")]
mod axum_bodies;
#[cfg(feature = "axum")]
mod endpoints;
#[cfg(feature = "axum")]
mod storm;
#[cfg(feature = "axum")]
mod upgrade;
