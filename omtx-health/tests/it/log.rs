//! What the log says.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use omtx_health::{Drain, DrainOptions, Spec, Status};

use crate::support::{Does, Puppet, shop, started, until};

/// The lines that are logged on this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One that is there all the time, and on no thread. As long as there is only one subscriber, a line that is reached for the
/// first time asks that of its own thread whether anybody wants it, and remembers the answer for all threads: the test that
/// comes by without a subscriber would switch it off here.
static NOBODYS: OnceLock<tracing::Dispatch> = OnceLock::new();

impl Lines {
    fn capture() -> (Self, tracing::subscriber::DefaultGuard) {
        NOBODYS.get_or_init(|| tracing::Dispatch::new(tracing_subscriber::registry()));
        let lines = Self::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .without_time()
            .finish();
        (lines, tracing::subscriber::set_default(subscriber))
    }

    fn take(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| line.trim().to_owned()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn transitions_are_logged_once_with_their_reason() {
    let (lines, _guard) = Lines::capture();
    let puppet = Puppet::default();
    let db = Spec::new("db", puppet.clone()).interval(Duration::from_secs(1));
    let health = shop().check(db).build().unwrap();
    started(&health).await;
    assert_eq!(
        lines.take(),
        [
            r#"INFO omtx_health: a health check is healthy check="db" from="unknown" to="healthy""#,
            "INFO omtx_health: the service has started duration_ms=0",
        ]
    );
    puppet.now(Does::Fail);
    until(&health, "db", Status::Unhealthy).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(
        lines.take(),
        [
            r#"WARN omtx_health: a health check is unhealthy check="db" from="healthy" to="unhealthy" reason="db.internal:5432: connection refused""#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_steps_of_a_drain_are_logged() {
    let (lines, _guard) = Lines::capture();
    let drain = Drain::new(DrainOptions::default());
    drain.on_flush("logs", |_| std::future::pending());
    drain.start();
    drain.start();
    let report = drain.finish(std::future::pending::<()>()).await;
    assert!(!report.is_complete());
    assert_eq!(
        lines.take(),
        [
            "INFO omtx_health: draining: not ready, but still serving delay_ms=5000 deadline_ms=20000",
            "WARN omtx_health: what was still in flight at the deadline is cut off requests=0",
            r#"WARN omtx_health: a flush hook did not finish hook="logs" outcome=TimedOut"#,
            "INFO omtx_health: drained took_ms=27000 cut_off=0",
        ]
    );
}
