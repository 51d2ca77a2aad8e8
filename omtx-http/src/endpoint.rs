//! The route of a request as a bounded label.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The route that a request matched (`/users/{id}`), never its path: a label with as many values as there are routes.
///
/// A clone costs at most one reference count; nothing is copied. Two endpoints are equal when their texts are, however
/// they are held.
///
/// # Examples
///
/// ```
/// use omtx_http::Endpoint;
/// use std::sync::Arc;
///
/// let fixed = Endpoint::from_static("/users/{id}");
/// let shared = Endpoint::from(Arc::<str>::from("/users/{id}"));
/// assert_eq!(fixed, shared);
/// assert_eq!(Endpoint::default().as_str(), "unmatched");
/// ```
#[derive(Clone)]
pub struct Endpoint(Repr);

/// The endpoints that tell of a service rather than serve: the scrape, and the probes of `omtx-health`. What observers leave
/// out unless they are told otherwise.
///
/// On a quiet service these would be most of the requests, and hide the others.
///
/// ```
/// assert!(omtx_http::PROBES.contains(&"/metrics"));
/// ```
pub const PROBES: &[&str] = &[
    "/metrics",
    "/health",
    "/health/{check}",
    "/ready",
    "/live",
    "/startup",
];

#[derive(Clone)]
enum Repr {
    Static(&'static str),
    Shared(Arc<str>),
    // Axum hides the `Arc` in here; holding the whole value is what spares us an allocation.
    #[cfg(feature = "axum")]
    Matched(axum::extract::MatchedPath),
}

impl Endpoint {
    /// The endpoint of a request that no route matched: `unmatched`.
    pub const UNMATCHED: Self = Self::from_static("unmatched");

    /// An endpoint known at compile time.
    #[must_use]
    pub const fn from_static(route: &'static str) -> Self {
        Self(Repr::Static(route))
    }

    /// The text of the route.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Static(route) => route,
            Repr::Shared(route) => route,
            #[cfg(feature = "axum")]
            Repr::Matched(path) => path.as_str(),
        }
    }

    /// The route that axum's router left in the extensions of a request, or [`Endpoint::UNMATCHED`].
    ///
    /// Nested and merged routers give the whole template. A service mounted with `nest_service` gives `unmatched`,
    /// because axum withholds the path until that service's own router has matched: put the layer on the inner router.
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn matched(extensions: &http::Extensions) -> Self {
        extensions
            .get::<axum::extract::MatchedPath>()
            .map_or(Self::UNMATCHED, |path| path.clone().into())
    }
}

impl Default for Endpoint {
    /// [`Endpoint::UNMATCHED`].
    fn default() -> Self {
        Self::UNMATCHED
    }
}

/// A route computed at run time. The caller answers for its being bounded: share one `Arc` per route, never build one
/// from a request's path.
impl From<Arc<str>> for Endpoint {
    fn from(route: Arc<str>) -> Self {
        Self(Repr::Shared(route))
    }
}

#[cfg(feature = "axum")]
impl From<axum::extract::MatchedPath> for Endpoint {
    fn from(path: axum::extract::MatchedPath) -> Self {
        Self(Repr::Matched(path))
    }
}

impl AsRef<str> for Endpoint {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Endpoint {}

impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.as_str()).finish()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn endpoints_are_one_key_however_they_are_held() {
        let held = HashSet::from([
            Endpoint::from_static("/a"),
            Endpoint::from(Arc::<str>::from("/a")),
        ]);
        assert_eq!(held.len(), 1);
    }
}
