//! A file descriptor to write to, without the lock and the line buffer of standard library's `Stdout`.

use std::io;

#[cfg(unix)]
pub(super) use unix::Descriptor;

#[cfg(not(unix))]
pub(super) use portable::Descriptor;

/// The most that is written at once to anything but a pipe.
const CHUNK: usize = 64 * 1024;

#[cfg(unix)]
mod unix {
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
    use std::time::Instant;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{FileType, fstat};

    use super::{CHUNK, io};

    /// What a pipe takes in one piece, and never interleaves with the writes of others (`PIPE_BUF`, pipe(7)).
    const PIPE_BUF: usize = 4096;

    /// Where bytes go.
    #[derive(Debug)]
    pub(in crate::writer) enum Descriptor {
        /// Number 1, whatever it is redirected to while the process runs.
        Stdout,
        /// Number 2.
        Stderr,
        /// Any other.
        Owned(OwnedFd),
    }

    impl Descriptor {
        /// One `write(2)`.
        #[inline]
        pub(in crate::writer) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
            Ok(rustix::io::write(self, bytes)?)
        }

        /// The most bytes of several lines to write at once.
        pub(in crate::writer) fn chunk(&self) -> usize {
            match fstat(self) {
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Fifo => PIPE_BUF,
                _ => CHUNK,
            }
        }

        /// Waits until a descriptor that does not block takes bytes again. True if it does, or has failed.
        pub(in crate::writer) fn wait(&self, deadline: Option<Instant>) -> bool {
            loop {
                let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
                let timeout = left.and_then(|left| Timespec::try_from(left).ok());
                let mut fds = [PollFd::new(self, PollFlags::OUT)];
                match poll(&mut fds, timeout.as_ref()) {
                    Ok(0) => return false,
                    Err(rustix::io::Errno::INTR) => {}
                    // An error shows in the next write.
                    Ok(_) | Err(_) => return true,
                }
            }
        }
    }

    impl AsFd for Descriptor {
        fn as_fd(&self) -> BorrowedFd<'_> {
            match self {
                Self::Stdout => rustix::stdio::stdout(),
                Self::Stderr => rustix::stdio::stderr(),
                Self::Owned(fd) => fd.as_fd(),
            }
        }
    }
}

#[cfg(not(unix))]
mod portable {
    use std::fs::File;
    use std::io::Write;
    use std::time::Instant;

    use super::{CHUNK, io};

    #[derive(Debug)]
    pub(in crate::writer) enum Descriptor {
        Stdout,
        Stderr,
        Owned(File),
    }

    impl Descriptor {
        pub(in crate::writer) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
            match self {
                Self::Stdout => {
                    let mut stdout = io::stdout().lock();
                    stdout.write_all(bytes).and_then(|()| stdout.flush())?;
                    Ok(bytes.len())
                }
                Self::Stderr => io::stderr().lock().write(bytes),
                Self::Owned(file) => (&*file).write(bytes),
            }
        }

        pub(in crate::writer) fn chunk(&self) -> usize {
            CHUNK
        }

        pub(in crate::writer) fn wait(&self, _: Option<Instant>) -> bool {
            false
        }
    }
}
