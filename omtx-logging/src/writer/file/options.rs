use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::RotatingFile;
use crate::Error;

/// How many rotated files are kept unless told otherwise: 7.
pub const DEFAULT_KEEP: usize = 7;

/// How often a file is rotated: when the hour or the day of a line, in UTC as its timestamp, is another than that of the
/// line before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Every {
    /// At the full hour.
    Hour,
    /// At midnight.
    Day,
}

impl Every {
    /// The number of the hour or the day since 1970.
    pub(super) fn period(self, time: SystemTime) -> u64 {
        let length = match self {
            Self::Hour => 3600,
            Self::Day => 24 * 3600,
        };
        let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        since.as_secs() / length
    }
}

/// What a [`RotatingFile`] is opened with.
#[derive(Clone, Debug)]
#[must_use = "call `open`"]
pub struct RotatingFileOptions {
    settings: Settings,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) path: PathBuf,
    pub(super) max_bytes: Option<u64>,
    pub(super) every: Option<Every>,
    pub(super) keep: usize,
    /// The time, which tests set.
    pub(super) now: fn() -> SystemTime,
}

impl RotatingFileOptions {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            settings: Settings {
                path,
                max_bytes: None,
                every: None,
                keep: DEFAULT_KEEP,
                now: SystemTime::now,
            },
        }
    }

    /// Starts a new file before one would be longer than this; no limit by default.
    ///
    /// A line that is longer by itself has a file of its own. 0 is no limit.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.settings.max_bytes = (bytes > 0).then_some(bytes);
        self
    }

    /// Starts a new file every hour or every day; never by default.
    pub fn every(mut self, every: Every) -> Self {
        self.settings.every = Some(every);
        self
    }

    /// Keeps so many rotated files beside the one of now; [`DEFAULT_KEEP`] by default.
    pub fn keep(mut self, files: usize) -> Self {
        self.settings.keep = files;
        self
    }

    /// Opens the file to append, and makes it and its folder if need be. One that is there is rotated if it is due.
    ///
    /// # Errors
    ///
    /// If the file, or its folder, can be neither found nor made, or the folder cannot be listed.
    pub fn open(self) -> Result<RotatingFile, Error> {
        RotatingFile::start(self.settings)
    }

    #[cfg(test)]
    pub(super) fn clock(mut self, now: fn() -> SystemTime) -> Self {
        self.settings.now = now;
        self
    }
}
