//! A push at the end of a job, whatever that end is.

use super::gateway::Operation;
use super::{PushError, Pushgateway};

/// Pushes when it is dropped; see [`Pushgateway::push_on_drop`].
///
/// Bind it to a name (`let _push = …`; `let _ = …` would push at once) before the work begins. Its error goes to
/// [`on_error`](super::PushgatewayBuilder::on_error), so that the job's own is not masked; [`finish`](Self::finish) returns
/// it instead. It blocks for the timeout at most. `std::process::exit` and signals drop nothing: end by returning from
/// `main`.
///
/// ```no_run
/// # use omtx_metrics::push::Pushgateway;
/// # fn work() -> Result<(), Box<dyn std::error::Error>> { Ok(()) }
/// fn run(pushgateway: &Pushgateway) -> Result<(), Box<dyn std::error::Error>> {
///     let push = pushgateway.push_add_on_drop();
///     work()?;         // pushed if it fails or panics, and its error is what counts
///     push.finish()?;  // the job went well: an error of the push is one
///     Ok(())
/// }
/// ```
#[must_use = "it pushes when it is dropped: bind it to a name"]
#[derive(Debug)]
pub struct PushOnDrop {
    gateway: Pushgateway,
    /// None once it was performed, or cancelled.
    operation: Option<Operation>,
}

impl PushOnDrop {
    pub(super) fn new(gateway: Pushgateway, operation: Operation) -> Self {
        Self {
            gateway,
            operation: Some(operation),
        }
    }

    /// Pushes now, and returns the error instead of handing it to the hook.
    ///
    /// # Errors
    ///
    /// As [`Pushgateway::push`].
    pub fn finish(mut self) -> Result<(), PushError> {
        self.perform()
    }

    /// Pushes nothing.
    pub fn cancel(mut self) {
        self.operation = None;
    }

    fn perform(&mut self) -> Result<(), PushError> {
        let operation = self.operation.take();
        operation.map_or(Ok(()), |operation| self.gateway.perform(operation))
    }
}

impl Drop for PushOnDrop {
    fn drop(&mut self) {
        if let Err(error) = self.perform() {
            self.gateway.report(&error);
        }
    }
}
