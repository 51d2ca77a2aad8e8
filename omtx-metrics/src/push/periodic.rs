//! Pushes from time to time, and a last one.

use std::time::Duration;

use super::gateway::Operation;
use super::{PushError, Pushgateway};
use crate::Error;
use crate::periodic::Periodic;

/// Pushes every so often until it is dropped, and then a last time; see [`Pushgateway::push_every`].
///
/// The interval lies between the end of a push and the beginning of the next, so that a slow Pushgateway is not asked more
/// than it answers. Errors go to [`on_error`](super::PushgatewayBuilder::on_error); that of the last push can be had from
/// [`finish`](Self::finish). Dropping it gives up the retries of a push that is under way, and waits for the last one:
/// twice the timeout at most.
///
/// ```no_run
/// # use omtx_metrics::push::Pushgateway;
/// # use std::time::Duration;
/// # fn train() {}
/// # fn main() -> Result<(), omtx_metrics::Error> {
/// # let pushgateway = Pushgateway::builder("push:9091").job("training").build(&omtx_metrics::Registry::new())?;
/// let _pushing = pushgateway.push_every(Duration::from_secs(15))?;
/// train();
/// # Ok(())
/// # }
/// ```
#[must_use = "it pushes until it is dropped: bind it to a name"]
#[derive(Debug)]
pub struct PeriodicPush {
    gateway: Pushgateway,
    periodic: Periodic<PushError>,
}

impl PeriodicPush {
    pub(super) fn start(gateway: Pushgateway, interval: Duration) -> Result<Self, Error> {
        if interval.is_zero() {
            return Err(Error::invalid("interval of pushes", "0s", "more than zero"));
        }
        let (mine, last) = (gateway.clone(), gateway.clone());
        let periodic = Periodic::start(
            "omtx-push",
            interval,
            move |stop| {
                // The last push makes up for attempts that are given up here.
                if let Err(error) = mine.send(Operation::Put, &|pause| stop.wait(pause)) {
                    mine.report(&error);
                }
            },
            move || last.push(),
        );
        Ok(Self {
            gateway,
            periodic: periodic.map_err(|error| Error::thread("periodic pushes", error))?,
        })
    }

    /// Stops, pushes a last time, and returns the error of that push instead of handing it to the hook.
    ///
    /// # Errors
    ///
    /// As [`Pushgateway::push`].
    pub fn finish(mut self) -> Result<(), PushError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), PushError> {
        let Self { gateway, periodic } = self;
        periodic.finish(|| PushError::thread(gateway.url(), None))
    }
}

impl Drop for PeriodicPush {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            self.gateway.report(&error);
        }
    }
}
