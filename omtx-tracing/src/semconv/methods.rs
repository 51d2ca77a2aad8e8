//! The methods that spans call by their names.

use std::sync::Arc;

use http::Method;

/// Which methods `http.request.method` has by name; all others are `_OTHER` there.
///
/// By default those of RFC 9110, `PATCH` (RFC 5789) and `QUERY` (draft-ietf-httpbis-safe-method-w-body).
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownMethods(Option<Arc<[Method]>>);

impl KnownMethods {
    pub(crate) const EXPECTED: &'static str =
        "HTTP methods with commas between them, such as GET,POST,PURGE";

    /// A list with commas between its members; `None` if one of them is no method, or there is none.
    pub(crate) fn parse(list: &str) -> Option<Self> {
        let members = list.split(',').map(str::trim);
        let members = members.filter(|member| !member.is_empty());
        let methods = members.map(|member| Method::from_bytes(member.as_bytes()).ok());
        let methods: Vec<Method> = methods.collect::<Option<_>>()?;
        (!methods.is_empty()).then(|| methods.into_iter().collect())
    }

    /// The name of a method that is known.
    pub(crate) fn name<'m>(&self, method: &'m Method) -> Option<&'m str> {
        let known = match &self.0 {
            Some(listed) => listed.contains(method),
            None => is_standard(method),
        };
        known.then(|| method.as_str())
    }
}

/// A list is a full override of the methods that are known by default (conventions for HTTP spans, `http.request.method`).
impl FromIterator<Method> for KnownMethods {
    fn from_iter<I: IntoIterator<Item = Method>>(methods: I) -> Self {
        Self(Some(methods.into_iter().collect()))
    }
}

fn is_standard(method: &Method) -> bool {
    match *method {
        Method::CONNECT
        | Method::DELETE
        | Method::GET
        | Method::HEAD
        | Method::OPTIONS
        | Method::PATCH
        | Method::POST
        | Method::PUT
        | Method::TRACE => true,
        ref extension => extension.as_str() == "QUERY",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(known: &KnownMethods, method: &str, expected: bool) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(known.name(&method), expected.then(|| method.as_str()));
    }

    #[test]
    fn methods_of_the_standards_are_known_in_upper_case() {
        let known = KnownMethods::default();
        for method in [
            "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "QUERY",
        ] {
            check(&known, method, true);
            check(&known, &method.to_ascii_lowercase(), false);
        }
        check(&known, "BREW", false);
    }

    #[test]
    fn a_list_takes_the_place_of_the_standards() {
        let known = KnownMethods::parse(" GET , BREW,").unwrap();
        check(&known, "BREW", true);
        check(&known, "GET", true);
        check(&known, "POST", false);
    }

    #[test]
    fn what_is_no_list_of_methods_is_none() {
        for list in ["GET,P OST", "GE(T", "", ", ,"] {
            assert!(KnownMethods::parse(list).is_none(), "{list:?}");
        }
    }
}
