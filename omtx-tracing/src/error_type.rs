//! What an error is called in `error.type`.

use std::any::{Any, type_name};
use std::borrow::Cow;
use std::error::Error;
use std::io;

/// Says what an error is called in a span's `error.type`: one of few names, never a message. Closures
/// `Fn(&E) -> &'static str` do.
///
/// ```
/// use omtx_tracing::ErrorType;
/// use std::io;
///
/// let by_kind = |error: &io::Error| match error.kind() {
///     io::ErrorKind::TimedOut => "timeout",
///     _ => "io",
/// };
/// assert_eq!(by_kind.error_type(&io::Error::from(io::ErrorKind::TimedOut)), "timeout");
/// ```
pub trait ErrorType<E> {
    /// The name.
    fn error_type(&self, error: &E) -> Cow<'static, str>;
}

impl<E, F: Fn(&E) -> &'static str> ErrorType<E> for F {
    fn error_type(&self, error: &E) -> Cow<'static, str> {
        Cow::Borrowed(self(error))
    }
}

/// The kind of the I/O error that an error is or, if it is boxed, that it comes from (`ConnectionRefused`, `TimedOut`), else the
/// name of its type; `_OTHER` for a box of anything else. The default.
///
/// ```
/// use omtx_tracing::{ErrorType, TypeName};
/// use std::io;
///
/// let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
/// assert_eq!(TypeName.error_type(&refused), "ConnectionRefused");
/// assert_eq!(TypeName.error_type(&std::fmt::Error), "core::fmt::Error");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TypeName;

/// The error of many tower services.
type Boxed = Box<dyn Error + Send + Sync>;

impl<E: 'static> ErrorType<E> for TypeName {
    fn error_type(&self, error: &E) -> Cow<'static, str> {
        let error = error as &dyn Any;
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return io_kind(error);
        }
        match error.downcast_ref::<Boxed>() {
            None => type_name::<E>().into(),
            Some(error) => {
                let error: &(dyn Error + 'static) = &**error;
                std::iter::successors(Some(error), |&error| error.source())
                    .find_map(|error| error.downcast_ref::<io::Error>())
                    .map_or("_OTHER".into(), io_kind)
            }
        }
    }
}

fn io_kind(error: &io::Error) -> Cow<'static, str> {
    format!("{:?}", error.kind()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<E: 'static>(error: E, expected: &str) {
        assert_eq!(TypeName.error_type(&error), expected);
    }

    #[test]
    fn an_error_is_called_by_its_kind_or_its_type() {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        check(refused(), "ConnectionRefused");
        check::<Boxed>(refused().into(), "ConnectionRefused");
        check::<Boxed>(io::Error::other(refused()).into(), "Other");
        check::<Boxed>("a message".into(), "_OTHER");
        check(
            "x".parse::<u8>().unwrap_err(),
            "core::num::error::ParseIntError",
        );
    }

    #[test]
    fn a_closure_names_errors() {
        let named = |_: &std::fmt::Error| "format";
        assert_eq!(named.error_type(&std::fmt::Error), "format");
    }
}
