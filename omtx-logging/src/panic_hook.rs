//! A panic as a line.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::core::Core;
use crate::deadline::after;
use crate::record::{Record, RecordValue};
use crate::{Logging, Severity};

/// How long a thread that panics waits for its line to be written unless told otherwise: 1 s.
pub const DEFAULT_PANIC_DEADLINE: Duration = Duration::from_secs(1);

/// Writes a CRITICAL line for every panic, in the scope and the spans in which it happens.
///
/// ```json
/// {"timestamp":"2026-03-05T07:11:02.000001Z","level":"CRITICAL","logger":"panic","message":"index out of bounds: the len is 3 but the index is 7","service":{"name":"omtx-hub-api"},"job_id":"j-1","panic":{"location":"src/align.rs:71:23","thread":"worker-2","backtrace":"…"}}
/// ```
///
/// The backtrace is there where `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` asks for one. The thread that panics writes the line
/// and waits until it, and whatever was queued before it, is at its destination, for [`DEFAULT_PANIC_DEADLINE`] at most;
/// where a panic before found the destination stuck, and nothing has moved since, it does not wait again. So a process
/// that aborts on panic loses no line either.
///
/// Then the hook that was there before runs: the standard one, which prints to standard error, or that of another library.
/// A panic that a `Debug` or `Display` makes while its value is logged is a panic as well, and has its line before the line
/// that it belongs to.
///
/// It is the process's hook, so it is installed only by [`install`](Self::install). A [`Sink`](crate::Sink) of your own
/// that panics while a panic is written aborts the process, as any panic in a hook does; those of this crate do not.
///
/// ```no_run
/// use omtx_logging::Logging;
///
/// # fn main() -> Result<(), omtx_logging::Error> {
/// let logging = Logging::builder("omtx-hub-api").from_env()?.install()?;
/// logging.panic_hook().install();
/// # Ok(())
/// # }
/// ```
#[must_use = "call `install`"]
pub struct PanicHook {
    core: Arc<Core>,
    deadline: Duration,
    replaces: bool,
}

impl Logging {
    /// Writes panics as lines, once it is [installed](PanicHook::install).
    pub fn panic_hook(&self) -> PanicHook {
        PanicHook {
            core: self.core.clone(),
            deadline: DEFAULT_PANIC_DEADLINE,
            replaces: false,
        }
    }
}

impl PanicHook {
    /// Waits at most so long for the line to be written; [`DEFAULT_PANIC_DEADLINE`] by default.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Does not run the hook that was there before, so that nothing but the line is written; it runs by default.
    pub fn replace_previous(mut self, replace: bool) -> Self {
        self.replaces = replace;
        self
    }

    /// Makes it the process's panic hook.
    ///
    /// # Panics
    ///
    /// If the calling thread is panicking, as [`std::panic::set_hook`] does.
    pub fn install(self) {
        let Self {
            core,
            deadline,
            replaces,
        } = self;
        let previous = (!replaces).then(std::panic::take_hook);
        std::panic::set_hook(Box::new(move |info| {
            write(&core, info, after(deadline));
            if let Some(previous) = &previous {
                previous(info);
            }
        }));
    }
}

fn write(core: &Core, info: &PanicHookInfo<'_>, deadline: Instant) {
    let location = info.location();
    // `None` also where the thread is so far gone that it does not know.
    let current = std::thread::current();
    let thread = current.name().unwrap_or("unnamed");
    let backtrace = Backtrace::capture();
    let mut fields = Vec::with_capacity(3);
    if let Some(location) = &location {
        fields.push(("panic.location", RecordValue::Display(location)));
    }
    fields.push(("panic.thread", RecordValue::Str(thread)));
    if backtrace.status() == BacktraceStatus::Captured {
        fields.push(("panic.backtrace", RecordValue::Display(&backtrace)));
    }
    core.write_now(
        &Record {
            severity: Severity::Critical,
            logger: "panic",
            message: format_args!("{}", message(info.payload())),
            module: None,
            file: location.map(std::panic::Location::file),
            line: location.map(std::panic::Location::line),
            fields: &fields,
        },
        deadline,
    );
}

fn message(payload: &dyn Any) -> &str {
    if let Some(message) = payload.downcast_ref::<&'static str>() {
        message
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message
    } else {
        "a value that is no text"
    }
}

impl fmt::Debug for PanicHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PanicHook")
            .field("deadline", &self.deadline)
            .field("replaces", &self.replaces)
            .finish_non_exhaustive()
    }
}
