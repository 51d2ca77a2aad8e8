//! What a Pushgateway is told about who pushes.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ureq::http::HeaderValue;

use crate::Error;

/// Credentials; `Debug` hides them.
#[derive(Clone)]
pub(super) enum Authorization {
    Basic { user: String, password: String },
    Bearer(String),
}

impl Authorization {
    /// The value of the `Authorization` header (RFC 7617, RFC 6750).
    pub(super) fn header(&self) -> Result<HeaderValue, Error> {
        let (what, value) = match self {
            Self::Basic { user, .. } if user.contains(':') => {
                return Err(Error::invalid(
                    "user for basic authentication",
                    user,
                    "a name without a colon (RFC 7617)",
                ));
            }
            Self::Basic { user, password } => {
                let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
                ("user and password", format!("Basic {pair}"))
            }
            Self::Bearer(token) => ("bearer token", format!("Bearer {token}")),
        };
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| Error::invalid(what, "***", "visible ASCII characters"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic ***",
            Self::Bearer(_) => "Bearer ***",
        })
    }
}
