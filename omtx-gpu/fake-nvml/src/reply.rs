//! What a call returns.

use nvml_wrapper_sys::bindings as nvml;
use serde::{Deserialize, Serialize};

macro_rules! returns {
    ($($variant:ident $code:ident,)*) => {
        /// What a call returns, by the names of `nvml.h` (`NVML_ERROR_GPU_IS_LOST` → `GpuIsLost`).
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[allow(missing_docs)] // nvml.h says what each means
        pub enum Return {
            #[default]
            Success,
            $($variant,)*
        }

        impl Return {
            /// The number that the call returns.
            #[must_use]
            pub fn code(self) -> nvml::nvmlReturn_t {
                match self {
                    Self::Success => nvml::nvmlReturn_enum_NVML_SUCCESS,
                    $(Self::$variant => nvml::$code,)*
                }
            }
        }
    };
}

returns! {
    Uninitialized nvmlReturn_enum_NVML_ERROR_UNINITIALIZED,
    InvalidArgument nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT,
    NotSupported nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED,
    NoPermission nvmlReturn_enum_NVML_ERROR_NO_PERMISSION,
    NotFound nvmlReturn_enum_NVML_ERROR_NOT_FOUND,
    InsufficientSize nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE,
    DriverNotLoaded nvmlReturn_enum_NVML_ERROR_DRIVER_NOT_LOADED,
    Timeout nvmlReturn_enum_NVML_ERROR_TIMEOUT,
    GpuIsLost nvmlReturn_enum_NVML_ERROR_GPU_IS_LOST,
    ResetRequired nvmlReturn_enum_NVML_ERROR_RESET_REQUIRED,
    LibRmVersionMismatch nvmlReturn_enum_NVML_ERROR_LIB_RM_VERSION_MISMATCH,
    NoData nvmlReturn_enum_NVML_ERROR_NO_DATA,
    ArgumentVersionMismatch nvmlReturn_enum_NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
    Unknown nvmlReturn_enum_NVML_ERROR_UNKNOWN,
}
