//! A guard that is dropped at once enters nothing.

#![deny(unused_must_use)]

use omtx_logging::{JobContext, RequestContext};

fn main() {
    RequestContext::new("req-12345").enter();
    JobContext::new("job-1", "kmer").run(async { Ok::<_, ()>(()) });
}
