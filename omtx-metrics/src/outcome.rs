//! How something that the library does by itself went.

use crate::{LabelValue, Labels};

#[derive(Clone, Copy, LabelValue)]
#[label(crate = crate)]
pub(crate) enum Outcome {
    Success,
    Failure,
}

#[derive(Labels)]
#[labels(crate = crate)]
pub(crate) struct OutcomeLabels {
    pub(crate) outcome: Outcome,
}

impl OutcomeLabels {
    pub(crate) fn of<T, E>(result: &Result<T, E>) -> Self {
        let outcome = match result {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure,
        };
        Self { outcome }
    }
}
