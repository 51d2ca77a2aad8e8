use omtx_metrics::{Counter, Family, LabelValue, Labels, MetricSet};

#[derive(Clone, Copy, LabelValue)]
enum Digit {
    D0, D1, D2, D3, D4, D5, D6, D7, D8, D9,
}

#[derive(Labels)]
struct Digits {
    a: Digit,
    b: Digit,
    c: Digit,
    d: Digit,
}

/// A set.
#[derive(MetricSet)]
struct Set {
    /// Requests.
    requests_total: Family<Digits, Counter>,
}

fn main() {}
