//! Status codes as `error.type`.

use std::borrow::Cow;

/// A status code as text, which for the usual failures is there already.
pub(crate) fn status_text(status: u16) -> Cow<'static, str> {
    match status {
        400 => "400".into(),
        401 => "401".into(),
        403 => "403".into(),
        404 => "404".into(),
        409 => "409".into(),
        429 => "429".into(),
        500 => "500".into(),
        502 => "502".into(),
        503 => "503".into(),
        504 => "504".into(),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_its_number() {
        for status in 100..1000 {
            assert_eq!(status_text(status), status.to_string());
        }
    }
}
