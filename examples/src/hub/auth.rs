//! Who is asking: one account, its password kept as an argon2 hash, and sessions that end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use omtx_context::Scope;
use tokio::sync::Semaphore;

/// The account that works out of the box.
pub const DEMO_USER: &str = "demo";

/// The hash of its password, `demo`.
pub const DEMO_PASSWORD_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$jKFnu1RQoLmOIbHygy9hCg$t1vCEyUvyEvQ/jLgWYPNj9B71WdAsPzExLjNnQreDHM";

/// How long a session lasts.
pub const SESSION: Duration = Duration::from_secs(3600);

/// Sessions at a time; one more ends the oldest.
const MAX_SESSIONS: usize = 1024;

/// Passwords checked at a time: each check takes the memory that its hash asks for, 19 MiB and up.
const MAX_CHECKS: usize = 4;

/// Whether this is a hash that a login can be checked against.
#[must_use]
pub fn is_password_hash(hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| hash.algorithm.as_str().starts_with("argon2"))
}

/// The account and its sessions.
#[derive(Debug)]
pub struct Auth {
    user: String,
    password_hash: Arc<str>,
    checks: Arc<Semaphore>,
    sessions: Mutex<HashMap<String, Session>>,
}

#[derive(Debug)]
struct Session {
    user: Arc<str>,
    since: Instant,
}

/// How a login went.
#[derive(Debug, PartialEq, Eq)]
pub enum Login {
    /// Here is the session's token.
    Welcome(String),
    /// Unknown user or wrong password; the client is not told which.
    Refused,
    /// Too many passwords are being checked already.
    Busy,
}

impl Auth {
    /// One account.
    #[must_use]
    pub fn new(user: &str, password_hash: &str) -> Self {
        Self {
            user: user.to_owned(),
            password_hash: password_hash.into(),
            checks: Arc::new(Semaphore::new(MAX_CHECKS)),
            sessions: Mutex::default(),
        }
    }

    /// Checks a password, off the async workers.
    pub async fn login(&self, user: &str, password: String) -> Login {
        let Ok(permit) = self.checks.clone().try_acquire_owned() else {
            return Login::Busy;
        };
        let hash = self.password_hash.clone();
        let check = move || {
            let _permit = permit; // held until the check is over, even if nobody waits for it any more
            PasswordHash::new(&hash).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(password.as_bytes(), &hash)
                    .is_ok()
            })
        };
        // An unknown user costs a check too, or the time of the answer would tell who exists.
        let right = tokio::task::spawn_blocking(check).await.unwrap_or(false);
        if !right || user != self.user {
            return Login::Refused;
        }
        match token() {
            Some(token) => {
                self.remember(token.clone(), user);
                Login::Welcome(token)
            }
            None => Login::Busy,
        }
    }

    /// Whose token this is.
    #[must_use]
    pub fn user(&self, token: &str) -> Option<Arc<str>> {
        let sessions = self.sessions();
        let session = sessions
            .get(token)
            .filter(|session| session.since.elapsed() < SESSION)?;
        Some(session.user.clone())
    }

    /// Users with a session.
    #[must_use]
    pub fn active_users(&self) -> usize {
        let sessions = self.sessions();
        let users = sessions
            .values()
            .filter(|session| session.since.elapsed() < SESSION)
            .map(|session| &session.user);
        users.collect::<std::collections::HashSet<_>>().len()
    }

    fn remember(&self, token: String, user: &str) {
        let mut sessions = self.sessions();
        sessions.retain(|_, session| session.since.elapsed() < SESSION);
        if sessions.len() >= MAX_SESSIONS {
            let oldest = sessions
                .iter()
                .min_by_key(|(_, session)| session.since)
                .map(|(token, _)| token.clone());
            oldest.map(|token| sessions.remove(&token));
        }
        sessions.insert(
            token,
            Session {
                user: user.into(),
                since: Instant::now(),
            },
        );
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 128 random bits; `None` where the system has no randomness to give.
fn token() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// From now on the request's log lines carry the user.
pub fn identify(user: &str) {
    if let Some(scope) = Scope::current() {
        scope.set(omtx_context::keys::USER_ID, user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth() -> Auth {
        Auth::new(DEMO_USER, DEMO_PASSWORD_HASH)
    }

    #[tokio::test]
    async fn the_right_password_opens_a_session() {
        let auth = auth();
        let Login::Welcome(token) = auth.login("demo", "demo".into()).await else {
            panic!("refused")
        };
        assert_eq!(auth.user(&token).as_deref(), Some("demo"));
        assert_eq!(auth.user("ffff"), None);
        assert_eq!(auth.active_users(), 1);
    }

    #[tokio::test]
    async fn a_wrong_password_and_a_wrong_user_are_refused_alike() {
        let auth = auth();
        assert_eq!(auth.login("demo", "Demo".into()).await, Login::Refused);
        assert_eq!(auth.login("root", "demo".into()).await, Login::Refused);
        assert_eq!(auth.active_users(), 0);
    }

    #[tokio::test]
    async fn too_many_checks_at_a_time_are_turned_away() {
        let auth = auth();
        let _all = auth
            .checks
            .clone()
            .try_acquire_many_owned(MAX_CHECKS as u32)
            .unwrap();
        assert_eq!(auth.login("demo", "demo".into()).await, Login::Busy);
    }

    #[test]
    fn sessions_are_bounded() {
        let auth = auth();
        for n in 0..MAX_SESSIONS + 5 {
            auth.remember(n.to_string(), "demo");
        }
        assert_eq!(auth.sessions().len(), MAX_SESSIONS);
    }

    #[test]
    fn only_argon2_hashes_will_do() {
        assert!(is_password_hash(DEMO_PASSWORD_HASH));
        assert!(!is_password_hash("demo"));
        assert!(!is_password_hash(
            "$2b$12$EXRkfkdmXn2gzds2SSitu.MW9.gAVqa9eLS1//RYtYCmB1eLHg.9q"
        ));
    }
}
