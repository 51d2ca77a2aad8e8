//! Recording and scraping, beside the metrics libraries that people use today.

#[cfg(feature = "peers")]
mod bridge;
mod formats;
mod held;
mod labels;
mod library;
mod lookup;
mod memory;
mod native;
mod ours;
mod peers;
mod scrape;
mod workload;

use omtx_benches::{Plan, alloc};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn main() {
    let plan = Plan::from_env();
    held::run(&plan);
    native::run(&plan);
    lookup::run(&plan);
    scrape::run(&plan);
    formats::run(&plan);
    #[cfg(feature = "peers")]
    bridge::run(&plan);
    memory::run(&plan);
}
