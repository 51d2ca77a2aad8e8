//! What an error means for what is asked next.

use std::sync::Arc;

use nvml_wrapper::error::NvmlError;

/// `NVML_ERROR_ARGUMENT_VERSION_MISMATCH` and `NVML_ERROR_DEPRECATED`, which nvml-wrapper has no names for.
const VERSION_MISMATCH: u32 = 25;
const DEPRECATED: u32 = 26;

/// Why a question was not answered.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The device does not know it, and need not be asked again.
    Unsupported,
    /// It may know next time.
    Passing(NvmlError),
    /// The device is gone; the others are not.
    Device(NvmlError),
    /// The driver is gone, or another one: all handles are void.
    Driver(NvmlError),
}

impl Fault {
    /// Judges the error of a question. `has_argument`: the device may refuse the argument, not its handle. `is_fresh`: the
    /// handle is new, so that it cannot be the handle that is refused.
    pub(crate) fn of(error: NvmlError, has_argument: bool, is_fresh: bool) -> Self {
        match error {
            NvmlError::NotSupported
            | NvmlError::FailedToLoadSymbol(_)
            | NvmlError::FunctionNotFound
            | NvmlError::NoPermission
            | NvmlError::UnexpectedVariant(VERSION_MISMATCH | DEPRECATED) => Self::Unsupported,
            NvmlError::InvalidArg | NvmlError::NotFound if has_argument => Self::Unsupported,
            NvmlError::InvalidArg if is_fresh => Self::Unsupported,
            NvmlError::GpuLost | NvmlError::ResetRequired => Self::Device(error),
            NvmlError::InvalidArg
            | NvmlError::Uninitialized
            | NvmlError::DriverNotLoaded
            | NvmlError::LibRmVersionMismatch => Self::Driver(error),
            _ => Self::Passing(error),
        }
    }
}

/// An error for people: which call, and what it said.
pub(crate) fn words(symbol: &str, error: &NvmlError) -> Arc<str> {
    format!("{symbol}: {error}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_handle_is_told_from_a_refused_argument() {
        let of = |has_argument, is_fresh| Fault::of(NvmlError::InvalidArg, has_argument, is_fresh);
        assert!(matches!(of(true, false), Fault::Unsupported));
        assert!(matches!(of(false, true), Fault::Unsupported));
        assert!(matches!(of(false, false), Fault::Driver(_)));
    }

    #[test]
    fn an_error_that_is_unknown_may_pass() {
        let fault = Fault::of(NvmlError::UnexpectedVariant(4_711), false, true);
        assert!(matches!(fault, Fault::Passing(_)));
    }
}
