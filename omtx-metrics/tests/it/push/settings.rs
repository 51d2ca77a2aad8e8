//! What a builder refuses.

use std::time::Duration;

use omtx_metrics::Registry;
use omtx_metrics::push::{Pushgateway, PushgatewayBuilder};

#[track_caller]
fn refused(builder: PushgatewayBuilder, expected: &str) {
    let error = builder.build(&Registry::new()).unwrap_err();
    assert!(error.is_invalid());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn malformed_settings_are_refused_with_what_was_expected() {
    let builder = || Pushgateway::builder("push:9091").job("nightly");
    refused(
        Pushgateway::builder("push:9091"),
        r#"invalid job ""; expected a name that is not empty"#,
    );
    refused(
        builder().job(""),
        r#"invalid job ""; expected a name that is not empty"#,
    );
    for label in ["", "a-b", "__x", "é"] {
        refused(
            builder().grouping(label, "x"),
            &format!(
                "invalid grouping label \"{label}\"; expected [a-zA-Z_][a-zA-Z0-9_]*, not starting with \"__\", and not \"le\" or \"quantile\""
            ),
        );
    }
    for builder in [
        builder().grouping("job", "x"),
        builder().grouping("a", "x").grouping("a", "y"),
    ] {
        let error = builder.build(&Registry::new()).unwrap_err().to_string();
        let end = "expected a name that is given once, and is not \"job\"";
        assert!(error.ends_with(end), "{error}");
    }
    for timeout in [Duration::ZERO, Duration::from_secs(3_601)] {
        refused(
            builder().timeout(timeout),
            &format!(
                "invalid timeout of a push \"{timeout:?}\"; expected more than zero, and an hour at most"
            ),
        );
    }
    refused(
        builder().basic_auth("a:b", "secret"),
        r#"invalid user for basic authentication "a:b"; expected a name without a colon (RFC 7617)"#,
    );
    refused(
        builder().bearer("two\nlines"),
        r#"invalid bearer token "***"; expected visible ASCII characters"#,
    );
    refused(
        builder().header("x-key", "two\nlines"),
        r#"invalid value of header "x-key" "***"; expected visible ASCII characters"#,
    );
    for name in ["", "a b", "Authorization", "content-type"] {
        refused(
            builder().header(name, "x"),
            &format!(
                "invalid header \"{name}\"; expected a header name (RFC 9110) other than authorization, content-length, content-type and host"
            ),
        );
    }
    let gateway = builder().build(&Registry::new()).unwrap();
    assert_eq!(
        gateway.push_every(Duration::ZERO).unwrap_err().to_string(),
        r#"invalid interval of pushes "0s"; expected more than zero"#
    );
}

#[cfg(not(feature = "push-tls"))]
#[test]
fn https_without_its_feature_names_the_feature() {
    refused(
        Pushgateway::builder("https://push:9091").job("nightly"),
        "invalid Pushgateway URL \"https://push:9091\"; expected http://host:port, with a path if there is a prefix (https:// needs the feature \"push-tls\")",
    );
}

#[cfg(feature = "push-tls")]
#[test]
fn root_certificates_that_are_none_are_refused_without_being_shown() {
    for pem in [
        "",
        "secret",
        "-----BEGIN CERTIFICATE-----\n!!secret!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
    ] {
        refused(
            Pushgateway::builder("https://push:9091")
                .job("nightly")
                .root_certificates(pem),
            r#"invalid root certificates "***"; expected PEM with at least one CERTIFICATE"#,
        );
    }
}
