//! `/api/v1/login`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use omtx_logging::auth_event;
use serde::{Deserialize, Serialize};

use super::{App, upload};
use crate::hub::auth::{self, Login, SESSION};
use crate::hub::problem::Problem;

/// Longer passwords are refused before they are hashed.
const MAX_LEN: usize = 256;

/// More is no login: both at their longest, every character escaped.
const MAX_BODY: usize = 4 << 10;

#[derive(Deserialize)]
pub(super) struct Credentials {
    user: String,
    password: String,
}

impl FromRequest<Arc<App>> for Credentials {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let body = upload::read(app, request.into_body(), MAX_BODY).await?;
        serde_json::from_slice(&body).map_err(|error| {
            Problem::invalid_request(format!(
                r#"invalid body: {error}; expected {{"user": "…", "password": "…"}}"#
            ))
        })
    }
}

#[derive(Serialize)]
pub(super) struct Session {
    token: String,
    expires_in: u64,
}

/// `POST /api/v1/login` with `{"user": …, "password": …}`.
pub(super) async fn login(
    State(app): State<Arc<App>>,
    Credentials { user, password }: Credentials,
) -> Result<Json<Session>, Problem> {
    if user.len() > MAX_LEN || password.len() > MAX_LEN {
        return Err(Problem::invalid_request(format!(
            "expected at most {MAX_LEN} bytes each"
        )));
    }
    match app.auth.login(&user, password).await {
        Login::Welcome(token) => {
            auth::identify(&user);
            app.metrics.login(true);
            auth_event!("login", success: true, "logged in");
            Ok(Json(Session {
                token,
                expires_in: SESSION.as_secs(),
            }))
        }
        Login::Refused => {
            app.metrics.login(false);
            // The name that was tried is the client's own text: not an id, and no label.
            auth_event!("login", success: false, "login refused");
            Err(Problem::unauthorized("wrong user or password"))
        }
        Login::Busy => Err(Problem::busy("too many logins at a time").retry_after(1)),
    }
}
