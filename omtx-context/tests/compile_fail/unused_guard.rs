//! A guard that is dropped at once enters nothing, and a job whose future is dropped never runs.

#![deny(unused_must_use)]

use omtx_context::{JobSpec, Jobs, Scope};

fn main() {
    Scope::root().with("request_id", "req-12345").build().enter();
    let jobs = Jobs::new(());
    jobs.submit(JobSpec::new("kmer")).run(async { Ok::<_, ()>(()) });
}
