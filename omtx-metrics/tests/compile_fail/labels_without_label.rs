use omtx_metrics::Labels;

#[derive(Labels)]
struct Empty {}

fn main() {}
