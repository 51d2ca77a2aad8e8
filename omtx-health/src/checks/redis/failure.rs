//! What a server's error means to whoever is on duty.

use std::error::Error;

use ::redis::RedisError;

use crate::{CheckResult, Failure, Verdict};

/// What a server that answered `PING` comes to.
pub(super) fn up(place: &str, wanted_writable: bool, writable: bool) -> CheckResult {
    match wanted_writable && !writable {
        true => Err(Failure::new(format!(
            "{place} is a replica, and takes no writes"
        ))),
        false => Ok(Verdict::up()),
    }
}

/// What an error comes to: a server that answers may still serve others.
pub(super) fn judge(place: &str, error: &RedisError) -> CheckResult {
    let code = error.code().unwrap_or_default();
    let detail = error.detail().unwrap_or_default();
    let answered = |phrase: &str| format!("{place} {phrase} ({code})");
    let degraded = |phrase| Ok(Verdict::degraded(answered(phrase)).detail("code", code));
    let down = |phrase| Err(Failure::new(answered(phrase)).detail("code", code));
    // https://github.com/redis/redis/blob/7.0/src/server.c (createSharedObjects)
    match code {
        "NOAUTH" => degraded("asks for a password"),
        "NOPERM" => degraded("refuses this user the command"),
        "MISCONF" => degraded("takes no writes: it cannot save to disk"),
        "WRONGPASS" => down("refuses the credentials"),
        // `requirepass` is not set, and a password was sent; up to Redis 5 this is how a wrong one is told as well.
        "ERR" if detail.contains("AUTH") || detail.contains("invalid password") => {
            down("refuses the credentials")
        }
        "ERR" if detail.contains("max number of clients") => down("has no connection left"),
        "LOADING" => down("loads its data"),
        "BUSY" => down("is busy with a script"),
        "MASTERDOWN" => down("is a replica that has lost its primary"),
        "CLUSTERDOWN" => down("belongs to a cluster that is down"),
        "" => Err(broken(place, error)),
        _ => down("answered with an error"),
    }
}

/// The same for an error that a pool has wrapped.
pub(super) fn judge_any(place: &str, error: &(dyn Error + 'static)) -> CheckResult {
    let mut cause = Some(error);
    while let Some(it) = cause {
        if let Some(error) = it.downcast_ref::<RedisError>() {
            return judge(place, error);
        }
        cause = it.source();
    }
    Err(Failure::new(format!("{place}: {}", Failure::from(error))))
}

/// Nothing that the server said: the connection broke.
fn broken(place: &str, error: &RedisError) -> Failure {
    // With all connections taken, it says so and closes, and what it said is lost if the request crosses it.
    match error.is_connection_dropped() {
        _ if error.is_timeout() => Failure::new(format!("{place}: no answer in time")),
        true => Failure::new(format!(
            "{place} closed the connection; maxclients may be reached"
        )),
        false => Failure::new(format!("{place}: {}", Failure::from(error))),
    }
}
