//! One level of keys, as Loki's `| json` makes them and as OsMEN's queries want them.

use super::nested::RESERVED;
use super::place::{Origin, Place};

/// `performance.duration_ms` is the `duration_ms` of `| json | duration_ms > 5000`; other dots become `_`, as Loki's own
/// flattening has it.
pub(super) fn place(name: &str, origin: Origin) -> Place {
    if name == "message" && origin == Origin::Event {
        return Place::message();
    }
    let short = name
        .strip_prefix("performance.")
        .filter(|rest| !rest.is_empty());
    let key = short.unwrap_or(name).replace('.', "_");
    if RESERVED.contains(&&*key) {
        return Place::top(format!("fields_{key}")).moved();
    }
    Place::top(key)
}
