use crate::Signal;

/// One of a thing for each signal.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PerSignal<T> {
    pub(crate) traces: T,
    pub(crate) metrics: T,
    pub(crate) logs: T,
}

impl<T> PerSignal<T> {
    pub(crate) fn new(mut of: impl FnMut(Signal) -> T) -> Self {
        Self {
            traces: of(Signal::Traces),
            metrics: of(Signal::Metrics),
            logs: of(Signal::Logs),
        }
    }

    pub(crate) fn get(&self, signal: Signal) -> &T {
        match signal {
            Signal::Traces => &self.traces,
            Signal::Metrics => &self.metrics,
            Signal::Logs => &self.logs,
        }
    }

    pub(crate) fn get_mut(&mut self, signal: Signal) -> &mut T {
        match signal {
            Signal::Traces => &mut self.traces,
            Signal::Metrics => &mut self.metrics,
            Signal::Logs => &mut self.logs,
        }
    }
}
