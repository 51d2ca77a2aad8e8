//! W3C Baggage: what the application says about a request, for everyone that it passes through.
//!
//! ```text
//! baggage: tenant=acme,city=K%C3%B6ln;ttl=5
//! ```

use opentelemetry::baggage::Baggage;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};

use super::carrier::trim;
use super::rejected::Rejected;

/// Members that are read and written; W3C Baggage asks for 64 at least (section 3.3.2), OpenTelemetry's type holds no more.
const MAX_MEMBERS: usize = 64;

/// Bytes of all members with their commas; 8192 at least (the same).
const MAX_LEN: usize = 8192;

/// All that is no `baggage-octet` (section 3.3.1), the percent sign itself, and the equals sign, at which some readers, such as
/// opentelemetry_sdk 0.33, cut a value.
const VALUE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'%')
    .add(b',')
    .add(b';')
    .add(b'=')
    .add(b'\\');

/// Metadata has its own `;`, and what it percent-encodes is its own affair (section 3.3.1.4).
const METADATA: &AsciiSet = &CONTROLS.add(b'"').add(b',').add(b'\\');

/// The baggage of all headers together; `None` if there is none. What is malformed or beyond the limits is left out and
/// counted; at most [`MAX_LEN`] bytes are looked at.
pub(super) fn extract<'a>(
    headers: impl Iterator<Item = &'a [u8]>,
    rejected: &Rejected,
) -> Option<Baggage> {
    let mut baggage: Option<Baggage> = None;
    let mut left = MAX_LEN;
    for header in headers {
        // One comma joins two headers.
        let (seen, unseen) = header.split_at(header.len().min(left));
        left = left.saturating_sub(seen.len() + 1);
        let mut members = seen.split(|byte| *byte == b',').peekable();
        while let Some(member) = members.next() {
            let is_cut = members.peek().is_none() && !matches!(unseen, [] | [b',', ..]);
            if is_cut || trim(member).is_empty() {
                continue;
            }
            if !keep(member, baggage.get_or_insert_default()) {
                rejected.baggage(1);
            }
        }
        // What was cut and what is behind it count as one: how many there are is not worth a walk over them.
        if !matches!(trim(unseen), [] | [b',']) {
            rejected.baggage(1);
        }
    }
    baggage.filter(|baggage| !baggage.is_empty())
}

/// Whether a member was well-formed and there was room for it. Of several members with one key, the last counts.
fn keep(member: &[u8], baggage: &mut Baggage) -> bool {
    // list-member = key OWS "=" OWS value *( OWS ";" OWS property )
    let (pair, metadata) = split_once(member, b';').unwrap_or((member, b""));
    let Some((key, value)) = split_once(pair, b'=') else {
        return false;
    };
    let (key, value, metadata) = (trim(key), trim(value), trim(metadata));
    let value_is_valid = value.iter().all(|byte| is_octet(*byte));
    let metadata_is_valid = metadata
        .iter()
        .all(|byte| matches!(byte, b' ' | b'\t' | b';') || is_octet(*byte));
    let (Ok(key), Ok(metadata), true, true) = (
        std::str::from_utf8(key),
        std::str::from_utf8(metadata),
        value_is_valid,
        metadata_is_valid,
    ) else {
        return false;
    };
    // Asked before anything is allocated.
    if baggage.len() == MAX_MEMBERS && baggage.get(key).is_none() {
        return false;
    }
    // "percent-encoded octet sequences that do not match the UTF-8 encoding scheme MUST be replaced with the replacement
    // character" (section 3.3.1.3).
    let value = percent_decode(value).decode_utf8_lossy().into_owned();
    let before = baggage.len();
    let replaced = baggage.insert_with_metadata(key.to_owned(), value, metadata);
    // What it does not take, such as a key that is no token, it leaves out without a word.
    replaced.is_some() || baggage.len() > before
}

/// baggage-octet = %x21 / %x23-2B / %x2D-3A / %x3C-5B / %x5D-7E
fn is_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// What to send; `None` if there is nothing. Members beyond the limits are left out and counted.
pub(super) fn header(baggage: &Baggage, rejected: &Rejected) -> Option<String> {
    if baggage.is_empty() {
        return None;
    }
    let mut out = String::new();
    for (key, (value, metadata)) in baggage {
        let before = out.len();
        if before > 0 {
            out.push(',');
        }
        out.push_str(key.as_str());
        out.push('=');
        out.extend(utf8_percent_encode(value.as_str(), VALUE));
        if !metadata.as_str().is_empty() {
            out.push(';');
            out.extend(utf8_percent_encode(metadata.as_str(), METADATA));
        }
        if out.len() > MAX_LEN {
            out.truncate(before);
            rejected.baggage(1);
        }
    }
    (!out.is_empty()).then_some(out)
}

fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == at)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}
