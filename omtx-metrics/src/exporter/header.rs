//! Header fields that are lists of preferences: `Accept` and `Accept-Encoding`.
//!
//! Source: RFC 9110, sections 5.6.1 (lists), 5.6.6 (parameters) and 12.4.2 (weights).

/// What is read of one header field. Prometheus' own have 300 bytes at most; more than this is nobody's preference.
const MAX_BYTES: usize = 8 * 1024;

/// One element of the list: what is preferred, and how much.
#[derive(Debug, Clone, Copy)]
pub(super) struct Preference<'a> {
    /// `text/plain`, `*/*`, `gzip`; not empty.
    pub(super) name: &'a str,
    parameters: &'a str,
    pub(super) weight: Weight,
}

/// A weight in thousandths: 0 refuses, 1 000 is best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Weight(u16);

impl Weight {
    const MAX: Self = Self(1_000);
    /// Below everything that a client can ask for, and yet no refusal.
    pub(super) const LEAST: Self = Self(1);

    pub(super) fn refuses(self) -> bool {
        self.0 == 0
    }

    /// Reads a weight. `.5` and more than three digits are no weights by the RFC, but what they mean is clear.
    fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        if !text.bytes().all(plain) {
            return None;
        }
        let weight: f64 = text.parse().ok()?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1 000
        let thousandths = (weight * 1_000.0).round() as u16;
        match weight {
            0.0 => Some(Self(0)),
            // Above 0 is no refusal, however small.
            weight if weight <= 1.0 => Some(Self(thousandths.max(Self::LEAST.0))),
            _ => None,
        }
    }
}

impl<'a> Preference<'a> {
    fn parse(element: &'a str) -> Option<Self> {
        let (name, parameters) = split_once(element, b';');
        let name = name.trim_matches([' ', '\t']);
        if name.is_empty() {
            return None;
        }
        let plain = Self {
            name,
            parameters,
            weight: Weight::MAX,
        };
        let mut weight = plain.weight;
        for (name, value) in plain.parameters() {
            if name.eq_ignore_ascii_case("q") {
                weight = Weight::parse(value)?;
            }
        }
        Some(Self { weight, ..plain })
    }

    /// Names and values behind the name, without quotes; `q` is one of them.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut rest = self.parameters;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (parameter, behind) = split_once(rest, b';');
            rest = behind;
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.trim_matches([' ', '\t']);
            let quoted = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'));
            Some((name.trim_matches([' ', '\t']), quoted.unwrap_or(value)))
        })
    }
}

/// The preferences of a header field, in its order. What is malformed is left out.
pub(super) fn preferences(header: &str) -> impl Iterator<Item = Preference<'_>> {
    let mut rest = bounded(header);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (element, behind) = split_once(rest, b',');
        rest = behind;
        Some(element)
    })
    .filter_map(Preference::parse)
}

/// The elements that fit into [`MAX_BYTES`].
fn bounded(header: &str) -> &str {
    match header.as_bytes().get(..MAX_BYTES) {
        None => header,
        Some(head) => {
            let comma = head.iter().rposition(|&byte| byte == b',');
            &header[..comma.unwrap_or(0)]
        }
    }
}

/// What stands before and behind the first `separator` that is not in quotes.
fn split_once(text: &str, separator: u8) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    let at = text.bytes().position(|byte| {
        let ends = byte == separator && !quoted;
        quoted ^= byte == b'"' && !escaped;
        escaped = quoted && byte == b'\\' && !escaped;
        ends
    });
    match at {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(header: &str, expected: &[(&str, u16)]) {
        let found: Vec<_> = preferences(header)
            .map(|preference| (preference.name, preference.weight.0))
            .collect();
        assert_eq!(found, expected, "{header}");
    }

    #[test]
    fn elements_have_names_and_weights() {
        check("", &[]);
        check(" , ,", &[]);
        check("gzip", &[("gzip", 1_000)]);
        check(
            "a/b;q=0.5 , c/d ; x=y; Q=0.123,*/*;q=0",
            &[("a/b", 500), ("c/d", 123), ("*/*", 0)],
        );
    }

    #[test]
    fn commas_and_semicolons_in_quotes_separate_nothing() {
        check(
            r#"a/b;x="1,2;q=0";q=0.5,c/d"#,
            &[("a/b", 500), ("c/d", 1_000)],
        );
        check(r#"a/b;x="\",";q=0.5"#, &[("a/b", 500)]);
        let preference = preferences(r#"a/b;version="1.0.0""#).next().unwrap();
        assert_eq!(preference.parameters().next(), Some(("version", "1.0.0")));
    }

    #[test]
    fn an_element_with_a_malformed_weight_is_left_out() {
        for weight in ["", "abc", "1.5", "-1", "1e0", "0.5.5", "NaN", "inf"] {
            check(&format!("a/b;q={weight},c/d"), &[("c/d", 1_000)]);
        }
    }

    #[test]
    fn weights_that_old_clients_send_are_read() {
        check(
            "a/b;q=.2,c/d;q=0.33333,e/f;q=0.00001",
            &[("a/b", 200), ("c/d", 333), ("e/f", 1)],
        );
    }

    #[test]
    fn what_is_beyond_the_limit_is_not_read() {
        let long = format!("a/b,{},c/d", "x".repeat(64 * 1024));
        check(&long, &[("a/b", 1_000)]);
        check(&"é".repeat(64 * 1024), &[]);
        check(&",".repeat(64 * 1024), &[]);
    }

    proptest! {
        #[test]
        fn no_header_panics(header in "[a-z*/;,=q0-9. \"\\\\é]{0,60}") {
            for preference in preferences(&header) {
                prop_assert!(preference.weight <= Weight::MAX);
                preference.parameters().for_each(drop);
            }
        }
    }
}
