//! What a probe's answer costs, beside a library that asks its checks for every probe.

mod peers;
mod probes;

use omtx_benches::{Plan, Subject, Target, alloc};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn main() {
    let plan = Plan::from_env();
    let mut subject = Subject::new(
        "Health: a probe's answer through an axum Router",
        "ns",
        &plan,
    )
    .floor_column("constant handler");
    for (name, path, checks) in [
        ("/ready, 1 check", "/ready", 1),
        ("/ready, 50 checks", "/ready", 50),
        ("/health, 1 check", "/health", 1),
        ("/health, 50 checks", "/health", 50),
    ] {
        if let Some(row) = subject.row(name) {
            row.floor(probes::constant(path, checks))
                .ours(probes::ours(path, checks))
                .peers(peers::probes(checks))
                .target(Target::TimesFloor(1.25))
                .target(Target::TimesBetterThanBest(1.5))
                .measure(&mut subject);
        }
    }
    subject.print();
}
