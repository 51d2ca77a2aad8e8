//! Labels of the HTTP families.

use omtx_http::{EndKind, Method};

use crate::Labels;
use crate::label::closed_label;

/// What every HTTP family is labelled with.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct RouteLabels<'a> {
    /// The method; what is not a registered one is `other`.
    pub method: Method,
    /// The route's template; `unmatched` if no route matched. Never the path.
    pub endpoint: &'a str,
}

/// The labels of `http_requests_total`.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct RequestLabels<'a> {
    /// The method; what is not a registered one is `other`.
    pub method: Method,
    /// The route's template; `unmatched` if no route matched. Never the path.
    pub endpoint: &'a str,
    /// The status of the response; 499 if the request was cancelled, 500 if its handler panicked.
    pub status: &'a str,
}

/// The labels of `http_request_ends_total`.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct EndLabels<'a> {
    /// The method; what is not a registered one is `other`.
    pub method: Method,
    /// The route's template; `unmatched` if no route matched. Never the path.
    pub endpoint: &'a str,
    /// How the request ended.
    pub end: EndKind,
}

closed_label!(Method);
closed_label!(EndKind);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LabelValue;

    #[test]
    fn an_index_leads_back_to_its_value() {
        for method in Method::ALL {
            assert_eq!(Method::from_index(method.index()), method);
            assert_eq!(LabelValue::as_str(method), method.as_str());
        }
        for end in EndKind::ALL {
            assert_eq!(EndKind::from_index(end.index()), end);
        }
        assert_eq!(
            EndKind::VALUES,
            [
                "ok",
                "error",
                "cancelled",
                "aborted",
                "panicked",
                "body_error"
            ]
        );
    }
}
