//! Guards, closures and combinators: which one carries a request's ids through which code.
//!
//! `cargo run --example log_guards`

#![allow(clippy::print_stdout)] // the lines are what it shows

use std::error::Error;
use std::time::Duration;

use omtx_logging::testing::Lines;
use omtx_logging::{Logging, RequestContext, Scope, WithScope};
use serde_json::Value;
use tracing::{Instrument, info, info_span};

/// Code that knows nothing of requests.
fn parse(body: &str) -> usize {
    let records = body.matches('>').count();
    info!(records, "parsed");
    records
}

/// Synchronous: a guard is current until its block ends, however the block is left.
fn synchronous(body: &str) -> usize {
    let request = RequestContext::new("req-sync");
    let _guard = request.enter();
    if body.is_empty() {
        return 0;
    }
    let records = parse(body);
    // Threads start outside of everything: a closure that is wrapped takes the scope along.
    std::thread::scope(|threads| {
        threads.spawn(request.wrap(|| info!("on another thread")));
    });
    records
}

/// Asynchronous: no guard, which would be left behind on the thread at the first `.await`, and so does not compile in a
/// task that may be spawned. The future carries the request, and enters it for each poll.
async fn asynchronous(body: &str) {
    let work = async {
        parse(body);
        tokio::time::sleep(Duration::from_millis(1)).await;
        RequestContext::current()
            .expect("the request")
            .set_user("user-67890"); // known only now, and on all later lines
        info!("after an await");

        // A guard between two awaits is fine: its block ends before the next.
        {
            let _guard = Scope::builder().with("step", "index").build().enter();
            info!("in a step");
        }

        // A task starts outside of everything, too.
        let task = omtx_logging::spawn(async { info!("in a task") });
        // Code that knows spans only hands the request on with them.
        let instrumented = tokio::spawn(
            async { info!("in an instrumented task") }.instrument(info_span!("index", shard = 3)),
        );
        let blocking = omtx_logging::spawn_blocking(|| info!("on the blocking pool"));
        (task.await, instrumented.await, blocking.await)
    };
    let (task, instrumented, blocking) = work.in_scope(RequestContext::new("req-async")).await;
    assert!(task.is_ok() && instrumented.is_ok() && blocking.is_ok());
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lines = Lines::default(); // a service has no sink of its own: lines go to standard output
    let logging = Logging::builder("records").sink(lines.clone()).install()?;
    assert_eq!(synchronous(">a\nACGT\n>b\nACGA\n"), 2);
    asynchronous(">c\nACGT\n").await;
    info!("outside");

    for line in lines.take() {
        println!("{line}");
        let line: Value = serde_json::from_str(&line)?;
        let (request, user) = match line["message"].as_str() {
            Some("outside") => (None, None),
            Some("on another thread") => (Some("req-sync"), None),
            Some("parsed") if line["records"] == 2 => (Some("req-sync"), None),
            Some("parsed") => (Some("req-async"), None),
            _ => (Some("req-async"), Some("user-67890")),
        };
        assert_eq!(line["request_id"].as_str(), request, "{line}");
        assert_eq!(line["user_id"].as_str(), user, "{line}");
    }
    assert_eq!(logging.stats().lines_total(), 9);
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
