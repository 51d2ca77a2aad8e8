//! The cases of the W3C's test suite for Baggage (`test/baggage/test_baggage.py` of its repository), and what it leaves out.

use http::HeaderMap;
use omtx_tracing::Propagators;
use opentelemetry::baggage::{Baggage, BaggageExt, BaggageMetadata};
use opentelemetry::{Context, KeyValue};
use proptest::prelude::*;

use super::headers;

/// Key, value, metadata.
type Member<'a> = (&'a str, &'a str, &'a str);

fn read(values: &[&[u8]]) -> (Vec<(String, String, String)>, u64) {
    let propagators = Propagators::default();
    let pairs: Vec<_> = values.iter().map(|value| ("baggage", *value)).collect();
    let found = propagators.extract_headers(&headers(&pairs));
    let mut members: Vec<_> = found
        .baggage()
        .into_iter()
        .flatten()
        .map(|(key, (value, metadata))| {
            (
                key.to_string(),
                value.to_string(),
                metadata.as_str().to_owned(),
            )
        })
        .collect();
    members.sort();
    (members, propagators.rejected().baggage)
}

#[track_caller]
fn check_rejecting(values: &[&[u8]], expected: &[Member<'_>], rejected: u64) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(key, value, metadata)| ((*key).into(), (*value).into(), (*metadata).into()))
        .collect();
    assert_eq!(read(values), (expected, rejected));
}

#[track_caller]
fn check(values: &[&str], expected: &[Member<'_>]) {
    let values: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
    check_rejecting(&values, expected, 0);
}

fn written(baggage: impl Into<Baggage>) -> (Option<String>, u64) {
    let propagators = Propagators::default();
    let mut out = HeaderMap::new();
    propagators.inject_headers(&Context::new().with_baggage(baggage), &mut out);
    let header = out
        .get("baggage")
        .map(|value| value.to_str().unwrap().to_owned());
    (header, propagators.rejected().baggage)
}

#[test]
fn members_of_the_test_suite_are_read() {
    check(&["SomeKey=SomeValue"], &[("SomeKey", "SomeValue", "")]);
    check(
        &["SomeKey=SomeValue,SomeKey2=SomeValue2"],
        &[("SomeKey", "SomeValue", ""), ("SomeKey2", "SomeValue2", "")],
    );
    check(
        &["SomeKey \t = \t SomeValue \t , \t SomeKey2 \t = \t SomeValue2 \t "],
        &[("SomeKey", "SomeValue", ""), ("SomeKey2", "SomeValue2", "")],
    );
    check(
        &["SomeKey=SomeValue;SomeProp,SomeKey2=SomeValue2;SomeProp2"],
        &[
            ("SomeKey", "SomeValue", "SomeProp"),
            ("SomeKey2", "SomeValue2", "SomeProp2"),
        ],
    );
    check(
        &["SomeKey=SomeValue;SomePropKey=SomePropValue"],
        &[("SomeKey", "SomeValue", "SomePropKey=SomePropValue")],
    );
    check(
        &["SomeKey \t = \t SomeValue \t ; \t SomePropKey=SomePropValue \t "],
        &[("SomeKey", "SomeValue", "SomePropKey=SomePropValue")],
    );
    check(
        &["SomeKey=SomeValue=equals"],
        &[("SomeKey", "SomeValue=equals", "")],
    );
    check(
        &["SomeKey \t = \t %09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29 \t "],
        &[("SomeKey", "\t \"';=asdf!@#$%^&*()", "")],
    );
}

#[test]
fn several_headers_are_one_list() {
    check(
        &["userId=alice", "serverNode=DF%2028,isProduction=false"],
        &[
            ("isProduction", "false", ""),
            ("serverNode", "DF 28", ""),
            ("userId", "alice", ""),
        ],
    );
    check(&["", "a=1", " , ,\t"], &[("a", "1", "")]);
    check(&["a=1", "a=2"], &[("a", "2", "")]);
}

#[test]
fn an_empty_value_is_a_value() {
    check(&["a=,b= ;p"], &[("a", "", ""), ("b", "", "p")]);
}

#[test]
fn octets_that_are_no_utf_8_are_replaced() {
    check(&["a=%FF%C3%A4"], &[("a", "\u{fffd}ä", "")]);
    check(&["a=100%,b=%zz"], &[("a", "100%", ""), ("b", "%zz", "")]);
}

#[test]
fn malformed_members_are_left_out_alone() {
    for malformed in [
        &b"no equals sign"[..],
        b"=value",
        b"a key=1",
        b"k\"=1",
        b"(k)=1",
        b"k=a b",
        b"k=a\"b",
        b"k=a\\b",
        b"k=\xc3\xa4",
        b"\xc3\xa4=k",
        b"k=v;p=\"q\"",
        b"k=v;\xff",
    ] {
        let header = [b"a=1,", malformed, b",z=2"].concat();
        check_rejecting(&[&header], &[("a", "1", ""), ("z", "2", "")], 1);
    }
}

#[test]
fn what_is_beyond_64_members_is_left_out() {
    let members: Vec<_> = (0..70).map(|n| format!("k{n:02}={n}")).collect();
    let (kept, rejected) = read(&[members.join(",").as_bytes()]);
    assert_eq!((kept.len(), rejected), (64, 6));
    assert_eq!((kept[0].0.as_str(), kept[63].0.as_str()), ("k00", "k63"));
}

#[test]
fn what_is_beyond_8192_bytes_is_left_out() {
    let largest = format!("k={}", "v".repeat(8190));
    let (kept, rejected) = read(&[largest.as_bytes()]);
    assert_eq!((kept[0].1.len(), rejected), (8190, 0));
    // A member that is cut is no member.
    assert_eq!(read(&[format!("{largest}v").as_bytes()]), (vec![], 1));
    assert_eq!(read(&[format!("a=1,{largest}").as_bytes()]).0.len(), 1);
    // One that ends with the limit is whole, and what follows is counted once.
    let (kept, rejected) = read(&[format!("{largest},b=1,c=2").as_bytes()]);
    assert_eq!((kept.len(), rejected), (1, 1));
    let (kept, rejected) = read(&[largest.as_bytes(), b"b=1", b"c=2"]);
    assert_eq!((kept.len(), rejected), (1, 2));
}

#[test]
fn values_are_written_in_octets_that_a_header_may_have() {
    let baggage = |value: &str| written([KeyValue::new("k", value.to_owned())]).0.unwrap();
    assert_eq!(
        baggage("plain!#$&'()*+-./:<>?@[]^_`{|}~"),
        "k=plain!#$&'()*+-./:<>?@[]^_`{|}~"
    );
    assert_eq!(
        baggage("a b,c;d\\e\"f%g=h"),
        "k=a%20b%2Cc%3Bd%5Ce%22f%25g%3Dh"
    );
    assert_eq!(baggage("Köln\r\nx: y"), "k=K%C3%B6ln%0D%0Ax:%20y");
    assert_eq!(baggage(""), "k=");
}

#[test]
fn metadata_cannot_add_members_or_headers() {
    let mut baggage = Baggage::new();
    baggage.insert_with_metadata("k", "v", "p=1;q, evil=1\r\nset-cookie: \"x\"");
    assert_eq!(
        written(baggage).0.unwrap(),
        "k=v;p=1;q%2C evil=1%0D%0Aset-cookie: %22x%22"
    );
}

#[test]
fn members_that_do_not_fit_are_not_written() {
    let mut baggage = Baggage::new();
    // Each byte is three when it is written.
    for key in ["a", "b", "c"] {
        baggage.insert(key, ",".repeat(1500));
    }
    let (header, rejected) = written(baggage);
    let header = header.unwrap();
    assert_eq!((header.split(',').count(), rejected), (1, 2));
    assert_eq!(header.len(), 2 + 4500);
    assert_eq!(written(Baggage::new()), (None, 0));
}

#[test]
fn baggage_travels_without_a_span() {
    let (header, _) = written([KeyValue::new("tenant", "acme")]);
    assert_eq!(header.as_deref(), Some("tenant=acme"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(
        pairs in proptest::collection::btree_map("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}", any::<String>(), 0..8),
        metadata in "[!-+\\--:<-\\[\\]-~;]{0,10}",
    ) {
        let metadata = metadata.replace('"', "");
        let mut baggage = Baggage::new();
        for (key, value) in &pairs {
            baggage.insert_with_metadata(key.clone(), value.clone(), metadata.as_str());
        }
        let (header, rejected) = written(baggage);
        prop_assert_eq!(rejected, 0);
        let header = header.unwrap_or_default();
        prop_assert!(header.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        let propagators = Propagators::default();
        let found = propagators.extract_headers(&headers(&[("baggage", header.as_bytes())]));
        prop_assert_eq!(propagators.rejected().baggage, 0);
        let empty = Baggage::new();
        let found = found.baggage().unwrap_or(&empty);
        prop_assert_eq!(found.len(), pairs.len());
        for (key, value) in &pairs {
            let (read, read_metadata) = found.get_with_metadata(key).unwrap();
            prop_assert_eq!(read.as_str(), value.as_str());
            prop_assert_eq!(read_metadata, &BaggageMetadata::from(metadata.as_str()));
        }
    }
}
