//! A task that may change threads would take the guard along, and leave its scope behind.

use omtx_context::Scope;

async fn handler() {
    let _guard = Scope::root().with("request_id", "req-12345").build().enter();
    std::future::ready(()).await;
}

fn spawn(_: impl Future + Send) {}

fn main() {
    spawn(handler());
}
