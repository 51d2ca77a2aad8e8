//! What traces cost: requests with and without a recorded span, spans by hand, and what nobody records.

#[path = "../http/app.rs"]
#[allow(dead_code, reason = "what only the target `http` asks for")]
mod app;
mod collector;
mod latency;
#[path = "../scraped/load.rs"]
mod load;
mod ours;
mod peers;
mod requests;
mod sampling;
mod spans;
mod work;

use omtx_benches::{Plan, alloc};

use sampling::Sampling;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn main() {
    let plan = Plan::from_env();
    requests::run(&plan);
    spans::run(&plan);
    latency::run(&plan);
}
