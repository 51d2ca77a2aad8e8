//! Whatever the environment holds, it is read, and secrets are not shown.

use proptest::prelude::*;

use super::{EXPORTER, GENERAL, PROTOCOL, TRACES, with};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_of_any_variable_fails_or_panics(value in "\\PC*", which in 0_usize..15) {
        let name = [
            GENERAL, TRACES, PROTOCOL, EXPORTER,
            "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TIMEOUT",
            "OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_RESOURCE_ATTRIBUTES",
            "OTEL_SERVICE_NAME", "OTEL_PROPAGATORS", "OTEL_SDK_DISABLED",
            "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_TRACES_SAMPLER", "OTEL_BSP_SCHEDULE_DELAY",
            "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS",
        ][which];
        with(&[(name, &value)]);
    }

    #[test]
    fn headers_arrive_as_they_were_encoded(pairs in proptest::collection::btree_map("[a-z]{3,8}-x", "[ -~]{0,40}", 0..5)) {
        let encoded = pairs.iter().map(|(key, value)| {
            let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            format!("{key}={value}")
        });
        let list = encoded.collect::<Vec<_>>().join(",");
        let (settings, _) = with(&[("OTEL_EXPORTER_OTLP_HEADERS", &list)]);
        let read = settings.otlp.headers.unwrap_or_default();
        let read = read.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        prop_assert_eq!(read.collect::<std::collections::BTreeMap<_, _>>(), pairs);
    }

    #[test]
    fn resource_attributes_arrive_as_they_were_encoded(pairs in proptest::collection::btree_map("\\PC{1,12}", "\\PC{1,40}", 0..5)) {
        let blank = |text: &String| text.trim().is_empty();
        prop_assume!(!pairs.iter().any(|(key, value)| blank(key) || blank(value)));
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let list: Vec<_> = pairs.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
        let (settings, _) = with(&[("OTEL_RESOURCE_ATTRIBUTES", &list.join(","))]);
        let read = settings.attributes[1..].iter();
        let read = read.map(|attribute| (attribute.key.to_string(), attribute.value.to_string()));
        prop_assert_eq!(read.collect::<std::collections::BTreeMap<_, _>>(), pairs);
    }

    #[test]
    fn no_warning_about_headers_has_their_values(name in "[a-z =]{0,12}", secret in "[A-Z]{12}") {
        let list = format!("{name}={secret}%0d");
        let (settings, _) = with(&[("OTEL_EXPORTER_OTLP_HEADERS", &list)]);
        prop_assert!(!format!("{:?}", settings).contains(&secret), "{:?}", settings);
    }
}
