use omtx_metrics::{Counter, Family, LabelValue, Labels, MetricSet, StateSet};

#[derive(Clone, Copy, LabelValue)]
enum State {
    Up,
    Down,
}

#[derive(Labels)]
struct DeviceLabels<'a> {
    state: &'a str,
}

/// A set.
#[derive(MetricSet)]
struct Set {
    /// The devices.
    #[metric(state = "state")]
    devices: Family<DeviceLabels<'static>, StateSet<State>>,
    /// No state set.
    #[metric(state = "state")]
    requests_total: Counter,
}

fn main() {}
