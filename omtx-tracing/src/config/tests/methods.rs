//! Which methods spans call by their names.

use http::Method;

use super::with;

const METHODS: &str = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS";

#[test]
fn a_list_of_methods_counts_and_one_with_a_mistake_is_left_out_with_a_warning() {
    let brew = Method::from_bytes(b"BREW").unwrap();
    let knows = |value: &str| {
        let (settings, _) = with(&[(METHODS, value)]);
        let known = [&brew, &Method::POST].map(|method| settings.known_methods.name(method));
        let said: Vec<String> = settings.warnings.iter().map(ToString::to_string).collect();
        (known.map(|name| name.is_some()), said)
    };
    assert_eq!(knows("GET, BREW"), ([true, false], vec![]));
    assert_eq!(knows(""), ([false, true], vec![]));
    for malformed in ["BREW,P OST", ","] {
        let said = format!(
            "ignored {METHODS} \"{malformed}\"; expected HTTP methods with commas between them, such as GET,POST,PURGE"
        );
        assert_eq!(knows(malformed), ([false, true], vec![said]));
    }
}
