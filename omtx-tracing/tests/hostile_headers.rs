//! What strangers send costs bounded memory, and a request without headers costs none. Alone in its binary, which counts.

#[path = "alloc/counting.rs"]
mod counting;

use http::{HeaderMap, HeaderValue};
use omtx_tracing::Propagators;
use opentelemetry::Context;

use counting::{Asked, asked};

const PARENT: HeaderValue =
    HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");

/// Reads the headers, and says what that cost.
fn extract(headers: &HeaderMap) -> Asked {
    let propagators = Propagators::default();
    let first = asked(|| propagators.extract_headers(headers));
    // Again, when whatever a thread or a library sets up once is there.
    let second = asked(|| propagators.extract_headers(headers));
    assert!(second.times <= first.times);
    second
}

#[test]
fn a_request_without_headers_costs_nothing() {
    assert_eq!(extract(&HeaderMap::new()), Asked::default());
}

#[test]
fn reading_a_parent_allocates_nothing_and_its_context_once() {
    let headers = HeaderMap::from_iter([(http::HeaderName::from_static("traceparent"), PARENT)]);
    assert_eq!(extract(&headers), Asked::default());
    let extracted = Propagators::default().extract_headers(&headers);
    let base = Context::new();
    assert_eq!(asked(|| extracted.into_context(&base)).times, 1);
}

#[test]
fn a_megabyte_of_baggage_costs_no_more_than_its_limit() {
    for value in [
        vec![b'v'; 1 << 20],
        [b"k=".to_vec(), vec![b'v'; 1 << 20]].concat(),
        b"k=v,".repeat(1 << 18),
        b",".repeat(1 << 20),
        b"k=%C3%A4%C3%A4%C3%A4%C3%A4;p=1,".repeat(1 << 15),
        vec![0xff; 1 << 20],
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("baggage", HeaderValue::from_bytes(&value).unwrap());
        let Asked { times, bytes } = extract(&headers);
        // 8192 bytes are looked at. At worst they are one key again and again, whose last value is the one that is kept.
        assert!(times <= 3 * 2048 + 8, "{times}");
        assert!(bytes <= 32 << 10, "{bytes}");
    }
}

#[test]
fn members_beyond_the_64th_are_not_copied() {
    let members: Vec<_> = (0..1000).map(|n| format!("k{n}=v")).collect();
    let mut headers = HeaderMap::new();
    headers.insert("baggage", members.join(",").try_into().unwrap());
    let Asked { times, bytes } = extract(&headers);
    // A key and a value each, and the map that holds them, which grows six times.
    assert!(times <= 2 * 64 + 8, "{times}");
    assert!(bytes <= 32 << 10, "{bytes}");
}

#[test]
fn a_thousand_headers_of_baggage_cost_no_more_than_one() {
    let mut headers = HeaderMap::new();
    for n in 0..1000 {
        let value = format!("k{n}={}", "v".repeat(1000));
        headers.append("baggage", value.try_into().unwrap());
    }
    let Asked { times, bytes } = extract(&headers);
    assert!(times <= 64, "{times}");
    assert!(bytes <= 32 << 10, "{bytes}");
}

#[test]
fn a_tracestate_of_a_thousand_members_is_discarded_without_keeping_any() {
    let members: Vec<_> = (0..1000).map(|n| format!("k{n}=v")).collect();
    for list in [
        members.join(","),
        "a=b".repeat(1 << 18),
        ",".repeat(1 << 20),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", PARENT);
        headers.insert("tracestate", list.try_into().unwrap());
        assert_eq!(extract(&headers), Asked::default());
    }
}

#[test]
fn the_longest_tracestate_is_kept_once() {
    let members: Vec<_> = (0..32)
        .map(|n| format!("{n:02}{}={}", "k".repeat(254), "v".repeat(256)))
        .collect();
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", PARENT);
    headers.insert("tracestate", members.join(",").try_into().unwrap());
    let Asked { times, bytes } = extract(&headers);
    assert!(times <= 2 * 32 + 8, "{times}");
    assert!(bytes <= 24 << 10, "{bytes}");
}

#[test]
fn binary_and_endless_parents_are_discarded_without_keeping_any() {
    for value in [
        vec![0xff; 1 << 20],
        vec![b'0'; 1 << 20],
        vec![b' '; 1 << 20],
    ] {
        for name in ["traceparent", "b3", "x-b3-traceid"] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_bytes(&value).unwrap());
            assert_eq!(extract(&headers), Asked::default());
        }
    }
}
