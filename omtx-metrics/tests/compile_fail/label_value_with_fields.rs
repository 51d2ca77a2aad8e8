use omtx_metrics::LabelValue;

#[derive(Clone, Copy, LabelValue)]
enum Outcome {
    Ok,
    Failed(u16),
}

fn main() {}
