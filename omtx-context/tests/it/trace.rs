//! Ids: validity and their text.

use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
use proptest::prelude::*;

#[test]
fn all_zero_ids_are_invalid() {
    assert!(TraceId::new(0).is_none());
    assert!(TraceId::from_bytes([0; 16]).is_none());
    assert!(SpanId::new(0).is_none());
}

#[test]
fn an_absent_trace_context_costs_no_extra_space() {
    // The point of ids that are valid by construction.
    assert_eq!(size_of::<Option<TraceContext>>(), size_of::<TraceContext>());
}

proptest! {
    #[test]
    fn ids_print_as_lower_case_hex_of_full_width(trace in 1..=u128::MAX, span in 1..=u64::MAX, flags: u8) {
        let (trace_id, span_id) = (TraceId::new(trace).unwrap(), SpanId::new(span).unwrap());
        let context = TraceContext::new(trace_id, span_id, TraceFlags::new(flags));
        prop_assert_eq!(context.to_string(), format!("00-{trace:032x}-{span:016x}-{flags:02x}"));
        prop_assert_eq!(TraceId::from_bytes(trace_id.to_bytes()), Some(trace_id));
        prop_assert_eq!(SpanId::from_bytes(span_id.to_bytes()), Some(span_id));
        prop_assert_eq!(context.is_sampled(), flags % 2 == 1);
    }
}
