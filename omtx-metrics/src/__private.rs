//! What the derive macros call: checks that run at compile time, and the traits that users need not name.

pub use crate::desc::{FamilyDesc, FamilyRef, LabelDesc};
pub use crate::family::Declared;
pub use crate::label::LabelVisitor;
pub use crate::sample::Samples;
pub use crate::set::Specs;

use crate::{Kind, name};

/// Combinations of closed labels that a family may have; each costs a pointer from the start.
pub const MAX_CLOSED: usize = 4_096;

/// Stops the compilation if a family breaks a rule. `None` for options that were not given.
#[track_caller]
pub const fn check_family(desc: &FamilyDesc, closed: usize, open: usize, has_buckets: bool) {
    assert!(
        name::is_metric_name(desc.name),
        "a metric name is [a-zA-Z_][a-zA-Z0-9_]*"
    );
    match desc.kind {
        Kind::Counter => assert!(
            name::suffix_fits(desc.name, Kind::Counter),
            "a counter's name ends in `_total`"
        ),
        Kind::Info => assert!(
            name::suffix_fits(desc.name, Kind::Info),
            "an info's name ends in `_info`"
        ),
        kind => assert!(
            name::suffix_fits(desc.name, kind),
            "only counters end in `_total`; `_bucket`, `_count`, `_sum` and `_created` are suffixes of samples"
        ),
    }
    assert!(
        desc.unit.is_empty() || name::has_unit(desc.name, desc.unit, desc.kind),
        "a metric's name ends in its unit (before a counter's `_total`)"
    );
    assert!(
        !has_buckets || matches!(desc.kind, Kind::Histogram),
        "only a histogram has buckets"
    );
    assert!(
        name::are_bounds(desc.buckets),
        "buckets are finite and strictly increasing"
    );
    assert!(
        !has_buckets || !desc.buckets.is_empty(),
        "a histogram has at least one finite bucket"
    );
    if let Some(native) = desc.native {
        assert!(
            matches!(desc.kind, Kind::Histogram),
            "only a histogram has native buckets"
        );
        assert!(
            native.fault().is_none(),
            "native buckets have a finite factor above 1, a limit of 2 to 10000, and a zero threshold that is finite and not negative"
        );
    }
    assert!(
        desc.expire_idle_after.is_none() || open > 0,
        "only series with an open label expire: the others are bounded as it is"
    );
    if let Some(after) = desc.expire_idle_after {
        assert!(
            after.as_secs() >= crate::registry::SHORTEST_IDLE.as_secs(),
            "series expire after a minute or later: a scrape must have had the time to see them"
        );
    }
    assert!(
        !desc.exemplars || matches!(desc.kind, Kind::Histogram),
        "only a histogram takes exemplars by itself; `Counter::inc_with_exemplar` leaves one"
    );
    assert!(
        !desc.zeroed || open == 0,
        "`zeroed` needs a closed label set: the values of a `&str` are not known beforehand"
    );
    assert!(
        closed <= MAX_CLOSED,
        "the closed labels have more than 4096 combinations; make one of them a `&str`"
    );
    let mut label = 0;
    while label < desc.labels.len() {
        check_values(desc.labels[label].values);
        label += 1;
    }
    if let Some(states) = desc.states {
        check_values(states.values);
        check_label(states.name);
        let mut i = 0;
        while i < desc.labels.len() {
            assert!(
                !name::equal(desc.labels[i].name, states.name),
                "the state's label is there already"
            );
            i += 1;
        }
    }
}

/// The derive macro makes no such values; an implementation of `LabelValue` by hand might.
#[track_caller]
const fn check_values(values: Option<&'static [&'static str]>) {
    if let Some(values) = values {
        assert!(
            name::are_values(values),
            "the values of a closed label are not empty, differ from each other, and hold no quote, backslash or line feed"
        );
    }
}

/// Stops the compilation if a label's name is malformed or reserved.
#[track_caller]
pub const fn check_label(label: &str) {
    assert!(
        name::is_label_name(label),
        "a label name is [a-zA-Z_][a-zA-Z0-9_]*, does not start with `__`, and is not `le` or `quantile`"
    );
}
