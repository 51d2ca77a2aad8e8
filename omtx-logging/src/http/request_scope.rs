//! The observer that opens the scope of a request.

use bytes::Bytes;
use http::header::Entry;
use http::{HeaderName, HeaderValue, Request, Response};
use omtx_context::{Scope, keys};
use omtx_http::{End, Observer, Slot};

use super::request_id::{new_digits, valid_request_id};

/// The header that carries a request's id in and out.
pub const DEFAULT_REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request a scope with its `request_id`, and a place for its `user_id`.
///
/// The id is the one that the client sent, if [it may be taken over](super::valid_request_id); otherwise a new one, which
/// replaces what was sent for everybody further in. It goes back to the client in the same header.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use omtx_logging::RequestContext;
/// use omtx_logging::http::RequestScope;
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let app: Router = Router::new()
///     .route("/", get(async || RequestContext::current().unwrap().request_id()))
///     .layer(omtx_http::axum_layer(RequestScope::new()));
///
/// let request = Request::get("/").header("x-request-id", "req-12345").body(Body::empty()).unwrap();
/// let response = app.oneshot(request).await.unwrap();
/// assert_eq!(response.headers()["x-request-id"], "req-12345");
/// # }
/// ```
///
/// Put it before other observers in the tuple: those behind it find the scope in the [`Slot`], and what runs inside has it
/// as [`Scope::current`].
#[derive(Clone, Debug)]
#[must_use = "hand it to `omtx_http::axum_layer` or `ObserveLayer::new`"]
pub struct RequestScope {
    header: HeaderName,
    trust: bool,
}

impl Default for RequestScope {
    fn default() -> Self {
        Self::new()
    }
}

impl RequestScope {
    /// With [`DEFAULT_REQUEST_ID_HEADER`], and clients' ids taken over.
    pub const fn new() -> Self {
        Self {
            header: DEFAULT_REQUEST_ID_HEADER,
            trust: true,
        }
    }

    /// Another header: `x-correlation-id`, `x-amzn-trace-id`.
    pub fn header(mut self, header: HeaderName) -> Self {
        self.header = header;
        self
    }

    /// Whether ids that clients send are taken over; true by default. False for a service that strangers reach directly,
    /// and who must not choose by which id they are found.
    pub const fn trust_clients(mut self, trust: bool) -> Self {
        self.trust = trust;
        self
    }

    /// The id that the client sent and that may be taken over. Two different ones are none.
    fn sent<'v>(
        &self,
        mut values: impl Iterator<Item = &'v HeaderValue>,
    ) -> Option<(&'v str, &'v HeaderValue)> {
        let value = values.next().filter(|_| self.trust)?;
        if values.any(|other| other != value) {
            return None;
        }
        Some((valid_request_id(value.as_bytes())?, value))
    }
}

impl Observer for RequestScope {
    /// The scope, which is lent to the thread that works on the request; the id, until it goes back.
    type State = (Option<Scope>, Option<HeaderValue>);

    fn on_request<B>(&self, request: &mut Request<B>, slot: &mut Slot) -> Self::State {
        let scope = Scope::root();
        // Found, and replaced or put there, with one lookup. There is none in a map that is full to its limit of 2^15 names.
        let entry = request.headers_mut().try_entry(&self.header).ok();
        let sent = match &entry {
            Some(Entry::Occupied(sent)) => self.sent(sent.iter()),
            _ => None,
        };
        let (scope, id) = match sent {
            Some((id, value)) => (scope.with(keys::REQUEST_ID, id), value.clone()),
            None => {
                let digits = new_digits();
                let id = std::str::from_utf8(&digits).expect("hexadecimal digits are ASCII");
                let scope = scope.with(keys::REQUEST_ID, id);
                // One allocation that all clones share; a copied value would need another at its first clone.
                let value = HeaderValue::from_maybe_shared(Bytes::from_owner(digits))
                    .expect("hexadecimal digits are a header value");
                // For those further in: a proxy that passes headers on, a handler that reads it.
                match entry {
                    Some(Entry::Occupied(mut sent)) => {
                        sent.insert(value.clone());
                    }
                    Some(Entry::Vacant(place)) => {
                        place.insert(value.clone());
                    }
                    None => {}
                }
                (scope, value)
            }
        };
        let scope = scope.late(keys::USER_ID).build();
        slot.set_scope(scope.clone());
        (Some(scope), Some(id))
    }

    fn on_response<B>(&self, (_, id): &mut Self::State, response: &mut Response<B>, _: &mut Slot) {
        if let Some(id) = id.take() {
            let headers = response.headers_mut();
            // A response whose headers are full to their limit goes without.
            let _ = headers.try_insert(self.header.clone(), id);
        }
    }

    fn on_end(&self, _: Self::State, _: &mut Slot, _: &End) {}

    fn in_scope<R>(&self, (scope, _): &mut Self::State, poll: impl FnOnce() -> R) -> R {
        Scope::lend(scope, poll)
    }
}
