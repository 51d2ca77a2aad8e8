//! What is refused when logging is set up. Malformed variables are in `levels`.

use omtx_logging::{Logging, Profile};

#[track_caller]
fn check(builder: omtx_logging::LoggingBuilder, expected: &str) {
    let error = builder.build().unwrap_err();
    assert!(error.is_invalid() && !error.is_installed() && !error.is_io());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_service_has_a_name() {
    check(
        Logging::builder(" "),
        r#"invalid service name " "; expected a name"#,
    );
}

#[test]
fn a_line_has_room_for_its_keys() {
    check(
        Logging::builder("hub").max_line_len(100),
        r#"invalid max_line_len "100"; expected at least 1024 bytes"#,
    );
}

#[test]
fn a_profile_is_one_of_six() {
    for profile in Profile::ALL {
        assert_eq!(profile.to_string().parse::<Profile>().unwrap(), profile);
    }
    assert!("json".parse::<Profile>().unwrap_err().is_invalid());
}
