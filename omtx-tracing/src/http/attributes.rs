//! What a server span says of its request when it begins.
//!
//! OpenTelemetry's conventions for HTTP spans, "HTTP server span" (stable since 1.23). All of it is there from the start, so
//! that whoever looks at an open span finds it.

use std::net::SocketAddr;

use http::Uri;
use http::header::{HOST, USER_AGENT};
use omtx_http::{Endpoint, RequestHead, Slot};

use super::ip::IpText;
use super::options::Options;
use crate::semconv::{Authority, Writer, protocol_version, redact};

impl Writer<'_> {
    /// Everything that is known when a request comes in.
    pub(in crate::http) fn request(
        &mut self,
        options: &Options,
        request: RequestHead<'_>,
        slot: &Slot,
        peer: Option<SocketAddr>,
    ) {
        let seen = options.proxies.seen(request.headers());
        match method(options, request) {
            Some(method) => self.put("http.request.method", method),
            None => {
                self.put("http.request.method", "_OTHER");
                self.text("http.request.method_original", request.method().as_str());
            }
        }
        let scheme = seen.scheme.or_else(|| scheme_of(request.uri()));
        self.put("url.scheme", scheme.unwrap_or(options.scheme));
        let uri = target(request);
        self.text("url.path", uri.path());
        if let (Some(query), true) = (uri.query(), options.query) {
            // Cut first: a secret cannot be cut into something that is not seen to be one.
            let query = self.bounds.cut(query);
            self.put("url.query", &*redact(query, &options.redacted));
        }
        if let Some(route) = route(slot) {
            self.put("http.route", route);
        }
        if let Some(version) = protocol_version(request.version()) {
            self.put("network.protocol.version", version);
        }

        // What is no authority leaves the word to whoever is asked next.
        let authority = seen
            .host
            .and_then(Authority::parse)
            .or_else(|| Authority::parse(request.uri().authority()?.as_str()))
            .or_else(|| Authority::parse(request.headers().get(HOST)?.to_str().ok()?));
        if let Some(Authority { host, port }) = authority {
            self.put("server.address", host);
            if let Some(port) = port {
                self.put("server.port", port);
            }
        }
        let address = peer.map(|peer| IpText::new(peer.ip()));
        let address = address.as_ref().map(IpText::as_str);
        match (seen.client, address) {
            (Some(Some(client)), _) => self.put("client.address", IpText::new(client).as_str()),
            (None, Some(address)) => self.put("client.address", address),
            // Hidden by a proxy, or nothing is known.
            _ => {}
        }
        if let (Some(address), Some(peer)) = (address, peer) {
            self.put("network.peer.address", address);
            self.put("network.peer.port", peer.port());
        }
        if let Some(agent) = request.headers().get(USER_AGENT) {
            self.text(
                "user_agent.original",
                &String::from_utf8_lossy(agent.as_bytes()),
            );
        }
        self.headers(&options.request_headers, request.headers());
    }
}

/// The method as the conventions write it; `None` for one that is not known.
pub(super) fn method<'r>(options: &Options, request: RequestHead<'r>) -> Option<&'r str> {
    options.known_methods.name(request.method())
}

/// The route; `None` if none was matched.
pub(super) fn route(slot: &Slot) -> Option<&str> {
    let route = slot.endpoint();
    (*route != Endpoint::UNMATCHED).then(|| route.as_str())
}

/// The target as it was sent: axum takes the beginning off that a router is mounted at.
fn target(request: RequestHead<'_>) -> &Uri {
    #[cfg(feature = "axum")]
    if let Some(axum::extract::OriginalUri(uri)) = request.extensions().get() {
        return uri;
    }
    request.uri()
}

/// As HTTP/2 and absolute targets have it.
fn scheme_of(uri: &Uri) -> Option<&'static str> {
    match uri.scheme_str()? {
        "http" => Some("http"),
        "https" => Some("https"),
        _ => None,
    }
}
