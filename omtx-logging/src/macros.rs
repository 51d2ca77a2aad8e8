/// The name of callsites whose ERROR events are CRITICAL lines.
#[doc(hidden)]
pub const CRITICAL: &str = "omtx_logging::critical";

/// Writes a CRITICAL line; takes what [`tracing::error!`] takes, except a `name:`.
///
/// To other subscribers it is an ERROR event named `omtx_logging::critical`.
///
/// ```
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{Logging, critical};
///
/// # fn main() -> Result<(), omtx_logging::Error> {
/// # let lines = Lines::default();
/// # let logging = Logging::builder("hub").sink(lines.clone()).build()?;
/// # let _default = tracing::subscriber::set_default(logging.subscriber());
/// critical!(device = 3, "GPU {} lost", 3);
/// critical!(target: "storage", "no space left");
/// let lines = lines.take();
/// assert!(lines[0].contains(r#""level":"CRITICAL""#) && lines[0].ends_with(r#""device":3}"#));
/// assert!(lines[1].contains(r#""logger":"storage""#));
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! critical {
    ($($arguments:tt)+) => {
        $crate::__private::tracing::error!(name: "omtx_logging::critical", $($arguments)+)
    };
}

/// Writes an audit line: `auth_event`, `success`, and what [`tracing::info!`] takes. A failure is WARNING, a success INFO.
///
/// ```
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{Logging, auth_event};
///
/// # fn main() -> Result<(), omtx_logging::Error> {
/// # let lines = Lines::default();
/// # let logging = Logging::builder("hub").sink(lines.clone()).build()?;
/// # let _default = tracing::subscriber::set_default(logging.subscriber());
/// let known = false;
/// auth_event!("login", success: known, method = "password", "login refused");
/// let line = lines.take().remove(0);
/// assert!(line.contains(r#""level":"WARNING""#));
/// assert!(line.ends_with(r#""auth_event":"login","success":false,"method":"password"}"#));
/// # Ok(())
/// # }
/// ```
///
/// In Google Cloud Logging, `jsonPayload.auth_event != "" AND jsonPayload.success = false` finds the failures.
#[macro_export]
macro_rules! auth_event {
    ($event:expr, success: $success:expr $(, $($arguments:tt)*)?) => {
        if $success {
            $crate::__private::tracing::info!(auth_event = $event, success = true $(, $($arguments)*)?)
        } else {
            $crate::__private::tracing::warn!(auth_event = $event, success = false $(, $($arguments)*)?)
        }
    };
}
