//! Whether a client would rather have `application/health+json`.

use http::HeaderMap;
use http::header::ACCEPT;

/// True if the client names `application/health+json` and likes it no less than `application/json`.
///
/// Ranges (`*/*`, `application/*`) do not count: everybody sends them, and most mean plain JSON.
pub(super) fn wants_health_json(headers: &HeaderMap) -> bool {
    let (mut health, mut plain) = (0, 0);
    let values = headers.get_all(ACCEPT).iter();
    for range in values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
    {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let quality = parts
            .find_map(|parameter| {
                parameter
                    .strip_prefix("q=")
                    .or(parameter.strip_prefix("Q="))
            })
            .map_or(1000, thousandths);
        if media_type.eq_ignore_ascii_case("application/health+json") {
            health = quality;
        } else if media_type.eq_ignore_ascii_case("application/json") {
            plain = quality;
        }
    }
    health > 0 && health >= plain
}

/// A quality (RFC 9110, 12.4.2) in thousandths; 0 for what is none.
fn thousandths(text: &str) -> u32 {
    match text.parse::<f32>() {
        Ok(quality) if (0.0..=1.0).contains(&quality) => (quality * 1000.0) as u32,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[track_caller]
    fn check(accept: &str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        assert_eq!(wants_health_json(&headers), expected, "{accept}");
    }

    #[test]
    fn it_has_to_be_named() {
        check("application/health+json", true);
        check("Application/Health+JSON; q=0.9, */*", true);
        check("*/*", false);
        check("application/*", false);
        check("text/html, application/json", false);
    }

    #[test]
    fn the_higher_quality_wins() {
        check("application/health+json;q=0.5, application/json", false);
        check("application/health+json, application/json;q=0.9", true);
        check("application/health+json;q=0", false);
        check("application/health+json;q=nonsense", false);
    }

    #[test]
    fn no_header_is_plain_json() {
        assert!(!wants_health_json(&HeaderMap::new()));
    }
}
