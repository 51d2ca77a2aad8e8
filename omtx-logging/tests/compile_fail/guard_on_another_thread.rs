//! A guard leaves the scope on the thread that entered it, or not at all.

use omtx_logging::RequestContext;

fn main() {
    let guard = RequestContext::new("req-12345").enter();
    std::thread::spawn(move || drop(guard));
}
