//! What a line costs, beside the layers that people write JSON lines with today.

mod contender;
mod disabled;
mod floor;
mod line;
mod ours;
mod output;
mod peers;
mod work;

use omtx_benches::{Plan, alloc};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn main() {
    let plan = Plan::from_env();
    line::run(&plan);
    output::run(&plan);
    disabled::run(&plan);
}
