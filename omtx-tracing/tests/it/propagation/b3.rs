//! B3 in its two forms.

use omtx_tracing::{Propagator, Propagators};

use super::{headers, through};

const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
const SPAN: &str = "e457b5a2e4d86bd1";

fn single() -> Propagators {
    Propagators::new([Propagator::B3])
}

fn multi() -> Propagators {
    Propagators::new([Propagator::B3Multi])
}

/// What is read from headers, as `traceparent` has it.
#[track_caller]
fn check(pairs: &[(&str, &str)], expected: Option<&str>, rejected: u64) {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    for propagators in [single(), multi()] {
        let found = propagators.extract_headers(&headers(&pairs));
        let found = found.trace().map(|trace| trace.to_string());
        assert_eq!(found.as_deref(), expected, "{pairs:?}");
        assert_eq!(propagators.rejected().b3, rejected, "{pairs:?}");
    }
}

#[test]
fn the_single_header_is_read() {
    let sampled = format!("00-{TRACE}-{SPAN}-01");
    let dropped = format!("00-{TRACE}-{SPAN}-00");
    for (header, expected) in [
        (format!("{TRACE}-{SPAN}-1"), &sampled),
        (format!("{TRACE}-{SPAN}-d"), &sampled),
        (format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90"), &sampled),
        (format!(" {TRACE}-{SPAN}-1\t"), &sampled),
        (format!("{TRACE}-{SPAN}-0"), &dropped),
        (format!("{TRACE}-{SPAN}"), &dropped),
    ] {
        check(&[("b3", &header)], Some(expected), 0);
    }
    check(
        &[("b3", &format!("64fe8b2a57d3eff7-{SPAN}-1"))],
        Some(&format!("00-000000000000000064fe8b2a57d3eff7-{SPAN}-01")),
        0,
    );
}

#[test]
fn a_decision_without_ids_begins_no_trace() {
    for decision in ["0", "1", "d"] {
        check(&[("b3", decision)], None, 0);
    }
    check(&[("x-b3-sampled", "0")], None, 0);
}

#[test]
fn malformed_single_headers_are_counted() {
    for header in [
        String::new(),
        "2".to_owned(),
        TRACE.to_owned(),
        format!("{TRACE}-{SPAN}-2"),
        format!("{TRACE}-{SPAN}-1-"),
        format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90-1"),
        format!("{TRACE}-{}-1", "0".repeat(16)),
        format!("{}-{SPAN}-1", "0".repeat(32)),
        format!("{}-{SPAN}-1", TRACE.to_uppercase()),
        format!("{}-{SPAN}-1", &TRACE[1..]),
        format!("{TRACE}-{}-1", &SPAN[1..]),
        format!("{TRACE}-{TRACE}-1"),
    ] {
        check(&[("b3", &header)], None, 1);
    }
    let header = format!("{TRACE}-{SPAN}-1");
    check(&[("b3", &header), ("b3", &header)], None, 1);
}

#[test]
fn the_headers_of_the_other_form_are_read() {
    let ids = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)];
    for (more, flags) in [
        (vec![("x-b3-sampled", "1")], "01"),
        (vec![("x-b3-sampled", "true")], "01"),
        (vec![("x-b3-sampled", "0")], "00"),
        (vec![("x-b3-sampled", "false")], "00"),
        (vec![], "00"),
        (vec![("x-b3-flags", "1")], "01"),
        (vec![("x-b3-flags", "1"), ("x-b3-sampled", "0")], "01"),
        (vec![("x-b3-flags", "0"), ("x-b3-sampled", "1")], "01"),
        (
            vec![("x-b3-sampled", "1"), ("x-b3-parentspanid", "anything")],
            "01",
        ),
    ] {
        let pairs = [&ids[..], &more].concat();
        check(&pairs, Some(&format!("00-{TRACE}-{SPAN}-{flags}")), 0);
    }
    check(&ids[..1], None, 1);
    check(&ids[1..], None, 1);
    check(&[ids[0], ids[1], ("x-b3-sampled", "yes")], None, 1);
}

#[test]
fn the_single_header_goes_before_the_others_and_they_stand_in_for_a_malformed_one() {
    let others = [
        ("x-b3-traceid", "463ac35c9f6413ad48485a3953bb6124"),
        ("x-b3-spanid", "a2fb4a1d1a96d312"),
        ("x-b3-sampled", "1"),
    ];
    let header = format!("{TRACE}-{SPAN}-0");
    let both = [&[("b3", &*header)], &others[..]].concat();
    check(&both, Some(&format!("00-{TRACE}-{SPAN}-00")), 0);
    let malformed = [&[("b3", "nonsense")], &others[..]].concat();
    check(
        &malformed,
        Some("00-463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-01"),
        1,
    );
}

#[test]
fn both_forms_are_written_and_debug_is_passed_on() {
    for (state, lines) in [
        ("1", ["x-b3-sampled: 1"]),
        ("0", ["x-b3-sampled: 0"]),
        ("d", ["x-b3-flags: 1"]),
    ] {
        let header = format!("{TRACE}-{SPAN}-{state}");
        let pairs = &[("b3", header.as_bytes())];
        assert_eq!(through(&single(), pairs), [format!("b3: {header}")]);
        let mut expected = vec![
            format!("x-b3-spanid: {SPAN}"),
            format!("x-b3-traceid: {TRACE}"),
        ];
        expected.extend(lines.map(str::to_owned));
        expected.sort();
        assert_eq!(through(&multi(), pairs), expected);
    }
}

#[test]
fn what_a_former_hop_wrote_in_either_form_does_not_go_on() {
    let former = headers(&[
        ("b3", b"463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-d"),
        ("x-b3-traceid", b"463ac35c9f6413ad48485a3953bb6124"),
        ("x-b3-spanid", b"a2fb4a1d1a96d312"),
        ("x-b3-parentspanid", b"0020000000000001"),
        ("x-b3-sampled", b"1"),
        ("x-b3-flags", b"1"),
    ]);
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let context = Propagators::default()
        .extract_headers(&headers(&[("traceparent", parent.as_bytes())]))
        .into_context(&opentelemetry::Context::new());
    let one = vec![format!("b3: {TRACE}-{SPAN}-1")];
    let other = vec![
        "x-b3-sampled: 1".to_owned(),
        format!("x-b3-spanid: {SPAN}"),
        format!("x-b3-traceid: {TRACE}"),
    ];
    let both = Propagators::new([Propagator::B3, Propagator::B3Multi]);
    for (propagators, expected) in [
        (single(), one.clone()),
        (multi(), other.clone()),
        (both, [one, other].concat()),
    ] {
        let mut sent = former.clone();
        propagators.inject_headers(&context, &mut sent);
        let mut sent: Vec<_> = sent
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        sent.sort();
        assert_eq!(sent, expected);
    }
}

#[test]
fn of_several_formats_the_last_one_that_names_a_parent_counts() {
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let header = format!("{TRACE}-{SPAN}-1");
    let pairs: &[(&str, &[u8])] = &[
        ("traceparent", traceparent.as_bytes()),
        ("b3", header.as_bytes()),
    ];
    let b3_last = Propagators::new([Propagator::TraceContext, Propagator::B3]);
    assert_eq!(
        through(&b3_last, pairs),
        [
            format!("b3: {header}"),
            format!("traceparent: 00-{TRACE}-{SPAN}-01")
        ]
    );
    let b3_first = Propagators::new([Propagator::B3, Propagator::TraceContext]);
    assert_eq!(
        through(&b3_first, pairs)[1],
        format!("traceparent: {traceparent}")
    );
    assert_eq!(
        through(&b3_last, &pairs[..1])[1],
        format!("traceparent: {traceparent}")
    );
}

#[test]
fn debug_holds_for_the_trace_that_it_came_with_and_no_other() {
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let header = format!("{TRACE}-{SPAN}-d");
    let pairs: &[(&str, &[u8])] = &[
        ("traceparent", traceparent.as_bytes()),
        ("b3", header.as_bytes()),
    ];
    let b3_first = Propagators::new([Propagator::B3, Propagator::TraceContext]);
    assert_eq!(
        through(&b3_first, pairs)[0],
        "b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"
    );
    let b3_last = Propagators::new([Propagator::TraceContext, Propagator::B3]);
    assert_eq!(through(&b3_last, pairs)[0], format!("b3: {header}"));
}

#[test]
fn one_parent_in_both_formats_keeps_what_only_one_of_them_says() {
    let header = format!("{TRACE}-{SPAN}-d");
    let traceparent = format!("00-{TRACE}-{SPAN}-03");
    let pairs: &[(&str, &[u8])] = &[
        ("traceparent", traceparent.as_bytes()),
        ("tracestate", b"congo=1"),
        ("b3", header.as_bytes()),
    ];
    for formats in [
        [Propagator::TraceContext, Propagator::B3],
        [Propagator::B3, Propagator::TraceContext],
    ] {
        assert_eq!(
            through(&Propagators::new(formats), pairs),
            [
                format!("b3: {header}"),
                format!("traceparent: {traceparent}"),
                "tracestate: congo=1".to_owned(),
            ]
        );
    }
}
