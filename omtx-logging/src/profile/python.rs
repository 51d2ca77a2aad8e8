//! The record of Python's JSON formatters: `module`, `function` and `line` beside the others.

use super::layout::{Site, string};

pub(super) const RESERVED: &[&str] = &["module", "function", "line"];

pub(super) fn location(out: &mut Vec<u8>, site: &Site<'_>) {
    if let Some(module) = site.module {
        string(out, r#","module""#, module);
    }
    if let Some(line) = site.line {
        out.extend_from_slice(br#","line":"#);
        out.extend_from_slice(itoa::Buffer::new().format(line).as_bytes());
    }
}
