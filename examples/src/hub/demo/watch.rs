//! Which metric families have moved: the demonstration's claim, checked while it runs.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use omtx_metrics::Catalog;
use omtx_metrics::testing::{Exposition, delta};
use tokio::time::Instant;

use super::POLL;
use crate::hub::client::{Client, ClientError};

/// Families that no traffic moves, and why.
pub const CONSTANT: &[(&str, &str)] = &[
    (
        "omtx_hub_build_info",
        "what runs; another version is another process",
    ),
    (
        "omtx_hub_storage_capacity_bytes",
        "the size of the store, which is fixed",
    ),
    (
        "omtx_context_losses_total",
        "fields cut or refused; a healthy service keeps it at 0",
    ),
    (
        "omtx_collector_errors_total",
        "mistakes in collectors; the hub has one, which makes none",
    ),
    (
        "omtx_system_sample_errors_total",
        "what could not be read of the process and the machine",
    ),
];

/// Families that tell of the process rather than of the traffic, and why they may stand still.
const SAMPLED: &[(&str, &str)] = &[
    ("process_*", "read once a minute"),
    ("system_*", "read once a minute"),
    ("cgroup_*", "read once a minute"),
    (
        "omtx_hub_gpu_*",
        "what GPUs do, where there are any; no job of the hub uses one",
    ),
    ("tokio_*", "the state of the runtime"),
    (
        "omtx_hub_health_*",
        "what checks find, which is the same all the time",
    ),
    (
        "omtx_log_*",
        "lines cut or lost; a healthy service keeps it at 0",
    ),
    (
        "omtx_trace_*",
        "headers refused, spans lost; a healthy service keeps it at 0",
    ),
    (
        "omtx_otlp_*",
        "records lost on the way to a collector; kept at 0, too",
    ),
];

/// Why families may stand still whatever the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Which families: a name, or how names begin, with a `*`.
    pub families: &'static str,
    /// Why.
    pub why: &'static str,
}

/// Why a family may stand still whatever the traffic; `None` if it should have moved.
#[must_use]
pub fn reason(family: &str) -> Option<Reason> {
    let all = CONSTANT.iter().chain(SAMPLED);
    let mut of_family = all.filter(|(families, _)| match families.strip_suffix('*') {
        Some(start) => family.starts_with(start),
        None => family == *families,
    });
    let (families, why) = of_family.next()?;
    Some(Reason { families, why })
}

/// How long to wait for a family to move.
const PATIENCE: Duration = Duration::from_secs(5);

/// Scrapes a service again and again, and remembers which of its families have been seen to move.
///
/// A family has moved when one of its samples has another value than in the first scrape; a sample that is new was 0. A row
/// that only comes into being has not moved.
#[derive(Debug)]
pub struct Watch {
    client: Client,
    first: Exposition,
    exposed: BTreeSet<String>,
    moved: BTreeSet<String>,
}

impl Watch {
    /// Begins to watch the service at `address`.
    ///
    /// # Errors
    ///
    /// When it does not answer with an exposition.
    pub async fn start(address: SocketAddr) -> Result<Self, ClientError> {
        let client = Client::new(address).with_agent("hub-watch/0.1");
        Ok(Self {
            first: scrape(&client).await?,
            client,
            exposed: BTreeSet::new(),
            moved: BTreeSet::new(),
        })
    }

    /// Looks once.
    ///
    /// # Errors
    ///
    /// When the service does not answer with an exposition.
    pub async fn look(&mut self) -> Result<(), ClientError> {
        let now = scrape(&self.client).await?;
        let delta = delta(&self.first, &now);
        let moves = delta.moves().filter(|moved| moved.by() != 0.0);
        let samples: BTreeSet<&str> = moves.map(|moved| &*moved.name).collect();
        for family in now.families() {
            self.exposed.insert(family.name.clone());
            if family
                .samples
                .iter()
                .any(|sample| samples.contains(&*sample.name))
            {
                self.moved.insert(family.name.clone());
            }
        }
        Ok(())
    }

    /// Looks until each of these families has moved, but not for ever.
    ///
    /// # Errors
    ///
    /// When the service does not answer with an exposition.
    pub async fn until_moved(&mut self, families: &[&str]) -> Result<(), ClientError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.look().await?;
            if families.iter().all(|family| self.moved.contains(*family))
                || Instant::now() >= deadline
            {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The families that have moved.
    pub fn moved(&self) -> impl Iterator<Item = &str> {
        self.moved.iter().map(|family| &**family)
    }

    /// The families that have not, of those that were exposed and of those that `catalog` promises.
    #[must_use]
    pub fn unmoved<'a>(&'a self, catalog: &'a Catalog) -> BTreeSet<&'a str> {
        let exposed = self.exposed.iter().map(|family| &**family);
        let promised = catalog.families.iter().map(|family| &*family.name);
        exposed
            .chain(promised)
            .filter(|family| !self.moved.contains(*family))
            .collect()
    }
}

async fn scrape(client: &Client) -> Result<Exposition, ClientError> {
    let answer = client.get("/metrics").await?;
    let text = String::from_utf8_lossy(&answer.body);
    Exposition::parse(&text).map_err(|error| ClientError::from(io::Error::other(error.to_string())))
}
