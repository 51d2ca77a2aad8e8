//! `Span` of `opentelemetry/proto/trace/v1/trace.proto`, written while it is open.
//!
//! Attributes, events and links are encoded when they are set, into one buffer: nothing of the caller's is kept, and to end a
//! span is to append what is only known then. Protobuf lets repeated fields stand in any order and between others.

use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{KeyValue, Value};
use prost::encoding::{decode_varint, encode_varint};

use super::value::{AttributeValue, Measured, attribute, cut_bytes};
use super::wire;
use crate::SpanLimits;

/// The key of `Span.attributes` on the wire.
const ATTRIBUTE: u8 = 9 << 3 | 2;
/// Keys of the attributes inside an event and a link.
const EVENT_ATTRIBUTE: u8 = 3 << 3 | 2;
const LINK_ATTRIBUTE: u8 = 4 << 3 | 2;

/// `SpanFlags` of trace.proto: whether it is known if the parent (of a link: the context) is remote, and whether it is.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// A link's ids, flags, lengths and count, with room to spare; its tracestate comes on top.
const MAX_LINK: usize = 64;

/// Names and descriptions of a status have no limit in the specification; here they have this one, in bytes.
pub(crate) const MAX_TEXT: usize = 16 << 10;

/// What a span is from its start, and cannot change.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) context: &'a SpanContext,
    pub(crate) parent_span_id: SpanId,
    pub(crate) parent_is_remote: bool,
    pub(crate) kind: &'a SpanKind,
    pub(crate) start: u64,
}

/// What is only known at a span's end.
#[derive(Debug)]
pub(crate) struct Trailer<'a> {
    pub(crate) name: &'a str,
    pub(crate) status: &'a Status,
    pub(crate) end: u64,
}

/// A `Span` message that grows.
#[derive(Debug)]
pub(crate) struct Recording {
    message: Vec<u8>,
    /// How much of it the header is.
    header: usize,
    /// One bit for each of 64 classes of keys: no key of a class was set while its bit is 0, which saves the search.
    seen: u64,
    attributes: u32,
    dropped_attributes: u32,
    events: u32,
    dropped_events: u32,
    links: u32,
    dropped_links: u32,
    /// Values that were cut.
    cuts: u64,
}

impl Recording {
    /// Writes the header into `buffer`, which is emptied before.
    pub(crate) fn new(mut buffer: Vec<u8>, header: &Header<'_>) -> Self {
        buffer.clear();
        let flags = u32::from(header.context.trace_flags().to_u8());
        // One write of what is there in every span, at the places that it has there.
        let mut fixed = [0; 45];
        fixed[..2].copy_from_slice(&[1 << 3 | 2, 16]);
        fixed[2..18].copy_from_slice(&header.context.trace_id().to_bytes());
        fixed[18..20].copy_from_slice(&[2 << 3 | 2, 8]);
        fixed[20..28].copy_from_slice(&header.context.span_id().to_bytes());
        fixed[28..30].copy_from_slice(&[6 << 3, kind(header.kind)]);
        fixed[30] = 7 << 3 | 1;
        fixed[31..39].copy_from_slice(&header.start.to_le_bytes());
        fixed[39..41].copy_from_slice(&[0x85, 0x01]); // 16 << 3 | 5, as a varint
        fixed[41..].copy_from_slice(&(flags | is_remote(header.parent_is_remote)).to_le_bytes());
        buffer.extend_from_slice(&fixed);
        trace_state(3, header.context, &mut buffer);
        if header.parent_span_id != SpanId::INVALID {
            wire::bytes(4, &header.parent_span_id.to_bytes(), &mut buffer);
        }
        Self {
            header: buffer.len(),
            message: buffer,
            seen: 0,
            attributes: 0,
            dropped_attributes: 0,
            events: 0,
            dropped_events: 0,
            links: 0,
            dropped_links: 0,
            cuts: 0,
        }
    }

    /// Sets an attribute; of a key that is set already, the value is replaced ("Set Attributes"). A key must not be empty
    /// ("Attribute"), so one that is counts as dropped.
    pub(crate) fn attribute(&mut self, key: &str, value: AttributeValue<'_>, limits: &SpanLimits) {
        let class = class_of(key);
        let old = match self.seen & class {
            0 => None,
            _ => self.find(key),
        };
        let replaced = old.as_ref().map_or(0, |old| old.len());
        let measured = Measured::new(key, value, limits.value_length);
        if key.is_empty()
            || (old.is_none() && self.attributes >= limits.attributes)
            || self.message.len() - replaced + measured.len() > limits.bytes
        {
            self.dropped_attributes = self.dropped_attributes.saturating_add(1);
            return;
        }
        match old {
            Some(old) => drop(self.message.drain(old)),
            None => self.attributes += 1,
        }
        self.seen |= class;
        self.cuts += value.cuts(limits.value_length);
        attribute(
            ATTRIBUTE,
            key,
            value,
            limits.value_length,
            &mut self.message,
        );
    }

    /// Whether an attribute of this key is set.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.seen & class_of(key) != 0 && self.find(key).is_some()
    }

    /// Adds an event.
    pub(crate) fn event(
        &mut self,
        name: &str,
        time: u64,
        attributes: &[KeyValue],
        already_dropped: u32,
        limits: &SpanLimits,
    ) {
        let (kept, mut dropped) = within(attributes, limits.event_attributes);
        let budget = limits.bytes.saturating_sub(self.message.len());
        let kept_name = cut_bytes(name, MAX_TEXT);
        if self.events >= limits.events || len_of(kept, limits) + kept_name.len() + 32 > budget {
            self.dropped_events = self.dropped_events.saturating_add(1);
            return;
        }
        dropped = dropped.saturating_add(already_dropped);
        self.events += 1;
        self.cuts += cuts_of(kept, limits) + u64::from(kept_name.len() < name.len());
        wire::message(11, &mut self.message, |out| {
            wire::fixed64(1, time, out);
            wire::bytes(2, kept_name.as_bytes(), out);
            put_all(EVENT_ATTRIBUTE, kept, limits, out);
            wire::uint(4, dropped.into(), out);
        });
    }

    /// Adds a link.
    pub(crate) fn link(&mut self, link: &Link, limits: &SpanLimits) {
        let (kept, dropped) = within(&link.attributes, limits.link_attributes);
        let budget = limits.bytes.saturating_sub(self.message.len());
        let len = MAX_LINK + len_of_trace_state(&link.span_context) + len_of(kept, limits);
        if self.links >= limits.links || len > budget {
            self.dropped_links = self.dropped_links.saturating_add(1);
            return;
        }
        self.links += 1;
        self.cuts += cuts_of(kept, limits);
        wire::message(13, &mut self.message, |out| {
            let context = &link.span_context;
            wire::bytes(1, &context.trace_id().to_bytes(), out);
            wire::bytes(2, &context.span_id().to_bytes(), out);
            trace_state(3, context, out);
            put_all(LINK_ATTRIBUTE, kept, limits, out);
            let dropped = dropped.saturating_add(link.dropped_attributes_count);
            wire::uint(5, dropped.into(), out);
            let flags = u32::from(context.trace_flags().to_u8());
            wire::fixed32(6, flags | is_remote(context.is_remote()), out);
        });
    }

    /// Counts what somebody else dropped before it came here.
    pub(crate) fn dropped(&mut self, attributes: u32, events: u32, links: u32) {
        self.dropped_attributes = self.dropped_attributes.saturating_add(attributes);
        self.dropped_events = self.dropped_events.saturating_add(events);
        self.dropped_links = self.dropped_links.saturating_add(links);
    }

    /// Completes the message, and leaves it here empty.
    pub(crate) fn finish(&mut self, trailer: &Trailer<'_>) -> Vec<u8> {
        let mut message = std::mem::take(&mut self.message);
        let out = &mut message;
        wire::bytes(5, self.text(trailer.name).as_bytes(), out);
        let mut end = [8 << 3 | 1; 9];
        end[1..].copy_from_slice(&trailer.end.to_le_bytes());
        out.extend_from_slice(&end);
        wire::uint(10, self.dropped_attributes.into(), out);
        wire::uint(12, self.dropped_events.into(), out);
        wire::uint(14, self.dropped_links.into(), out);
        wire::message(15, out, |out| match trailer.status {
            Status::Unset => {}
            Status::Ok => wire::uint(3, 1, out),
            Status::Error { description } => {
                wire::bytes(2, self.text(description).as_bytes(), out);
                wire::uint(3, 2, out);
            }
        });
        message
    }

    /// How many values were cut so far; complete once the message is.
    pub(crate) fn cuts(&self) -> u64 {
        self.cuts
    }

    /// What is kept of a name or a description.
    fn text<'t>(&mut self, text: &'t str) -> &'t str {
        let kept = cut_bytes(text, MAX_TEXT);
        self.cuts += u64::from(kept.len() < text.len());
        kept
    }

    /// Where the attribute of this key is in the message.
    fn find(&self, key: &str) -> Option<std::ops::Range<usize>> {
        let mut start = self.header;
        while let Some((&field, mut rest)) = self.message[start..].split_first() {
            let len = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
            let end = self.message.len() - rest.len() + len;
            if field == ATTRIBUTE {
                let mut content = rest.get(1..len)?; // behind the key of `KeyValue.key`
                let key_len = usize::try_from(decode_varint(&mut content).ok()?).ok()?;
                if content.get(..key_len)? == key.as_bytes() {
                    return Some(start..end);
                }
            }
            start = end;
        }
        None
    }
}

/// The bit of a key: of its length and its last eight bytes, where keys that share a namespace differ.
#[inline]
fn class_of(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let last = match bytes.last_chunk() {
        Some(last) => u64::from_le_bytes(*last),
        None => bytes
            .iter()
            .fold(0, |all, byte| all << 8 | u64::from(*byte)),
    };
    let mixed = (last ^ (bytes.len() as u64).rotate_right(8)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    1 << (mixed >> 58)
}

/// The attributes that a limit leaves, and how many it does not.
fn within(attributes: &[KeyValue], limit: u32) -> (&[KeyValue], u32) {
    let kept = attributes.len().min(limit as usize);
    (&attributes[..kept], (attributes.len() - kept) as u32)
}

/// The last value of each key ("Attribute Collections": keys are unique), in the order of these.
fn unique(attributes: &[KeyValue]) -> impl Iterator<Item = (&str, &Value)> {
    attributes.iter().enumerate().filter_map(|(at, attribute)| {
        let later = &attributes[at + 1..];
        let last = later.iter().all(|other| other.key != attribute.key);
        last.then_some((attribute.key.as_str(), &attribute.value))
    })
}

fn len_of(attributes: &[KeyValue], limits: &SpanLimits) -> usize {
    let len = |attribute: &KeyValue| {
        let value = AttributeValue::from(&attribute.value);
        Measured::new(attribute.key.as_str(), value, limits.value_length).len()
    };
    attributes.iter().map(len).sum()
}

/// How many of their strings are cut.
fn cuts_of(attributes: &[KeyValue], limits: &SpanLimits) -> u64 {
    let cuts = |(_, value)| AttributeValue::from(value).cuts(limits.value_length);
    match limits.value_length {
        usize::MAX => 0,
        _ => unique(attributes).map(cuts).sum(),
    }
}

fn put_all(field: u8, attributes: &[KeyValue], limits: &SpanLimits, out: &mut Vec<u8>) {
    for (key, value) in unique(attributes) {
        attribute(
            field,
            key,
            AttributeValue::from(value),
            limits.value_length,
            out,
        );
    }
}

/// Of the members with the commas between them.
fn len_of_trace_state(context: &SpanContext) -> usize {
    let members = context.trace_state().into_iter();
    let commas = members.len().saturating_sub(1);
    let len = |(key, value): (&str, &str)| key.len() + 1 + value.len();
    members.map(len).sum::<usize>() + commas
}

fn trace_state(tag: u32, context: &SpanContext, out: &mut Vec<u8>) {
    let len = len_of_trace_state(context);
    if len == 0 {
        return;
    }
    prost::encoding::encode_key(tag, prost::encoding::WireType::LengthDelimited, out);
    encode_varint(len as u64, out);
    for (at, (key, value)) in context.trace_state().into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(key.as_bytes());
        out.push(b'=');
        out.extend_from_slice(value.as_bytes());
    }
}

fn is_remote(remote: bool) -> u32 {
    HAS_IS_REMOTE | if remote { IS_REMOTE } else { 0 }
}

fn kind(kind: &SpanKind) -> u8 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

#[cfg(test)]
mod tests;
