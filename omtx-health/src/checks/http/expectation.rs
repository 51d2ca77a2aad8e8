//! What an answer has to be like.

use std::collections::BTreeSet;

use ::http::StatusCode;
use ::http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::Http;

#[derive(Debug)]
pub(super) struct Expectations {
    pub(super) passing: BTreeSet<u16>,
    pub(super) degraded: BTreeSet<u16>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) contains: Vec<String>,
    pub(super) json: Vec<(String, Value)>,
    pub(super) max_body_bytes: usize,
}

impl Default for Expectations {
    fn default() -> Self {
        Self {
            passing: (200..=299).collect(),
            degraded: BTreeSet::new(),
            headers: Vec::new(),
            contains: Vec::new(),
            json: Vec::new(),
            max_body_bytes: Http::DEFAULT_MAX_BODY_BYTES,
        }
    }
}

impl Expectations {
    pub(super) fn degraded(&self, status: StatusCode) -> Option<String> {
        self.degraded
            .contains(&status.as_u16())
            .then(|| format!("answered {status}"))
    }

    pub(super) fn head(&self, status: StatusCode, headers: &HeaderMap) -> Result<(), String> {
        if !self.passing.contains(&status.as_u16()) {
            let hint = match status.is_redirection() {
                true => " (redirects are not followed)",
                false => "",
            };
            let expected = ranges(&self.passing);
            return Err(format!("answered {status}; expected {expected}{hint}"));
        }
        for (name, value) in &self.headers {
            if !headers.get_all(name).iter().any(|it| it == value) {
                return Err(match headers.get(name) {
                    // Its value may be a cookie's or a token's.
                    Some(_) => format!("header {name} is not as expected"),
                    None => format!("has no header {name}"),
                });
            }
        }
        Ok(())
    }

    pub(super) fn need_body(&self) -> bool {
        !self.contains.is_empty() || !self.json.is_empty()
    }

    pub(super) fn body(&self, body: &[u8]) -> Result<(), String> {
        for text in &self.contains {
            let found = text.is_empty() || body.windows(text.len()).any(|it| it == text.as_bytes());
            if !found {
                return Err(format!("the body has no {text:?} in it"));
            }
        }
        if self.json.is_empty() {
            return Ok(());
        }
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| format!("the body is no JSON: {error}"))?;
        for (pointer, expected) in &self.json {
            match value.pointer(pointer) {
                Some(found) if found == expected => {}
                Some(found) => {
                    let found = shown(found);
                    return Err(format!("{pointer} is {found}; expected {expected}"));
                }
                None => return Err(format!("the body has no {pointer}; expected {expected}")),
            }
        }
        Ok(())
    }
}

/// A value for a message, which is not the place for a whole document.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 100;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// `200-299, 404`
fn ranges(codes: &BTreeSet<u16>) -> String {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for &code in codes {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == code => *last = code,
            _ => ranges.push((code, code)),
        }
    }
    let texts: Vec<_> = ranges
        .into_iter()
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        })
        .collect();
    match texts.is_empty() {
        true => "no status at all".to_owned(),
        false => texts.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_sets_are_told_as_ranges() {
        for (codes, expected) in [
            (vec![], "no status at all"),
            (vec![200], "200"),
            (vec![404, 200, 201], "200-201, 404"),
            (vec![u16::MAX - 1, u16::MAX], "65534-65535"),
        ] {
            assert_eq!(ranges(&codes.into_iter().collect()), expected);
        }
    }

    #[test]
    fn long_values_are_cut_on_a_character_boundary() {
        let text = shown(&Value::from("ü".repeat(500)));
        assert_eq!(text.chars().count(), 101);
        assert!(text.ends_with("ü…"));
    }
}
