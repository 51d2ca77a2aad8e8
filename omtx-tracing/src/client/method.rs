//! The method, and the name of a span that comes from it.

use std::borrow::Cow;

use http::Method;

use super::UrlTemplate;
use crate::semconv::KnownMethods;

/// `{method} {url.template}`, or `{method}`; `HTTP` for a method that is not known (conventions for HTTP spans, "Name").
pub(super) fn span_name<'m>(
    known: &KnownMethods,
    method: &'m Method,
    template: Option<UrlTemplate>,
) -> Cow<'m, str> {
    let method = known.name(method).unwrap_or("HTTP");
    match template {
        Some(UrlTemplate(template)) => Cow::Owned(format!("{method} {template}")),
        None => Cow::Borrowed(method),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, template: Option<UrlTemplate>, expected: &str) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(
            span_name(&KnownMethods::default(), &method, template),
            expected
        );
    }

    #[test]
    fn a_name_is_the_method_and_the_template() {
        check("GET", None, "GET");
        check("POST", Some(UrlTemplate("/jobs/{id}")), "POST /jobs/{id}");
        check("QUERY", None, "QUERY");
        check("get", None, "HTTP");
        check("BREW", Some(UrlTemplate("/pots/{id}")), "HTTP /pots/{id}");
    }
}
