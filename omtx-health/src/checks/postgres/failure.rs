//! What a database's error means to whoever is on duty.

use std::error::Error;

use tokio_postgres::error::{DbError, SqlState};

use crate::Failure;

/// The failure for an error, however deep a pool has wrapped what the server said.
pub(super) fn describe(place: &str, error: &(dyn Error + 'static)) -> Failure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(answer) = error.downcast_ref::<DbError>() {
            let code = answer.code();
            let phrase = phrase(code);
            let code = code.code();
            return Failure::new(format!("{place} {phrase} ({code})")).detail("sqlstate", code);
        }
        cause = error.source();
    }
    match (error.to_string().as_str(), error.source()) {
        // The words of the other checks for the same thing.
        ("error connecting to server", Some(source)) => {
            Failure::new(format!("cannot connect to {place}: {source}"))
        }
        _ => Failure::new(format!("{place}: {}", Failure::from(error))),
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn phrase(code: &SqlState) -> &'static str {
    match code.code() {
        "53300" => "has no connection left",
        "53100" => "has no disk space left",
        "53200" => "has no memory left",
        "57P01" | "57P02" => "was shut down",
        "57P03" => "does not accept sessions at present",
        "57014" => "cancelled the query",
        "3D000" => "has no such database",
        "25006" => "takes no writes",
        "42501" => "refuses permission",
        // Class 28: invalid authorization specification
        code if code.starts_with("28") => "refuses the credentials",
        // Class 08: connection exception
        code if code.starts_with("08") => "broke the connection off",
        _ => "answered with an error",
    }
}
