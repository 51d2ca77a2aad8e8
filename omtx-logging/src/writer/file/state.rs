//! The file that is open, and when another is due.

use std::fs::{File, OpenOptions};
use std::io;
use std::time::{Duration, Instant, SystemTime};

use super::options::Settings;
use super::rotate::Rotator;
use crate::writer::attached::Attached;
use crate::writer::batch::Batch;
use crate::writer::direct::Direct;
use crate::{DropReason, Flushed, Severity, Sink};

/// When a rotation, or an opening, that failed is tried again.
const RETRY: Duration = Duration::from_secs(60);

/// One process's view of the file; in a forked child closed at first, and never rotated.
#[derive(Default)]
pub(super) struct State {
    open: Option<Open>,
    rotator: Option<Rotator>,
    /// A rotation that was due and has not succeeded yet.
    is_owed: bool,
    /// Not before this, after a failure.
    next_try: Option<SystemTime>,
}

struct Open {
    direct: Direct,
    /// To ask it for its length: it may be written to, or cut, by others.
    file: File,
    /// What was written, and what was there before.
    bytes: u64,
    /// The hour or the day of its last line.
    period: u64,
}

impl State {
    pub(super) fn open(settings: &Settings) -> io::Result<Self> {
        if let Some(folder) = settings.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let open = Open::new(settings, &Attached::default())?;
        let rotates = settings.max_bytes.is_some() || settings.every.is_some();
        Ok(Self {
            open: Some(open),
            rotator: rotates.then(|| Rotator::new(settings)).transpose()?,
            is_owed: false,
            next_try: None,
        })
    }

    pub(super) fn reopen(&mut self, settings: &Settings, attached: &Attached) -> io::Result<()> {
        self.open = Some(Open::new(settings, attached)?);
        Ok(())
    }

    pub(super) fn write(
        &mut self,
        settings: &Settings,
        attached: &Attached,
        severity: Severity,
        line: &[u8],
    ) {
        let now = (settings.now)();
        self.rotate_if_due(settings, attached, now, line.len());
        match self.ready(settings, attached, now) {
            Some(open) => {
                open.direct.write(severity, line);
                open.wrote(line.len());
            }
            None => attached.dropped(severity, DropReason::WriteError),
        }
    }

    /// As many lines at once as the file of now takes.
    pub(super) fn write_batch(
        &mut self,
        settings: &Settings,
        attached: &Attached,
        batch: &mut Batch,
    ) {
        while !batch.is_empty() {
            let now = (settings.now)();
            let first = batch.peek(0).len();
            self.rotate_if_due(settings, attached, now, first);
            let Some(open) = self.ready(settings, attached, now) else {
                if let Some((severity, _)) = batch.take_line() {
                    attached.dropped(severity, DropReason::WriteError);
                }
                continue;
            };
            let room = settings
                .max_bytes
                .map_or(u64::MAX, |max| max.saturating_sub(open.bytes));
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            if batch.bytes() <= room {
                let bytes = batch.bytes();
                open.direct.write_batch(batch);
                open.wrote(bytes);
            } else if let Some((severity, line)) = batch.take_line() {
                open.direct.write(severity, line);
                open.wrote(first);
            }
        }
    }

    pub(super) fn flush(&mut self, deadline: Instant) -> Flushed {
        self.open
            .as_ref()
            .map_or_else(Flushed::default, |open| open.direct.flush(deadline))
    }

    /// The file that is open, or, in a forked child, can be opened.
    fn ready(
        &mut self,
        settings: &Settings,
        attached: &Attached,
        now: SystemTime,
    ) -> Option<&mut Open> {
        if self.open.is_none() && self.may_try(now) {
            match Open::new(settings, attached) {
                Ok(open) => self.open = Some(open),
                Err(_) => self.next_try = Some(now + RETRY),
            }
        }
        let open = self.open.as_mut()?;
        // The first file was opened before there were counts to keep.
        attached.share(&open.direct);
        Some(open)
    }

    fn rotate_if_due(
        &mut self,
        settings: &Settings,
        attached: &Attached,
        now: SystemTime,
        len: usize,
    ) {
        let may_try = self.may_try(now);
        let (Some(open), Some(rotator)) = (&mut self.open, &mut self.rotator) else {
            return;
        };
        self.is_owed |= open.is_due(settings, now, len);
        if !self.is_owed || !may_try {
            return;
        }
        let rotated = rotator
            .rotate()
            .and_then(|()| Open::new(settings, attached));
        match rotated {
            Ok(open) => {
                self.open = Some(open);
                self.is_owed = false;
                self.next_try = None;
            }
            Err(_) => self.next_try = Some(now + RETRY),
        }
    }

    fn may_try(&self, now: SystemTime) -> bool {
        // A clock that was set back does not make it wait for longer than that.
        self.next_try.is_none_or(|at| now >= at || now + RETRY < at)
    }
}

impl Open {
    fn new(settings: &Settings, attached: &Attached) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&settings.path)?;
        let metadata = file.metadata()?;
        let direct = Direct::new(file.try_clone()?);
        attached.share(&direct);
        let last = if metadata.len() == 0 {
            (settings.now)()
        } else {
            metadata.modified()?
        };
        Ok(Self {
            direct,
            file,
            bytes: metadata.len(),
            period: settings.every.map_or(0, |every| every.period(last)),
        })
    }

    fn wrote(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    fn is_due(&mut self, settings: &Settings, now: SystemTime, len: usize) -> bool {
        if let Some(every) = settings.every {
            if std::mem::replace(&mut self.period, every.period(now)) != every.period(now) {
                // A file without a line stays.
                return self.len() > 0;
            }
        }
        settings.max_bytes.is_some_and(|max| {
            let fits = |bytes: u64| bytes == 0 || bytes.saturating_add(len as u64) <= max;
            !fits(self.bytes) && !fits(self.len())
        })
    }

    /// As the operating system has it, which is asked when it matters only.
    fn len(&mut self) -> u64 {
        if let Ok(metadata) = self.file.metadata() {
            self.bytes = metadata.len();
        }
        self.bytes
    }
}
