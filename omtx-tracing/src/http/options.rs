//! What a server span says, of which requests, and whom it believes.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use omtx_http::RequestHead;

use super::ForwardedHeaders;
use super::proxies::Proxies;
use crate::semconv::{CapturedHeaders, DEFAULT_REDACTED, KnownMethods};

/// Endpoints whose requests have no span: the probes and the scrape.
pub const DEFAULT_SKIPPED: &[&str] = omtx_http::PROBES;

type Filter = Arc<dyn Fn(RequestHead<'_>) -> bool + Send + Sync>;
type Peer = Arc<dyn Fn(RequestHead<'_>) -> Option<SocketAddr> + Send + Sync>;

/// The settings of `ServerSpans`.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) skipped: Vec<Cow<'static, str>>,
    pub(super) filter: Option<Filter>,
    pub(super) peer: Option<Peer>,
    pub(super) proxies: Proxies,
    pub(super) scheme: &'static str,
    pub(super) public: bool,
    pub(super) query: bool,
    pub(super) redacted: Vec<Cow<'static, str>>,
    pub(super) request_headers: CapturedHeaders,
    pub(super) response_headers: CapturedHeaders,
    pub(super) body_sizes: bool,
    pub(super) trace_response: bool,
    pub(super) known_methods: KnownMethods,
}

impl Default for Options {
    fn default() -> Self {
        let borrowed = |names: &[&'static str]| names.iter().map(|&name| name.into()).collect();
        Self {
            skipped: borrowed(DEFAULT_SKIPPED),
            filter: None,
            peer: None,
            proxies: Proxies {
                trusted: 0,
                headers: ForwardedHeaders::XForwarded,
            },
            scheme: "http",
            public: false,
            query: true,
            redacted: borrowed(DEFAULT_REDACTED),
            request_headers: CapturedHeaders::default(),
            response_headers: CapturedHeaders::default(),
            body_sizes: false,
            trace_response: false,
            known_methods: KnownMethods::default(),
        }
    }
}

impl Options {
    /// Whether a request is to be left out.
    pub(super) fn skips(&self, request: RequestHead<'_>, endpoint: &str) -> bool {
        self.skipped.iter().any(|skipped| skipped == endpoint)
            || self.filter.as_ref().is_some_and(|wanted| !wanted(request))
    }

    /// The other end of the connection.
    pub(super) fn peer(&self, request: RequestHead<'_>) -> Option<SocketAddr> {
        if let Some(peer) = &self.peer {
            return peer(request);
        }
        #[cfg(feature = "axum")]
        if let Some(axum::extract::ConnectInfo(peer)) = request.extensions().get() {
            return Some(*peer);
        }
        request.extensions().get::<SocketAddr>().copied()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("skipped", &self.skipped)
            .field("filter", &self.filter.is_some())
            .field("proxies", &self.proxies)
            .field("request_headers", &self.request_headers)
            .field("response_headers", &self.response_headers)
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}
