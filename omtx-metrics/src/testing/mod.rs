//! Does this service expose what I think it does? Reads, compares and lints expositions, in tests.
//!
//! Nothing here is needed to record or to scrape. It is what this crate's own tests are written with, and depends on
//! nothing but the exposition's text, so that it judges any service's `/metrics`, ours or not.
//!
//! ```
//! use omtx_metrics::testing::{Exposition, delta, lint};
//! use omtx_metrics::{Counter, MetricSet, Registry};
//!
//! /// Uploads.
//! #[derive(MetricSet)]
//! struct Uploads {
//!     /// Files accepted.
//!     files_accepted_total: Counter,
//!     /// Files refused.
//!     files_refused_total: Counter,
//! }
//!
//! let registry = Registry::new();
//! let uploads = registry.register::<Uploads>()?;
//!
//! let before = Exposition::parse(&registry.to_text()).unwrap();
//! uploads.files_accepted_total.add(2);
//! let after = Exposition::parse(&registry.to_text()).unwrap();
//!
//! assert_eq!(after.read("files_accepted_total", &[]), Some(2.0));
//! assert_eq!(delta(&before, &after).to_string(), "~ files_accepted_total 0 -> 2\n");
//! assert!(lint(&registry.catalog()).is_empty());
//! # Ok::<(), omtx_metrics::Error>(())
//! ```
//!
//! | question | answer |
//! |---|---|
//! | Is it well-formed? | [`Exposition::parse`] and [`Exposition::parse_openmetrics`], whose error names the line, what stood there, and what was expected |
//! | What is the value of this series? | [`Exposition::read`] |
//! | Do two expositions say the same? | [`assert_same`], or [`compare`] for the differences |
//! | What has moved between two scrapes, and which families have not? | [`delta`] |
//! | What does it expose at a certain time? | [`at`] |
//! | Do the names follow Prometheus' rules? | [`lint`] for a catalogue, [`lint_text`] for an exposition |

mod clock;
mod compare;
mod delta;
mod exposition;
mod histogram;
mod line;
mod lint;
mod openmetrics;
mod parse;

pub use clock::at;
pub use compare::{Comparison, assert_same, compare};
pub use delta::{Delta, Move, delta};
pub use exposition::{Exemplar, Exposition, ParsedFamily, Sample};
pub use lint::{Problem, Rule, lint, lint_text};
pub use parse::ParseError;
