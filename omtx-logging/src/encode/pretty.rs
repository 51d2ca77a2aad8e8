//! The line of a terminal: the same values, for a reader.

use omtx_context::TraceContext;

use super::block::Slot;
use super::merge::{EVENT, Item, Merge, Sources};

/// Turns the message, which stands in the line as a JSON field, into plain text, and appends the fields as `key=value`, the ids of
/// the trace last: they are long, and seldom what is looked for.
pub(crate) fn finish(
    line: &mut Vec<u8>,
    message_at: usize,
    items: &mut Vec<Item>,
    slots: &[Slot],
    sources: &Sources<'_>,
    trace: Option<&TraceContext>,
    color: bool,
) {
    let message = line.split_off(message_at);
    let message = message.strip_prefix(b",\"message\":").unwrap_or_default();
    if !message.is_empty() {
        line.push(b' ');
        line.extend_from_slice(&readable(message));
    }
    items.clear();
    sources.blocks[0].add_items(0, items);
    sources.blocks[1].add_items(1, items);
    items.extend(slots.iter().map(|slot| Item::new(*slot, EVENT)));
    let (dim, plain) = if color {
        ("\x1b[2m", "\x1b[0m")
    } else {
        ("", "")
    };
    Merge::new(items, sources).for_each(|key, value| {
        line.extend_from_slice(format!(" {dim}{key}={plain}").as_bytes());
        let bare = value
            .strip_prefix(b"\"")
            .and_then(|value| value.strip_suffix(b"\""))
            .filter(|text| !text.is_empty() && text.iter().all(|byte| is_plain(*byte)));
        line.extend_from_slice(bare.unwrap_or(value));
    });
    if let Some(trace) = trace {
        let (trace_id, span_id) = (trace.trace_id(), trace.span_id());
        let ids = format!(" {dim}trace_id={trace_id} span_id={span_id}{plain}");
        line.extend_from_slice(ids.as_bytes());
    }
}

/// Appends what JSON lines have as keys.
pub(crate) fn marks(line: &mut Vec<u8>, truncated: bool, suppressed: u64) {
    if suppressed > 0 {
        line.extend_from_slice(format!(" suppressed={suppressed}").as_bytes());
    }
    if truncated {
        line.extend_from_slice(b" truncated=true");
    }
}

/// Needs no quotes to be told from what is around it.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_./:@+%".contains(&byte) || !byte.is_ascii()
}

/// A JSON string without its quotes; quotes and backslashes inside are as they were, controls stay escaped: nothing that
/// is logged can draw on the terminal, or look like a line of its own.
fn readable(json: &[u8]) -> Vec<u8> {
    let inner = json
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
        .unwrap_or(json);
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        match (byte, rest.peek()) {
            (b'\\', Some(b'"' | b'\\')) => out.extend(rest.next()),
            _ => out.push(byte),
        }
    }
    out
}
