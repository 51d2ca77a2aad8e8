//! What each request carries and leaves behind: its scope, and one line.

use http::{HeaderValue, Request, Response};
use omtx_context::{Scope, keys};
use omtx_http::{End, EndKind, Observer, Slot};
use tracing::{info, warn};

use super::logging::{Ids, millis};

/// Gives each request a scope with its id, which the client may bring in `x-request-id`, and sends the id back.
#[derive(Clone, Copy, Debug)]
pub struct RequestScope;

const REQUEST_ID: &str = "x-request-id";

impl Observer for RequestScope {
    type State = Scope;

    fn on_request<B>(&self, request: &mut Request<B>, slot: &mut Slot) -> Scope {
        let brought = request
            .headers()
            .get(REQUEST_ID)
            .and_then(|id| id.to_str().ok());
        let usable = |id: &&str| {
            !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_graphic())
        };
        let id = brought.filter(usable).map_or_else(new_id, str::to_owned);
        let scope = Scope::root()
            .with(keys::REQUEST_ID, id)
            .late(keys::USER_ID)
            .build();
        slot.set_scope(scope.clone()); // for the access log
        scope
    }

    fn on_response<B>(&self, scope: &mut Scope, response: &mut Response<B>, _: &mut Slot) {
        let id = scope
            .get(keys::REQUEST_ID)
            .and_then(|id| HeaderValue::from_str(id.as_str()?).ok());
        if let Some(id) = id {
            response.headers_mut().insert(REQUEST_ID, id);
        }
    }

    fn on_end(&self, _: Scope, _: &mut Slot, _: &End) {}

    fn in_scope<R>(&self, scope: &mut Scope, poll: impl FnOnce() -> R) -> R {
        scope.in_scope(poll)
    }
}

fn new_id() -> String {
    let mut bytes = [0; 16];
    // An id that is not unique spoils a search in the log, no more: no reason to refuse the request.
    let _ = getrandom::fill(&mut bytes);
    format!("{:032x}", u128::from_ne_bytes(bytes))
}

/// One line for each request, at its end.
#[derive(Clone, Copy, Debug)]
pub struct AccessLog;

impl Observer for AccessLog {
    type State = ();

    fn on_request<B>(&self, _: &mut Request<B>, _: &mut Slot) {}

    fn on_end(&self, (): (), slot: &mut Slot, end: &End) {
        let ids = slot.scope().map(Ids::of).unwrap_or_default();
        let (request_id, user_id) = (ids.request_id, ids.user_id);
        let (method, endpoint, status) = (
            slot.method().as_str(),
            slot.endpoint().as_str(),
            end.status(),
        );
        let (kind, duration_ms) = (end.kind().as_str(), millis(end.duration()));
        if end.kind() == EndKind::Ok {
            info!(
                request_id,
                user_id,
                method,
                endpoint,
                status,
                end = kind,
                duration_ms,
                "request"
            );
        } else {
            warn!(
                request_id,
                user_id,
                method,
                endpoint,
                status,
                end = kind,
                duration_ms,
                "request"
            );
        }
    }
}
