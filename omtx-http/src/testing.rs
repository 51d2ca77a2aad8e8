//! For tests: an observer that remembers how requests ended.
//!
//! ```
//! use http::{Request, Response};
//! use http_body_util::Empty;
//! use omtx_http::{ObserveLayer, testing::Recorder};
//! use tower::{Layer, Service, service_fn};
//!
//! let recorder = Recorder::new();
//! let mut service = ObserveLayer::new(recorder.clone()).layer(service_fn(async |_request: Request<_>| {
//!     Ok::<_, std::convert::Infallible>(Response::new(Empty::<&[u8]>::new()))
//! }));
//!
//! let response = service.call(Request::new(Empty::<&[u8]>::new()));
//! assert_eq!(recorder.in_flight(), 1);
//! drop(response);
//! assert_eq!(recorder.take_lines(), ["GET unmatched 499 cancelled"]);
//! assert_eq!(recorder.in_flight(), 0);
//! ```

use crate::{Class, End, Endpoint, Method, Observer, Slot};
use http::Request;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

/// An observer that remembers how requests ended; clones share what they remember.
///
/// It remembers without bound: it is for tests.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Records>);

#[derive(Debug, Default)]
struct Records {
    ends: Mutex<Vec<Ended>>,
    in_flight: AtomicUsize,
}

impl Recorder {
    /// An observer that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The ends since the last call, in the order in which they came.
    #[must_use]
    pub fn take(&self) -> Vec<Ended> {
        // A test that panicked beside us has not harmed the list.
        std::mem::take(&mut *self.0.ends.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same as lines of method, endpoint, status and kind: `GET /users/{id} 200 ok`.
    #[must_use]
    pub fn take_lines(&self) -> Vec<String> {
        self.take().iter().map(Ended::to_string).collect()
    }

    /// How many requests have started and not ended.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(SeqCst)
    }
}

impl Observer for Recorder {
    type State = ();

    fn on_request<B>(&self, _: &mut Request<B>, _: &mut Slot) {
        self.0.in_flight.fetch_add(1, SeqCst);
    }

    fn on_end(&self, (): (), slot: &mut Slot, end: &End) {
        self.0.in_flight.fetch_sub(1, SeqCst);
        let ended = Ended {
            method: slot.method(),
            endpoint: slot.endpoint().clone(),
            class: slot.class(),
            end: end.clone(),
        };
        self.0
            .ends
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(ended);
    }
}

/// How one request ended. Displays as method, endpoint, status and kind.
#[derive(Clone, Debug)]
pub struct Ended {
    method: Method,
    endpoint: Endpoint,
    class: Class,
    end: End,
}

impl Ended {
    /// The method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The route that was matched.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The kind of exchange.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// The end itself.
    #[must_use]
    pub const fn end(&self) -> &End {
        &self.end
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            endpoint,
            end,
            ..
        } = self;
        write!(f, "{method} {endpoint} {} {}", end.status(), end.kind())
    }
}
