use http::{HeaderName, HeaderValue};

/// What a header of a request may not be set to: the exporter sets these, and a wrong one breaks the request.
const RESERVED: [&str; 7] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "te",
    "transfer-encoding",
];

/// One header of every request, its value marked so that nothing prints it.
pub(crate) fn header(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue), &'static str> {
    let name = HeaderName::try_from(name).map_err(|_| "a header name")?;
    // "grpc-" is reserved as a whole (gRPC over HTTP/2, "Requests").
    if RESERVED.contains(&name.as_str()) || name.as_str().starts_with("grpc-") {
        return Err("a header that the exporter does not set itself");
    }
    let mut value =
        HeaderValue::from_bytes(value).map_err(|_| "a header value, without control characters")?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// The headers of an `OTEL_EXPORTER_OTLP_HEADERS`; what is wrong with it, without any value.
pub(crate) fn parse(list: &str) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let members = super::list::members(list)
        .map_err(|at| format!("key=value between commas, and member {at} is none"))?;
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::with_capacity(members.len());
    for (key, value) in members {
        let (name, value) = header(&key, &value)
            .map_err(|expected| format!("{expected} in \"{}\"", key.escape_debug()))?;
        headers.retain(|(other, _)| *other != name);
        headers.push((name, value));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_lower_cased_decoded_and_hidden() {
        let headers = parse("Api-Key=s%20ecret, X-Tenant = omtx,api-key=later").unwrap();
        assert_eq!(headers.len(), 2);
        assert_eq!(headers[0].0, "x-tenant");
        assert_eq!(headers[1].1, "later");
        assert!(!format!("{headers:?}").contains("later"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_value() {
        for list in [
            "authorization",
            "a b=hunter2",
            "content-length=hunter2",
            "grpc-timeout=hunter2",
            "authorization=hunter2%0D%0Ax: y",
        ] {
            let error = parse(list).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
