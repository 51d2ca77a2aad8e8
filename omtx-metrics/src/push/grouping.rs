//! The grouping key: job and grouping labels, as a path.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// Appends `/{name}/{value}` to `path`.
///
/// A value that a path cannot carry as it is (empty, with a slash, or anything that a client, a proxy or a router on the way
/// might rewrite: dots only, percent signs, spaces…) goes as URL-safe base64 under `{name}@base64` (Pushgateway,
/// "Command-line usage", "Use of base64"). The padding of base64 is optional there, and alone stands for the empty value.
pub(super) fn write_segments(name: &str, value: &str, path: &mut String) {
    path.push('/');
    path.push_str(name);
    if is_plain(value) {
        path.push('/');
        path.push_str(value);
    } else if value.is_empty() {
        path.push_str("@base64/=");
    } else {
        path.push_str("@base64/");
        path.push_str(&BASE64_URL_SAFE_NO_PAD.encode(value));
    }
}

/// True for text of unreserved characters (RFC 3986, 2.3) and colons, which is no dot segment (5.2.4).
fn is_plain(value: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':');
    !value.is_empty() && value.bytes().all(plain) && value.bytes().any(|byte| byte != b'.')
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(value: &str) -> String {
        let mut path = String::new();
        write_segments("job", value, &mut path);
        path
    }

    #[test]
    fn a_value_goes_as_it_is_or_as_base64() {
        for (value, expected) in [
            ("nightly", "/job/nightly"),
            ("10.0.0.1:9100", "/job/10.0.0.1:9100"),
            ("", "/job@base64/="),
            // The Pushgateway's README has this one.
            ("/var/tmp", "/job@base64/L3Zhci90bXA"),
            ("a b", "/job@base64/YSBi"),
            ("50%", "/job@base64/NTAl"),
            ("Prometheus 2.0 Θ", "/job@base64/UHJvbWV0aGV1cyAyLjAgzpg"),
            (".", "/job@base64/Lg"),
            ("..", "/job@base64/Li4"),
            ("?", "/job@base64/Pw"),
            ("\n", "/job@base64/Cg"),
        ] {
            assert_eq!(path(value), expected, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn every_value_comes_back_from_two_segments(value: String) {
            let path = path(&value);
            let mut segments = path.split('/').skip(1);
            let (name, text) = (segments.next().unwrap(), segments.next().unwrap());
            prop_assert!(segments.next().is_none());
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !b"%?#/".contains(&byte)));
            let read = match name {
                "job" => text.as_bytes().to_vec(),
                _ => BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).unwrap(),
            };
            prop_assert_eq!(String::from_utf8(read).unwrap(), value);
        }
    }
}
