//! Ready-made metric sets for what services have in common. Each is one struct in one file; register those you need.
//!
//! ```
//! use omtx_metrics::Registry;
//! use omtx_metrics::sets::{AuthMetrics, AuthLabels, AuthOutcome};
//!
//! let registry = Registry::builder().namespace("omtx_hub").build()?;
//! let auth = registry.register::<AuthMetrics>()?;
//! auth.auth_attempts_total.with(AuthLabels { method: "password", outcome: AuthOutcome::Failure }).inc();
//! assert!(registry.to_text().contains(
//!     r#"omtx_hub_auth_attempts_total{method="password",outcome="failure"} 1"#
//! ));
//! # Ok::<(), omtx_metrics::Error>(())
//! ```
//!
//! HTTP has its own module, [`http`](crate::http), and so have jobs and queues, [`jobs`](crate::jobs): they come with an
//! observer that records them.

mod auth;
mod build;
mod context;
mod storage;
#[cfg(feature = "tokio")]
mod tokio;
mod users;
mod webhook;

pub use auth::{AuthLabels, AuthMetrics, AuthOutcome};
pub use build::{BuildLabels, BuildMetrics};
pub use context::{ContextLabels, ContextLoss, ContextMetrics};
pub use storage::{StorageLabels, StorageMetrics};
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use tokio::{TokioMetrics, WorkerLabels};
pub use users::{FeatureLabels, UserMetrics};
pub use webhook::{EventLabels, WebhookLabels, WebhookMetrics, WebhookOutcome};
