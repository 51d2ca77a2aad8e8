//! The cases of the W3C's test suite for Trace Context (`test/test.py` of its repository), by the names that they have there,
//! and what the suite leaves out.
//!
//! The suite was written for level 1, which gave a meaning to the `@` in a key of `tracestate`. Level 2, which has the random
//! flag and which this crate follows, has `@` as a character like any other but the first; the cases that differ are marked.
//! Of repeated keys the suite first asked to discard the list, and then to keep one of them or all.

use http::HeaderMap;
use omtx_tracing::{Propagator, Propagators};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceState};

use super::{headers, through};

const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";

/// The parent that `traceparent` headers name.
#[track_caller]
fn check_parent(traceparents: &[&str], expected: Option<&str>) {
    let propagators = Propagators::default();
    let pairs: Vec<_> = traceparents
        .iter()
        .map(|value| ("traceparent", value.as_bytes()))
        .collect();
    let found = propagators.extract_headers(&headers(&pairs));
    let found = found.trace().map(|trace| trace.to_string());
    assert_eq!(found.as_deref(), expected, "{traceparents:?}");
    let rejected = u64::from(expected.is_none() && !traceparents.is_empty());
    assert_eq!(propagators.rejected().traceparent, rejected);
}

/// The `tracestate` that goes out where these came in beside a valid parent; `None` if none does.
#[track_caller]
fn check_state(tracestates: &[&[u8]], expected: Option<&str>) {
    let propagators = Propagators::default();
    let mut pairs = vec![("traceparent", PARENT.as_bytes())];
    pairs.extend(tracestates.iter().map(|value| ("tracestate", *value)));
    let mut lines = vec![format!("traceparent: {PARENT}")];
    lines.extend(expected.map(|expected| format!("tracestate: {expected}")));
    assert_eq!(through(&propagators, &pairs), lines, "{tracestates:?}");
}

/// A `tracestate` that is discarded, and counted once, while the trace goes on.
#[track_caller]
fn check_discarded(tracestates: &[&[u8]]) {
    check_shortened(tracestates, None);
}

/// One of which only this goes on.
#[track_caller]
fn check_shortened(tracestates: &[&[u8]], expected: Option<&str>) {
    check_state(tracestates, expected);
    let propagators = Propagators::default();
    let mut pairs = vec![("traceparent", PARENT.as_bytes())];
    pairs.extend(tracestates.iter().map(|value| ("tracestate", *value)));
    let _ = propagators.extract_headers(&headers(&pairs));
    assert_eq!(propagators.rejected().tracestate, 1, "{tracestates:?}");
}

#[test]
fn traceparent_of_the_test_suite() {
    check_parent(&[], None); // test_both_traceparent_and_tracestate_missing
    check_parent(&[PARENT], Some(PARENT)); // test_traceparent_included_tracestate_missing
    // test_traceparent_duplicated
    check_parent(
        &[
            "00-12345678901234567890123456789011-1234567890123456-01",
            PARENT,
        ],
        None,
    );
    check_parent(&[PARENT, PARENT], None);
    // test_traceparent_version_0x00
    check_parent(
        &["00-12345678901234567890123456789012-1234567890123456-01."],
        None,
    );
    check_parent(
        &["00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like"],
        None,
    );
    // test_traceparent_version_0xcc
    check_parent(
        &["cc-12345678901234567890123456789012-1234567890123456-01"],
        Some(PARENT),
    );
    check_parent(
        &["cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like"],
        Some(PARENT),
    );
    check_parent(
        &["cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-like"],
        None,
    );
    for malformed in [
        "ff-12345678901234567890123456789012-1234567890123456-01", // test_traceparent_version_0xff
        ".0-12345678901234567890123456789012-1234567890123456-01", // test_traceparent_version_illegal_characters
        "0.-12345678901234567890123456789012-1234567890123456-01",
        "000-12345678901234567890123456789012-1234567890123456-01", // test_traceparent_version_too_long
        "0000-12345678901234567890123456789012-1234567890123456-01",
        "0-12345678901234567890123456789012-1234567890123456-01", // test_traceparent_version_too_short
        "00-00000000000000000000000000000000-1234567890123456-01", // test_traceparent_trace_id_all_zero
        "00-.2345678901234567890123456789012-1234567890123456-01", // test_traceparent_trace_id_illegal_characters
        "00-1234567890123456789012345678901.-1234567890123456-01",
        "00-123456789012345678901234567890123-1234567890123456-01", // test_traceparent_trace_id_too_long
        "00-1234567890123456789012345678901-1234567890123456-01", // test_traceparent_trace_id_too_short
        "00-12345678901234567890123456789012-0000000000000000-01", // test_traceparent_parent_id_all_zero
        "00-12345678901234567890123456789012-.234567890123456-01", // test_traceparent_parent_id_illegal_characters
        "00-12345678901234567890123456789012-123456789012345.-01",
        "00-12345678901234567890123456789012-12345678901234567-01", // test_traceparent_parent_id_too_long
        "00-12345678901234567890123456789012-123456789012345-01", // test_traceparent_parent_id_too_short
        "00-12345678901234567890123456789012-1234567890123456-.0", // test_traceparent_trace_flags_illegal_characters
        "00-12345678901234567890123456789012-1234567890123456-0.",
        "00-12345678901234567890123456789012-1234567890123456-001", // test_traceparent_trace_flags_too_long
        "00-12345678901234567890123456789012-1234567890123456-1", // test_traceparent_trace_flags_too_short
        // Not in the suite.
        "",
        "-",
        "00",
        "00-12345678901234567890123456789012-1234567890123456-",
        "00-12345678901234567890123456789012-1234567890123456",
        "00_12345678901234567890123456789012_1234567890123456_01",
        "00-1234567890123456789012345678901A-1234567890123456-01",
        "00-12345678901234567890123456789012-123456789012345B-01",
        "00-12345678901234567890123456789012-1234567890123456-0F",
        "CC-12345678901234567890123456789012-1234567890123456-01",
        "00-12345678901234567890123456789012-1234567890123456-01,00-12345678901234567890123456789012-1234567890123456-01",
        "00-12345678901234567890123456789012 1234567890123456-01",
    ] {
        check_parent(&[malformed], None);
    }
    // test_traceparent_ows_handling
    for spaced in [
        " 00-12345678901234567890123456789012-1234567890123456-01",
        "\t00-12345678901234567890123456789012-1234567890123456-01",
        "00-12345678901234567890123456789012-1234567890123456-01 ",
        "00-12345678901234567890123456789012-1234567890123456-01\t",
        "\t 00-12345678901234567890123456789012-1234567890123456-01 \t",
    ] {
        check_parent(&[spaced], Some(PARENT));
    }
}

#[test]
fn names_of_headers_are_of_any_case_and_nothing_else() {
    // test_traceparent_header_name, test_traceparent_header_name_valid_casing and their siblings for tracestate
    let propagators = Propagators::default();
    for name in ["trace-parent", "trace.parent"] {
        assert!(through(&propagators, &[(name, PARENT.as_bytes())]).is_empty());
    }
    for (parent, state) in [
        ("TraceParent", "TraceState"),
        ("TrAcEpArEnT", "TrAcEsTaTe"),
        ("TRACEPARENT", "TRACESTATE"),
    ] {
        assert_eq!(
            through(
                &propagators,
                &[(parent, PARENT.as_bytes()), (state, b"foo=1")]
            ),
            [
                format!("traceparent: {PARENT}"),
                "tracestate: foo=1".to_owned()
            ]
        );
    }
    for name in ["trace-state", "trace.state"] {
        assert_eq!(
            through(
                &propagators,
                &[("traceparent", PARENT.as_bytes()), (name, b"foo=1")]
            ),
            [format!("traceparent: {PARENT}")]
        );
    }
}

#[test]
fn the_random_flag_survives_and_unknown_flags_do_not() {
    for (sent, kept) in [
        ("00", "00"),
        ("01", "01"),
        ("02", "02"),
        ("03", "03"),
        ("ff", "03"),
        ("fc", "00"),
    ] {
        check_parent(
            &[&format!(
                "00-12345678901234567890123456789012-1234567890123456-{sent}"
            )],
            Some(&format!(
                "00-12345678901234567890123456789012-1234567890123456-{kept}"
            )),
        );
    }
}

#[test]
fn tracestate_of_the_test_suite() {
    // test_tracestate_included_traceparent_missing
    let propagators = Propagators::default();
    assert!(through(&propagators, &[("tracestate", b"foo=1")]).is_empty());
    assert!(
        through(
            &propagators,
            &[("traceparent", b"nonsense"), ("tracestate", b"foo=1")]
        )
        .is_empty()
    );

    check_state(&[b"foo=1,bar=2"], Some("foo=1,bar=2")); // test_tracestate_included_traceparent_included
    // test_tracestate_empty_header
    check_state(&[b""], None);
    check_state(&[b"foo=1", b""], Some("foo=1"));
    check_state(&[b"", b"foo=1"], Some("foo=1"));
    check_state(&[b" , \t,foo=1,,"], Some("foo=1"));
    // test_tracestate_multiple_headers_different_keys
    check_state(
        &[b"foo=1,bar=2", b"rojo=1,congo=2", b"baz=3"],
        Some("foo=1,bar=2,rojo=1,congo=2,baz=3"),
    );
    // test_tracestate_duplicated_keys
    check_shortened(&[b"foo=1,foo=1"], Some("foo=1"));
    check_shortened(&[b"foo=1,foo=2"], Some("foo=1"));
    check_shortened(&[b"foo=1", b"foo=1"], Some("foo=1"));
    check_shortened(&[b"foo=1", b"foo=2"], Some("foo=1"));
    check_shortened(&[b"a=1,foo=1,b=2", b"foo=2,c=3"], Some("a=1,foo=1,b=2,c=3"));
    // test_tracestate_ows_handling
    check_state(
        &[b"foo=1 \t , \t bar=2, \t baz=3"],
        Some("foo=1,bar=2,baz=3"),
    );
    check_state(
        &[b"foo=1\t \t,\t \tbar=2,\t \tbaz=3"],
        Some("foo=1,bar=2,baz=3"),
    );
    for spaced in [
        &b" foo=1"[..],
        b"\tfoo=1",
        b"foo=1 ",
        b"foo=1\t",
        b"\t foo=1 \t",
    ] {
        check_state(&[spaced], Some("foo=1"));
    }
    // test_tracestate_key_illegal_characters
    check_discarded(&[b"foo =1"]);
    check_discarded(&[b"FOO=1"]);
    check_discarded(&[b"foo.bar=1"]);
    // test_tracestate_value_illegal_characters
    check_discarded(&[b"foo=bar=baz"]);
    check_discarded(&[b"foo=,bar=3"]);
    // Not in the suite.
    check_discarded(&[b"foo"]);
    check_discarded(&[b"=1"]);
    check_discarded(&[b"foo=1\t2"]);
    check_discarded(&[b"foo=\xc3\xa4"]);
    check_state(&[b"foo= 1"], Some("foo= 1"));
}

#[test]
fn every_character_that_a_tracestate_may_have_is_passed_on() {
    // test_tracestate_all_allowed_characters
    let key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
    let value: String = (' '..='~').filter(|c| !matches!(c, ',' | '=')).collect();
    for key in [key.to_owned(), format!("{key}@a-z0-9_-*/")] {
        let member = format!("{key}={value}");
        check_state(&[member.as_bytes()], Some(&member));
    }
}

#[test]
fn a_tracestate_of_32_members_is_passed_on_and_one_of_33_is_not() {
    // test_tracestate_member_count_limit
    let members: Vec<_> = (1..=33).map(|n| format!("bar{n:02}={n:02}")).collect();
    let lines = [
        members[..10].join(","),
        members[10..20].join(","),
        members[20..30].join(","),
        members[30..32].join(","),
    ];
    let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
    check_state(&lines, Some(&members[..32].join(",")));
    check_discarded(&[members.join(",").as_bytes()]);
}

#[test]
fn keys_of_tracestate_are_those_of_level_2() {
    // test_tracestate_key_length_limit
    let longest = format!("foo=1,{}=1", "z".repeat(256));
    check_state(&[longest.as_bytes()], Some(&longest));
    check_discarded(&[format!("foo=1,{}=1", "z".repeat(257)).as_bytes()]);
    // test_tracestate_key_illegal_vendor_format
    check_discarded(&[b"@foo=1,bar=2"]);
    for of_level_2 in [
        "foo@=1,bar=2",        // the suite discards it, by level 1
        "foo@@bar=1,bar=2",    // the same
        "foo@bar@baz=1,bar=2", // the same
        &format!("foo=1,{}@{}=1", "t".repeat(241), "v".repeat(14)),
        &format!("foo=1,{}@v=1", "t".repeat(242)), // the same
        &format!("foo=1,t@{}=1", "v".repeat(15)),  // the same
    ] {
        check_state(&[of_level_2.as_bytes()], Some(of_level_2));
    }
}

#[test]
fn values_of_tracestate_have_256_characters_at_most() {
    let longest = format!("foo={}", "v".repeat(256));
    check_state(&[longest.as_bytes()], Some(&longest));
    check_discarded(&[format!("foo={}", "v".repeat(257)).as_bytes()]);
    let largest: Vec<_> = (0..32)
        .map(|n| format!("{n:02}{}={}", "k".repeat(254), "v".repeat(256)))
        .collect();
    let largest = largest.join(",");
    check_state(&[largest.as_bytes()], Some(&largest));
}

#[test]
fn a_tracestate_that_opentelemetry_does_not_hold_stays_with_its_own_trace() {
    let propagators = Propagators::default();
    let incoming = headers(&[
        ("traceparent", PARENT.as_bytes()),
        ("tracestate", b"a@@b=1"),
    ]);
    let context = propagators
        .extract_headers(&incoming)
        .into_context(&Context::new());

    let another = SpanContext::new(
        1.into(),
        2.into(),
        Default::default(),
        false,
        TraceState::NONE,
    );
    let mut out = HeaderMap::new();
    propagators.inject_headers(&context.with_remote_span_context(another), &mut out);
    assert_eq!(out.get("tracestate"), None, "it belongs to another trace");

    let parent = context.span().span_context().clone();
    let own = TraceState::from_key_value([("ours", "1")]).unwrap();
    let changed = SpanContext::new(
        parent.trace_id(),
        3.into(),
        parent.trace_flags(),
        false,
        own,
    );
    propagators.inject_headers(&context.with_remote_span_context(changed), &mut out);
    assert_eq!(
        out["tracestate"], "ours=1",
        "somebody made a list of their own"
    );
}

#[test]
fn a_former_hops_headers_are_replaced() {
    let propagators = Propagators::default();
    let incoming = headers(&[("traceparent", PARENT.as_bytes())]);
    let context = propagators
        .extract_headers(&incoming)
        .into_context(&Context::new());
    let mut out = headers(&[
        (
            "traceparent",
            b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        ("tracestate", b"stale=1"),
        ("tracestate", b"stale2=1"),
        ("x-other", b"stays"),
    ]);
    propagators.inject_headers(&context, &mut out);
    assert_eq!(out.get_all("traceparent").iter().count(), 1);
    assert_eq!(out["traceparent"], PARENT);
    assert_eq!(out.get("tracestate"), None);
    assert_eq!(out["x-other"], "stays");
}

#[test]
fn without_a_span_nothing_is_written() {
    let mut out = headers(&[("traceparent", b"set by hand")]);
    Propagators::default().inject_headers(&Context::new(), &mut out);
    assert_eq!(out.len(), 1);
    assert_eq!(out["traceparent"], "set by hand");
}

#[test]
fn without_formats_nothing_is_read_or_written() {
    let none = Propagators::new([]);
    let pairs: &[(&str, &[u8])] = &[("traceparent", PARENT.as_bytes()), ("baggage", b"a=1")];
    assert!(through(&none, pairs).is_empty());
    assert!(none.extract_headers(&headers(pairs)).baggage().is_none());
}

#[test]
fn formats_are_taken_once_and_their_fields_are_listed() {
    use opentelemetry::propagation::TextMapPropagator;

    let propagators = Propagators::new([
        Propagator::TraceContext,
        Propagator::Baggage,
        Propagator::TraceContext,
    ]);
    assert_eq!(
        propagators.formats(),
        [Propagator::TraceContext, Propagator::Baggage]
    );
    let fields: Vec<_> = propagators.fields().collect();
    assert_eq!(fields, ["traceparent", "tracestate", "baggage"]);
}
