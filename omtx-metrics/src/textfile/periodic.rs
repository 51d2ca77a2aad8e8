//! A file that is kept up to date.

use std::time::Duration;

use super::Textfile;
use crate::Error;
use crate::periodic::Periodic;

/// Writes every so often until it is dropped, and then a last time; see [`Textfile::write_every`].
///
/// Errors go to [`on_error`](super::TextfileBuilder::on_error), and the next interval tries again; that of the last time can
/// be had from [`finish`](Self::finish).
#[must_use = "it writes until it is dropped: bind it to a name"]
#[derive(Debug)]
pub struct PeriodicTextfile {
    textfile: Textfile,
    periodic: Periodic<Error>,
}

impl PeriodicTextfile {
    pub(super) fn start(textfile: Textfile, interval: Duration) -> Result<Self, Error> {
        if interval.is_zero() {
            let what = "interval of textfiles";
            return Err(Error::invalid(what, "0s", "more than zero"));
        }
        let (mine, last) = (textfile.clone(), textfile.clone());
        let periodic = Periodic::start(
            "omtx-textfile",
            interval,
            move |_| {
                if let Err(error) = mine.write() {
                    mine.report(&error);
                }
            },
            move || last.write(),
        );
        Ok(Self {
            textfile,
            periodic: periodic.map_err(|error| Error::thread("periodic textfiles", error))?,
        })
    }

    /// Stops, writes a last time, and returns the error of that instead of handing it to the hook.
    ///
    /// # Errors
    ///
    /// As [`Textfile::write`].
    pub fn finish(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        let path = self.textfile.path();
        self.periodic.finish(|| {
            let gone = std::io::Error::other("the thread that writes it is gone");
            Error::file(path, gone)
        })
    }
}

impl Drop for PeriodicTextfile {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            self.textfile.report(&error);
        }
    }
}
