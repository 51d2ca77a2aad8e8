//! The query of a request's target, without the secrets in it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Query parameters whose values are replaced by `REDACTED`: what signs requests to the object stores of Amazon, Google and
/// Microsoft.
///
/// The last five are the list of OpenTelemetry's conventions (HTTP spans, `url.query`), the first two were on it before.
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
/// Names are compared as a server reads them, percent-decoded, and without regard to case. The conventions would have case
/// matter ("SHOULD be case-sensitive"); but there are servers to which it does not, and a signature that is shown because
/// somebody wrote `Sig=` costs more than a value that is hidden.
pub(crate) fn redact<'q, N: AsRef<str>>(query: &'q str, redacted: &[N]) -> Cow<'q, str> {
    let mut shown = String::new();
    let mut kept = 0; // Everything before is in `shown`.
    let mut at = 0;
    for pair in query.split('&') {
        if let Some((name, value)) = pair.split_once('=') {
            if !value.is_empty() && redacted.iter().any(|secret| is(name, secret.as_ref())) {
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

/// Whether a name is this one, however it is encoded.
fn is(name: &str, secret: &str) -> bool {
    // Nearly all names are as short as they can be, and none gets longer by being decoded.
    if name.len() < secret.len() {
        return false;
    }
    let same = |byte: u8, other: u8| {
        byte.eq_ignore_ascii_case(&other) || (byte == b'+' && other == b' ') // as forms are encoded
    };
    let mut secret = secret.bytes();
    percent_decode_str(name).all(|byte| secret.next().is_some_and(|other| same(byte, other)))
        && secret.next().is_none()
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

    #[test]
    fn a_name_is_compared_as_a_server_reads_it() {
        check("%73ig=abc&q=1", "%73ig=REDACTED&q=1");
        check("s%69%67=abc", "s%69%67=REDACTED");
        check("X%2dAmz%2DSignature=s", "X%2dAmz%2DSignature=REDACTED");
        check("sig%=abc&%73i=d&%zzsig=e", "sig%=abc&%73i=d&%zzsig=e");
        let spaced = |query| redact(query, &["api key"]).into_owned();
        assert_eq!(spaced("api+key=s"), "api+key=REDACTED");
        assert_eq!(spaced("api%20key=s"), "api%20key=REDACTED");
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
        fn a_name_hides_in_no_encoding(encoded in proptest::collection::vec(any::<bool>(), 3), upper: bool) {
            let hex = |byte: u8| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
            let write = |(byte, encoded): (u8, bool)| if encoded { hex(byte) } else { char::from(byte).to_string() };
            let name: String = b"sig".iter().copied().zip(encoded).map(write).collect();
            prop_assert_eq!(redacted(&format!("q=1&{name}=abc")), format!("q=1&{name}=REDACTED"));
        }

        #[test]
        fn what_has_no_secret_is_unchanged(query in "[b-r0-9=&%+]{0,80}") {
            prop_assert_eq!(redacted(&query), query);
        }
    }
}
