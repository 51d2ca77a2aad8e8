//! One check within a body.

use super::document::Object;
use super::{MAX_BODY_BYTES, View};
use crate::{CheckReport, Status};

/// Puts what is known of `check` into its object.
pub(super) fn fields(object: &mut Object, check: &CheckReport, verbose: bool, details: bool) {
    object.text("status", check.status.as_str());
    if !verbose {
        return;
    }
    object.flag("critical", check.critical);
    object.flag("readiness", check.readiness);
    object.time("since", check.since);
    if let Some(run) = &check.run {
        object.time("checked_at", run.ended);
        object
            .key("duration_ms")
            .extend_from_slice(millis(run.duration).to_string().as_bytes());
    }
    if check.stale.is_some() {
        object.flag("stale", true);
    }
    if details {
        for (key, text) in [("message", check.message()), ("error", check.error())] {
            if let Some(text) = text {
                object.text(key, text);
            }
        }
        if let Some(details) = check.details().filter(|details| !details.is_empty()) {
            object.value("details", &details.clone().into());
        }
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What each check that the view shows gets of `write(check, whole)`: all of it, or without what is verbose where that
/// would be too much. Checks that are in trouble come first, but the order is kept.
pub(super) fn within_budget(
    checks: &[CheckReport],
    view: &View,
    used: usize,
    write: impl Fn(&CheckReport, bool) -> Vec<u8>,
) -> (Vec<(Vec<u8>, String)>, bool) {
    let shown: Vec<_> = checks.iter().filter(|check| view.shows(check)).collect();
    let mut bodies: Vec<_> = shown.iter().map(|check| write(check, false)).collect();
    // Quotes, colon and comma.
    let names: usize = shown.iter().map(|check| check.name.len() + 4).sum();
    let mut room =
        MAX_BODY_BYTES.saturating_sub(used + names + bodies.iter().map(Vec::len).sum::<usize>());
    let mut cut = false;
    if view.verbose {
        let mut order: Vec<_> = (0..shown.len()).collect();
        order.sort_by_key(|&i| match shown[i].status {
            Status::Unhealthy => 0,
            Status::Degraded => 1,
            Status::Unknown => 2,
            Status::Healthy => 3,
        });
        for i in order {
            let whole = write(shown[i], true);
            let more = whole.len().saturating_sub(bodies[i].len());
            if more <= room {
                room -= more;
                bodies[i] = whole;
            } else {
                cut = true;
            }
        }
    }
    let named = bodies
        .into_iter()
        .zip(shown.iter().map(|check| check.name.to_string()))
        .collect();
    (named, cut)
}
