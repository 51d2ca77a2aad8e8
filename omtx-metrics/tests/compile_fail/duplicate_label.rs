use omtx_metrics::Labels;

#[derive(Labels)]
struct Twice<'a> {
    path: &'a str,
    #[label(name = "path")]
    route: &'a str,
}

fn main() {}
