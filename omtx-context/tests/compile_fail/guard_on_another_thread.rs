//! A guard leaves the scope on the thread that entered it, or not at all.

use omtx_context::Scope;

fn spawn(_: impl FnOnce() + Send) {}

fn main() {
    let guard = Scope::root().with("request_id", "req-12345").build().enter();
    spawn(move || drop(guard));
}
