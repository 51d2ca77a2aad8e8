//! The query of a request's target, without the secrets in it.

use std::borrow::Cow;

/// Query parameters whose values are replaced by `REDACTED`: what signs requests to the object stores of Amazon, Google and
/// Microsoft.
///
/// The first five are the list of OpenTelemetry's conventions (HTTP spans, `url.query`); the credential and the session token
/// stand beside them in the same URLs.
pub const DEFAULT_REDACTED: &[&str] = &[
    "AWSAccessKeyId",
    "Signature",
    "sig",
    "X-Goog-Signature",
    "X-Amz-Signature",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
];

const REPLACEMENT: &str = "REDACTED";

/// `query` with the values of the `redacted` parameters replaced; the names stay, as the conventions ask.
///
/// Names are compared without regard to case: a signature that is shown because somebody wrote `Sig=` helps nobody.
pub(crate) fn redact<'q, N: AsRef<str>>(query: &'q str, redacted: &[N]) -> Cow<'q, str> {
    let mut shown = String::new();
    let mut kept = 0; // Everything before is in `shown`.
    let mut at = 0;
    for pair in query.split('&') {
        if let Some((name, value)) = pair.split_once('=') {
            let is_secret = |secret: &N| secret.as_ref().eq_ignore_ascii_case(name);
            if !value.is_empty() && redacted.iter().any(is_secret) {
                shown.push_str(&query[kept..at + name.len() + 1]);
                shown.push_str(REPLACEMENT);
                kept = at + pair.len();
            }
        }
        at += pair.len() + 1;
    }
    if kept == 0 {
        return Cow::Borrowed(query);
    }
    shown.push_str(&query[kept..]);
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redacted(query: &str) -> String {
        redact(query, DEFAULT_REDACTED).into_owned()
    }

    #[track_caller]
    fn check(query: &str, expected: &str) {
        assert_eq!(redacted(query), expected);
    }

    #[test]
    fn values_of_secrets_go_and_names_and_order_stay() {
        check("q=OpenTelemetry&sig=abc", "q=OpenTelemetry&sig=REDACTED");
        check("sig=abc", "sig=REDACTED");
        check("SIG=abc&x", "SIG=REDACTED&x");
        check("sig=&sig", "sig=&sig");
        check("sig=a=b&Signature=c&&", "sig=REDACTED&Signature=REDACTED&&");
        check("design=7&sig2=8", "design=7&sig2=8");
        check("", "");
        check("&&=&", "&&=&");
        check(
            "X-Amz-Credential=AKIA%2F1&X-Amz-Date=2&X-Amz-Security-Token=t&X-Amz-Signature=s",
            "X-Amz-Credential=REDACTED&X-Amz-Date=2&X-Amz-Security-Token=REDACTED&X-Amz-Signature=REDACTED",
        );
    }

    proptest! {
        #[test]
        fn a_secret_is_gone_wherever_it_stands_and_the_rest_is_as_it_was(
            before in "[a-z=&%]{0,40}", secret in "[A-Z0-9]{20}", after in "(&[a-z=&]{0,40})?"
        ) {
            let plain = format!("{before}&sig={secret}{after}");
            let shown = redacted(&plain);
            prop_assert!(!shown.contains(&secret));
            prop_assert_eq!(shown, redacted(&format!("{before}&sig=x{after}")));
        }

        #[test]
        fn what_has_no_secret_is_unchanged(query in "[b-r0-9=&%+]{0,80}") {
            prop_assert_eq!(redacted(&query), query);
        }
    }
}
