use omtx_metrics::LabelValue;

#[derive(Clone, Copy, LabelValue)]
enum Outcome {
    TimedOut,
    #[label(rename = "timed_out")]
    Late,
}

fn main() {}
