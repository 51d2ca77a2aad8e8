//! A file at the end of a job, whatever that end is.

use super::Textfile;
use crate::Error;

/// Writes when it is dropped; see [`Textfile::write_on_drop`].
///
/// Bind it to a name (`let _textfile = …`; `let _ = …` would write at once) before the work begins. Its error goes to
/// [`on_error`](super::TextfileBuilder::on_error), so that the job's own is not masked; [`finish`](Self::finish) returns it
/// instead. `std::process::exit` and signals drop nothing.
#[must_use = "it writes when it is dropped: bind it to a name"]
#[derive(Debug)]
pub struct TextfileOnDrop {
    textfile: Option<Textfile>,
}

impl TextfileOnDrop {
    pub(super) fn new(textfile: Textfile) -> Self {
        Self {
            textfile: Some(textfile),
        }
    }

    /// Writes now, and returns the error instead of handing it to the hook.
    ///
    /// # Errors
    ///
    /// As [`Textfile::write`].
    pub fn finish(mut self) -> Result<(), Error> {
        self.textfile
            .take()
            .map_or(Ok(()), |textfile| textfile.write())
    }

    /// Writes nothing.
    pub fn cancel(mut self) {
        self.textfile = None;
    }
}

impl Drop for TextfileOnDrop {
    fn drop(&mut self) {
        if let Some(textfile) = self.textfile.take() {
            if let Err(error) = textfile.write() {
                textfile.report(&error);
            }
        }
    }
}
