use omtx_metrics::Labels;

#[derive(Labels)]
struct Bounds<'a> {
    le: &'a str,
}

#[derive(Labels)]
struct Quantiles<'a> {
    quantile: &'a str,
}

#[derive(Labels)]
struct Internal<'a> {
    #[label(name = "__name__")]
    name: &'a str,
}

fn main() {}
