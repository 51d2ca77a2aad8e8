//! Each line straight to a file descriptor.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::attached::{Attached, reason};
use super::batch::Batch;
use super::descriptor::Descriptor;
use super::fork::PerProcess;
use crate::{Counters, DropReason, Flushed, Severity, Sink};

/// Writes each line to a file descriptor before the call returns, with one `write(2)` and no buffer.
///
/// Lines of several threads never mix. A descriptor that blocks (a pipe that nobody reads, by default) makes the caller
/// wait, as `println!` would: services put a [`Queue`](super::Queue) in front. One that does not block (`O_NONBLOCK`) loses
/// the line instead, and that is counted, as is every line that the descriptor refused:
///
/// | what happened | `reason` |
/// |---|---|
/// | nobody reads any more (`EPIPE`) | `closed` |
/// | full, and set not to block (`EAGAIN`) | `would_block` |
/// | disk full, quota or file size limit reached | `disk_full` |
/// | anything else | `write_error` |
///
/// Nothing is said on standard error. A line of which the descriptor took only a part is not cut: its rest goes before the
/// next line, as soon as there is room.
///
/// ```
/// use std::io::Read;
///
/// use omtx_logging::{Severity, Sink, writer::Direct};
///
/// # #[cfg(unix)] {
/// let (mut reader, writer) = std::os::unix::net::UnixStream::pair()?;
/// let sink = Direct::new(writer);
/// sink.write(Severity::Info, b"{\"message\":\"hello\"}\n");
/// drop(sink);
/// let mut read = String::new();
/// reader.read_to_string(&mut read)?;
/// assert_eq!(read, "{\"message\":\"hello\"}\n");
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Direct {
    descriptor: Descriptor,
    /// The most bytes of a batch that are written at once.
    chunk: usize,
    /// The rest of a line of which the descriptor took the beginning.
    rest: PerProcess<Mutex<Vec<u8>>>,
    attached: Attached,
}

impl Direct {
    /// Writes to standard output, to whatever it is redirected.
    #[must_use]
    pub fn stdout() -> Self {
        Self::to(Descriptor::Stdout)
    }

    /// Writes to standard error.
    #[must_use]
    pub fn stderr() -> Self {
        Self::to(Descriptor::Stderr)
    }

    /// Writes to a file, a pipe or a socket. A file should be opened to append.
    #[cfg(unix)]
    #[must_use]
    pub fn new(descriptor: impl Into<std::os::fd::OwnedFd>) -> Self {
        Self::to(Descriptor::Owned(descriptor.into()))
    }

    /// Writes to a file, which should be opened to append.
    #[cfg(not(unix))]
    #[must_use]
    pub fn new(file: impl Into<std::fs::File>) -> Self {
        Self::to(Descriptor::Owned(file.into()))
    }

    fn to(descriptor: Descriptor) -> Self {
        // Without the handler a forked child would share its parent's lock; nothing else depends on it.
        let _ = super::fork::watch();
        Self {
            chunk: descriptor.chunk(),
            descriptor,
            rest: PerProcess::new(Mutex::default()),
            attached: Attached::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.rest
            .get()
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Finishes the line that was begun.
    fn finish(&self, rest: &mut Vec<u8>) -> io::Result<()> {
        while !rest.is_empty() {
            let written = self.write_some(rest)?;
            rest.drain(..written);
        }
        Ok(())
    }

    /// Writes bytes, and says how many were taken before an error, if there was one.
    fn write_bytes(&self, bytes: &[u8]) -> (usize, io::Result<()>) {
        let mut written = 0;
        while written < bytes.len() {
            match self.write_some(&bytes[written..]) {
                Ok(more) => written += more,
                Err(error) => return (written, Err(error)),
            }
        }
        (written, Ok(()))
    }

    #[inline]
    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.descriptor.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl Sink for Direct {
    fn write(&self, severity: Severity, line: &[u8]) {
        let mut rest = self.lock();
        let (written, result) = match self.finish(&mut rest) {
            Ok(()) => self.write_bytes(line),
            Err(error) => (0, Err(error)),
        };
        if let Err(error) = result {
            if written == 0 {
                self.attached.dropped(severity, reason(&error));
            } else {
                rest.extend_from_slice(&line[written..]);
            }
        }
    }

    /// Several lines with one `write(2)`: up to 64 KiB of them, or on a pipe as many as fit into 4096 bytes, so that they
    /// do not mix with those of other processes either. Waits for a descriptor that is set not to block.
    fn write_batch(&self, batch: &mut Batch) {
        while !batch.is_empty() {
            let mut rest = self.lock();
            let (written, result) = match self.finish(&mut rest) {
                Ok(()) => self.write_bytes(batch.peek(self.chunk)),
                Err(error) => (0, Err(error)),
            };
            let mut left = written;
            while left > 0 {
                let Some((_, line)) = batch.take_line() else {
                    break;
                };
                if line.len() > left {
                    rest.extend_from_slice(&line[left..]);
                }
                left = left.saturating_sub(line.len());
            }
            let Err(error) = result else { continue };
            // Others may write meanwhile.
            drop(rest);
            let reason = reason(&error);
            if reason == DropReason::WouldBlock && self.descriptor.wait(None) {
                continue;
            }
            // What refused this line refuses the next: no system call for each of those that were due with it.
            let refused = batch.peek(self.chunk).len();
            let end = batch.bytes() - refused;
            while batch.bytes() > end {
                if let Some((severity, _)) = batch.take_line() {
                    self.attached.dropped(severity, reason);
                }
            }
        }
    }

    fn flush(&self, deadline: Instant) -> Flushed {
        loop {
            // Another thread may hold the lock for as long as nobody reads.
            let mut rest = match self.rest.get().try_lock() {
                Ok(rest) => rest,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                }
                Err(TryLockError::WouldBlock) => return Flushed::with_lines_left(1),
            };
            match self.finish(&mut rest) {
                Ok(()) => return Flushed::default(),
                Err(error) => {
                    drop(rest);
                    let full = error.kind() == io::ErrorKind::WouldBlock;
                    if !full || !self.descriptor.wait(Some(deadline)) {
                        return Flushed::with_lines_left(1);
                    }
                }
            }
        }
    }

    fn attach(&self, counters: &Arc<Counters>) {
        self.attached.attach(counters);
    }
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct")
            .field("descriptor", &self.descriptor)
            .finish_non_exhaustive()
    }
}
