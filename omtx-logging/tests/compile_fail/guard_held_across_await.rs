//! A task that may change threads would take the guard along, and leave its scope behind.

use omtx_logging::RequestContext;

async fn handler() {
    let _guard = RequestContext::new("req-12345").enter();
    std::future::ready(()).await;
}

fn spawn(_: impl Future + Send) {}

fn main() {
    spawn(handler());
}
