//! Renaming, counting and deleting of files: the `file-rotate` crate's.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use file_rotate::compression::Compression;
use file_rotate::suffix::{AppendTimestamp, DateFrom, FileLimit};
use file_rotate::{ContentLimit, FileRotate};

use super::options::Settings;

/// Renames files. Written to it is nothing: it decides by size or by time, not by both, and where a file cannot be opened it
/// drops what is written without an error.
pub(super) struct Rotator(FileRotate<AppendTimestamp>);

impl Rotator {
    pub(super) fn new(settings: &Settings) -> io::Result<Self> {
        shielded(|| {
            let names = AppendTimestamp::with_format(
                "%Y%m%dT%H%M%S",
                FileLimit::MaxFiles(settings.keep),
                DateFrom::Now,
            );
            let path = &settings.path;
            Ok(Self(FileRotate::new(
                path,
                names,
                ContentLimit::None,
                Compression::None,
                None,
            )))
        })
    }

    /// Moves the file away.
    pub(super) fn rotate(&mut self) -> io::Result<()> {
        shielded(|| self.0.rotate())
    }
}

/// It panics where a folder cannot be listed, or a file is not where it was.
fn shielded<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        std::mem::forget(payload); // its destructor may panic in turn
        Err(io::Error::other("cannot rotate the file"))
    })
}
