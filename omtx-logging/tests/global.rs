//! What needs a global subscriber, in a process of its own: `tracing` lets no event through that is logged while another
//! one is, unless the subscriber is the global one.

use std::fmt;
use std::sync::OnceLock;

use omtx_logging::testing::Lines;
use omtx_logging::{DropReason, Logging, Severity, Sink};
use serde_json::Value;
use tracing::{info, warn};

/// Keeps lines, and logs when one asks it to.
struct Talkative(Lines);

impl Sink for Talkative {
    fn write(&self, severity: Severity, line: &[u8]) {
        self.0.write(severity, line);
        if String::from_utf8_lossy(line).contains("please log") {
            warn!("please log, says the sink");
        }
    }
}

/// The process's logging, and the lines of all tests. Each test looks for its own.
fn installed() -> &'static (Logging, Lines) {
    static INSTALLED: OnceLock<(Logging, Lines)> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let lines = Lines::default();
        let logging = Logging::builder("hub")
            .sink(Talkative(lines.clone()))
            .install()
            .unwrap();
        (logging, lines)
    })
}

/// The lines of `work`; tests take turns.
fn lines_of(work: impl FnOnce()) -> Vec<Value> {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let (_, lines) = installed();
    let _turn = TURN.lock().unwrap();
    let _ = lines.take();
    work();
    let lines = lines.take();
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

struct Odd(fn(&mut fmt::Formatter<'_>) -> fmt::Result);

impl fmt::Debug for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

#[test]
fn a_second_subscriber_is_an_error_that_says_so() {
    installed();
    let error = Logging::builder("hub").install().unwrap_err();
    assert!(error.is_installed());
    assert_eq!(
        error.to_string(),
        "this process has a global subscriber already; expected to be the first to install one"
    );
}

#[test]
fn a_debug_that_logs_writes_its_line_first_and_harms_neither() {
    let odd = Odd(|f| {
        f.write_str("va")?;
        info!(inner = true, "inside");
        f.write_str("lue")
    });
    let lines = lines_of(|| info!(a = 1, odd = ?odd, b = 2, "outside"));
    assert_eq!(
        (&lines[0]["message"], &lines[0]["inner"]),
        (&"inside".into(), &true.into())
    );
    assert!(lines[0].get("a").is_none());
    assert_eq!(
        (&lines[1]["message"], &lines[1]["odd"]),
        (&"outside".into(), &"value".into())
    );
    assert_eq!((&lines[1]["a"], &lines[1]["b"]), (&1.into(), &2.into()));
}

#[test]
fn a_debug_that_logs_itself_for_ever_ends_and_is_counted() {
    struct Endless;
    impl fmt::Debug for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info!(value = ?Endless, "again");
            f.write_str("end")
        }
    }
    let dropped = || {
        installed()
            .0
            .stats()
            .dropped(Severity::Info, DropReason::Recursion)
    };
    let before = dropped();
    let lines = lines_of(|| info!(value = ?Endless, "first"));
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines.iter().all(|line| line["value"] == "end"));
    assert_eq!(dropped(), before + 1);
}

#[test]
fn a_sink_that_logs_for_ever_ends_and_is_counted() {
    let dropped = || {
        installed()
            .0
            .stats()
            .dropped(Severity::Warning, DropReason::Recursion)
    };
    let before = dropped();
    let lines = lines_of(|| info!("please log"));
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(dropped(), before + 1);
}

#[test]
fn a_thread_that_ends_may_still_log() {
    struct LogsWhenDropped;
    impl Drop for LogsWhenDropped {
        fn drop(&mut self) {
            info!("from a destructor");
        }
    }
    thread_local!(static LAST: LogsWhenDropped = const { LogsWhenDropped });
    let lines = lines_of(|| {
        std::thread::spawn(|| {
            LAST.with(|_| ());
            info!("from the thread");
        })
        .join()
        .unwrap();
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
}
