//! From what is known to bodies.
//!
//! A body has a [`budget`](MAX_BODY_BYTES): names and statuses always fit, because names and the number of checks are
//! limited; what more is to be told of each check is told while there is room.

mod check;
mod document;
mod health;
mod health_json;
mod probes;
mod timestamp;

pub(crate) use document::Document;
pub(crate) use health::health;
pub(crate) use health_json::health_json;
pub(crate) use probes::{check, readiness};

use crate::{CheckReport, Shape};

/// The kubelet reads no more of a body (`maxRespBodyLength` in its HTTP prober).
pub(crate) const MAX_BODY_BYTES: usize = 10 << 10;

/// What all bodies of a service share.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) service: String,
    pub(crate) version: Option<String>,
    pub(crate) shape: Shape,
}

/// What one answer is to show.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// `?verbose`: more of each check than its status.
    pub(crate) verbose: bool,
    /// Messages, errors and details: only for those who may see them.
    pub(crate) details: bool,
    /// Checks that the client leaves out.
    pub(crate) excluded: Vec<String>,
    /// What was wrong with the query.
    pub(crate) warnings: Vec<String>,
}

impl View {
    pub(crate) fn shows(&self, check: &CheckReport) -> bool {
        !self.excluded.iter().any(|name| **name == *check.name)
    }
}
