//! How a request is given its endpoint.

use crate::Endpoint;
use http::{Extensions, HeaderMap, Method, Request, Uri, Version};
use std::fmt;

/// A request without its body: what an endpoint is chosen by.
///
/// # Examples
///
/// ```
/// use omtx_http::{Endpoint, ObserveLayer, RequestHead};
///
/// fn endpoint(request: RequestHead<'_>) -> Endpoint {
///     match request.uri().path() {
///         "/health" => Endpoint::from_static("/health"),
///         path if path.starts_with("/files/") => Endpoint::from_static("/files/{*path}"),
///         _ => Endpoint::UNMATCHED,
///     }
/// }
///
/// let request = http::Request::get("/files/a/b").body(())?;
/// assert_eq!(endpoint(RequestHead::from(&request)).as_str(), "/files/{*path}");
///
/// let layer = ObserveLayer::new(()).endpoint_fn(endpoint);
/// # let _ = layer;
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    method: &'a Method,
    uri: &'a Uri,
    version: Version,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

impl<'a> RequestHead<'a> {
    /// The method.
    #[must_use]
    pub const fn method(self) -> &'a Method {
        self.method
    }

    /// The target.
    #[must_use]
    pub const fn uri(self) -> &'a Uri {
        self.uri
    }

    /// The protocol version.
    #[must_use]
    pub const fn version(self) -> Version {
        self.version
    }

    /// The headers.
    #[must_use]
    pub const fn headers(self) -> &'a HeaderMap {
        self.headers
    }

    /// What outer layers and the router have attached.
    #[must_use]
    pub const fn extensions(self) -> &'a Extensions {
        self.extensions
    }
}

impl<'a, B> From<&'a Request<B>> for RequestHead<'a> {
    fn from(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }
}

/// Gives a request its endpoint.
///
/// Implemented by [`MatchedRoute`] (the default) and by [`EndpointFn`].
pub trait EndpointSource {
    /// The endpoint of a request that has just come in.
    fn endpoint(&self, request: RequestHead<'_>) -> Endpoint;
}

/// The route that axum's router matched, under the feature `axum`; otherwise every request is
/// [`Endpoint::UNMATCHED`].
#[derive(Clone, Copy, Debug, Default)]
pub struct MatchedRoute;

impl EndpointSource for MatchedRoute {
    #[inline]
    fn endpoint(&self, request: RequestHead<'_>) -> Endpoint {
        #[cfg(feature = "axum")]
        return Endpoint::matched(request.extensions());
        #[cfg(not(feature = "axum"))]
        {
            let _ = request;
            Endpoint::UNMATCHED
        }
    }
}

/// A closure that gives a request its endpoint; see [`ObserveLayer::endpoint_fn`](crate::ObserveLayer::endpoint_fn).
#[derive(Clone, Copy)]
pub struct EndpointFn<F>(pub(crate) F);

impl<F> EndpointSource for EndpointFn<F>
where
    F: Fn(RequestHead<'_>) -> Endpoint,
{
    #[inline]
    fn endpoint(&self, request: RequestHead<'_>) -> Endpoint {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for EndpointFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointFn").finish_non_exhaustive()
    }
}
