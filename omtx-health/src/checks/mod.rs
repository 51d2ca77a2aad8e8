//! Ready-made checks.
//!
//! Each is a [`Check`](crate::Check), made with a few settings and given to a [`Spec`](crate::Spec):
//!
//! | check | passes while | feature |
//! |---|---|---|
//! | [`Tcp`] | something listens on a port | – |
//! | `Http` | a URL answers as expected; with presets for Qdrant, Langflow and n8n | `http-check`, `tls` for `https://` |
//! | `Postgres` | a session can be opened, or the application's pool has one, and answers `SELECT 1` | `postgres` |
//! | `Redis` | a connection can be opened, or the application's own works, and answers `PING` | `redis`, `tls` for `rediss://` |
//! | `Disk` | a filesystem has room | `disk` |
//! | [`Memory`] | memory is left, up to every control group's limit | – |
//! | [`FileAge`] | a file was written lately | – |
//! | [`Heartbeat`] | a loop in this process goes round | – |
//! | [`RuntimeLag`] | tasks get their turn in time | – |
//! | [`QueueAge`] | the oldest entry of a queue is young | – |
//! | a closure | you say so | – |
//!
//! ```
//! use omtx_health::{Spec, checks::{Memory, Tcp}};
//!
//! let specs = [
//!     Spec::new("memory", Memory::new()).critical(false),
//!     Spec::new("search", Tcp::new("search.internal:9300")?),
//! ];
//! assert_eq!(specs[1].name(), "search");
//! # Ok::<_, omtx_health::Error>(())
//! ```
//!
//! # What they have in common
//!
//! - **They end.** Each has a timeout of its own, [`DEFAULT_TIMEOUT`] unless it says otherwise, below that of the
//!   [runner](crate::DEFAULT_TIMEOUT), so that the failure says what was waited for. Keep it below when you change either.
//! - **They leave nothing behind.** A check holds its connection in its own future: when the runner drops the future, the socket
//!   is closed. No task is spawned.
//! - **They do not block.** What may hang in the kernel (a dead NFS server, a name server) is asked on a thread of its own, and
//!   while that hangs, no second one is started.
//! - **They tell where and why, and no secret.** A failure names host, port and cause. User names, passwords, tokens, query
//!   strings and header values are not part of any message.
//! - **They ask as a newcomer.** Each run resolves the name and connects anew, and so finds what a connection from before the
//!   failure hides: a full server, a password that was changed, a name that points elsewhere. Checks *through* the application's
//!   own pool find what that hides in turn: a pool that is exhausted or broken.

mod amount;
mod blocking;
#[cfg(all(feature = "disk", unix))]
mod disk;
mod endpoint;
mod file_age;
mod heartbeat;
#[cfg(feature = "http-check")]
mod http;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod queue_age;
#[cfg(feature = "redis")]
mod redis;
mod runtime_lag;
mod tcp;
#[cfg(feature = "tls")]
mod tls;

use std::time::Duration;

use crate::spec::LONGEST;

#[cfg(all(feature = "disk", unix))]
#[cfg_attr(docsrs, doc(cfg(feature = "disk")))]
pub use disk::{Disk, Free};
pub use file_age::FileAge;
pub use heartbeat::{Heartbeat, HeartbeatAge};
#[cfg(feature = "http-check")]
#[cfg_attr(docsrs, doc(cfg(feature = "http-check")))]
pub use http::Http;
pub use memory::Memory;
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use postgres::{Postgres, PostgresThrough};
pub use queue_age::QueueAge;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use redis::{Redis, RedisThrough};
pub use runtime_lag::RuntimeLag;
pub use tcp::Tcp;
#[cfg(feature = "tls")]
#[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
pub use tls::Tls;

/// How long a ready-made check waits for an answer, unless it says otherwise: 3 s, less than a run's
/// [`DEFAULT_TIMEOUT`](crate::DEFAULT_TIMEOUT).
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);

/// The time, or the longest that clocks can take.
fn within(time: Duration) -> Duration {
    time.min(LONGEST)
}
