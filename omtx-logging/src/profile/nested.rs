//! Dotted names as objects: `omtx`, `gcp`, `python`, and, with its dots kept, `pretty`.

use super::place::{Origin, Place};

/// Keys that a line of every such profile has, or may have.
pub(super) const RESERVED: &[&str] = &[
    "timestamp",
    "level",
    "logger",
    "message",
    "service",
    "trace_id",
    "span_id",
    "suppressed",
    "truncated",
];

/// A name with more dots than this nests no deeper than it has to: it is one key.
const MAX_SEGMENTS: usize = 8;

/// What Google's agents look for contains dots, and is one key.
const GOOGLE: &str = "logging.googleapis.com/";

/// Where a name goes whose first segment may be one of `reserved`.
pub(super) fn place(name: &str, origin: Origin, reserved: &[&[&str]]) -> Place {
    if name == "message" && origin == Origin::Event {
        return Place::message();
    }
    let segments = segments(name);
    let root = segments[0];
    if reserved.iter().any(|keys| keys.contains(&root)) {
        return Place::nested(std::iter::once("fields").chain(segments)).moved();
    }
    Place::nested(segments.into_iter())
}

/// A name that would have an empty segment does not nest.
fn segments(name: &str) -> Vec<&str> {
    let segments: Vec<&str> = name.split('.').collect();
    let whole = name.starts_with(GOOGLE)
        || segments.len() > MAX_SEGMENTS
        || segments.iter().any(|segment| segment.is_empty());
    if whole { vec![name] } else { segments }
}
