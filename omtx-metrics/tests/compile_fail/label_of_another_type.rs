use omtx_metrics::Labels;

#[derive(Labels)]
struct StatusLabels {
    status: u16,
}

fn main() {}
