//! Services whose health URL is known.

use super::Http;
use crate::Error;

impl Http {
    /// Qdrant's readiness: `GET /readyz`, which answers 503 while shards are not ready, and asks for no API key.
    ///
    /// <https://api.qdrant.tech/api-reference/service/readyz>
    ///
    /// # Errors
    ///
    /// If the base is no URL; see [`get`](Self::get).
    ///
    /// ```
    /// use omtx_health::checks::Http;
    ///
    /// assert!(Http::qdrant("http://qdrant:6333").is_ok());
    /// ```
    pub fn qdrant(base: &str) -> Result<Self, Error> {
        Self::get(&join(base, "/readyz"))
    }

    /// Langflow's health: `GET /health`.
    ///
    /// It says that the server answers, and nothing of what is behind it. `/health_check` asks the database and the cache as
    /// well, and writes to the cache each time; for that,
    /// `Http::get("http://langflow:7860/health_check")?.expect_json("/status", "ok")`.
    ///
    /// # Errors
    ///
    /// If the base is no URL; see [`get`](Self::get).
    pub fn langflow(base: &str) -> Result<Self, Error> {
        Self::get(&join(base, "/health"))
    }

    /// n8n's health: `GET /healthz`.
    ///
    /// It says that the instance can be reached, and nothing of its database; `/healthz/readiness` does. Workers in queue mode
    /// serve both only with `QUEUE_HEALTH_CHECK_ACTIVE=true`.
    ///
    /// <https://docs.n8n.io/hosting/logging-monitoring/monitoring/>
    ///
    /// # Errors
    ///
    /// If the base is no URL; see [`get`](Self::get).
    pub fn n8n(base: &str) -> Result<Self, Error> {
        Self::get(&join(base, "/healthz"))
    }
}

/// The base may have a path of its own, behind a proxy, and a slash at its end.
fn join(base: &str, path: &str) -> String {
    format!("{}{path}", base.trim_end_matches('/'))
}
