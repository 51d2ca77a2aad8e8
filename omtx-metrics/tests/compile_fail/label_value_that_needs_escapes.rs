use omtx_metrics::LabelValue;

#[derive(Clone, Copy, LabelValue)]
enum Outcome {
    #[label(rename = "a\"b")]
    Quoted,
}

fn main() {}
