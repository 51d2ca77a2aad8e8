//! `tracestate`: other systems' parts of a trace context, passed on as they came.

use opentelemetry::trace::{SpanContext, TraceId, TraceState};

use super::carrier::trim;
use super::rejected::Rejected;

/// "There can be a maximum of 32 list-members in a list" (W3C Trace Context level 2, section 3.3.2).
const MAX_MEMBERS: usize = 32;

/// Bytes that 32 of the longest members have with their commas; what is longer is not looked at.
const MAX_LEN: usize = MAX_MEMBERS * (MAX_KEY_LEN + 1 + MAX_VALUE_LEN + 1);

const MAX_KEY_LEN: usize = 256;
const MAX_VALUE_LEN: usize = 256;

/// A well-formed list that [`TraceState`] refuses, for the trace that it came with.
///
/// `TraceState` checks keys by the rules of level 1, and those of the part behind an `@` more tightly than that. Such a list
/// still has to be passed on. Spans and links, which hold a `TraceState`, are recorded without it.
#[derive(Debug)]
pub(super) struct Verbatim {
    trace_id: TraceId,
    list: String,
}

/// The list that all headers make together; none if it is malformed: "If the tracestate header cannot be parsed the vendor MAY
/// discard the entire header" (section 4.3).
#[inline]
pub(super) fn extract<'a>(
    mut headers: impl Iterator<Item = &'a [u8]>,
    trace_id: TraceId,
    rejected: &Rejected,
) -> (TraceState, Option<Verbatim>) {
    // Most requests have none, and need no room for its members.
    match headers.next() {
        None => (TraceState::NONE, None),
        Some(first) => read(std::iter::once(first).chain(headers), trace_id, rejected),
    }
}

fn read<'a>(
    headers: impl Iterator<Item = &'a [u8]>,
    trace_id: TraceId,
    rejected: &Rejected,
) -> (TraceState, Option<Verbatim>) {
    let mut members = [("", ""); MAX_MEMBERS];
    let mut repeated = false;
    let parsed = parse(headers, &mut members, &mut repeated);
    if parsed.is_none() || repeated {
        rejected.tracestate();
    }
    let len = parsed.unwrap_or(0);
    if len == 0 {
        return (TraceState::NONE, None);
    }
    let members = &members[..len];
    match TraceState::from_key_value(members.iter().copied()) {
        Ok(state) => (state, None),
        Err(_) => {
            let mut list = String::new();
            write(members.iter().copied(), &mut list);
            (TraceState::NONE, Some(Verbatim { trace_id, list }))
        }
    }
}

/// How many members there are; `None` if the list is malformed. Whether some were left out, because their keys were there
/// before.
fn parse<'a>(
    headers: impl Iterator<Item = &'a [u8]>,
    members: &mut [(&'a str, &'a str); MAX_MEMBERS],
    repeated: &mut bool,
) -> Option<usize> {
    let mut len = 0;
    let mut bytes = 0;
    for header in headers {
        bytes += header.len();
        if bytes > MAX_LEN {
            return None;
        }
        for member in header.split(|byte| *byte == b',') {
            let member = trim(member);
            // "Empty and whitespace-only list members are allowed" (section 3.3.2).
            if member.is_empty() {
                continue;
            }
            let (key, value) = parse_member(member)?;
            // "Only one entry per key is allowed because the entry represents that last position in the trace" (section 3.3.3):
            // the first one does, since new ones are added at the beginning. The others may be discarded (section 3.5).
            if members[..len].iter().any(|(other, _)| *other == key) {
                *repeated = true;
                continue;
            }
            if len == MAX_MEMBERS {
                return None;
            }
            members[len] = (key, value);
            len += 1;
        }
    }
    Some(len)
}

fn parse_member(member: &[u8]) -> Option<(&str, &str)> {
    let equals = member.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (&member[..equals], &member[equals + 1..]);
    // key = ( lcalpha / DIGIT ) 0*255 ( keychar )    (section 3.3.2.2.1)
    let key_is_valid = matches!(key, [b'a'..=b'z' | b'0'..=b'9', rest @ ..]
        if rest.len() < MAX_KEY_LEN && rest.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@')));
    // value = 0*255(chr) nblk-chr    (section 3.3.2.2.2); its last character is not blank, since members are trimmed.
    let value_is_valid = (1..=MAX_VALUE_LEN).contains(&value.len())
        && value
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'='));
    if !key_is_valid || !value_is_valid {
        return None;
    }
    Some((
        std::str::from_utf8(key).ok()?,
        std::str::from_utf8(value).ok()?,
    ))
}

/// What to send; `None` for an empty list, which vendors "SHOULD avoid sending" (section 3.3.2).
pub(super) fn header(span: &SpanContext, verbatim: Option<&Verbatim>) -> Option<String> {
    let members = span.trace_state().into_iter();
    if members.len() > 0 {
        let mut out = String::new();
        write(members, &mut out);
        // Whoever changed the list in this process may have put anything into a value.
        return out
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~'))
            .then_some(out);
    }
    // As long as nobody has a list of their own for it, the one that came stays with the trace.
    verbatim
        .filter(|verbatim| verbatim.trace_id == span.trace_id())
        .map(|verbatim| verbatim.list.clone())
}

fn write<'a>(members: impl Iterator<Item = (&'a str, &'a str)>, out: &mut String) {
    for (key, value) in members {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(key);
        out.push('=');
        out.push_str(value);
    }
}
