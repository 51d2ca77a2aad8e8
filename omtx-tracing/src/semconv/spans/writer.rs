//! Attributes on their way to a span that is being begun.

use http::HeaderMap;

use super::{Bounds, CapturedHeaders};
use crate::Span;
use crate::encode::AttributeValue;

/// Writes attributes to a span that is being begun. What somebody else chose is kept within [`Bounds`].
pub(crate) struct Writer<'s> {
    span: &'s mut Span,
    pub(crate) bounds: Bounds,
}

impl<'s> Writer<'s> {
    pub(crate) fn new(span: &'s mut Span) -> Self {
        Self {
            span,
            bounds: Bounds::default(),
        }
    }

    /// How many values were cut.
    pub(crate) fn cuts(&self) -> u64 {
        self.bounds.cuts()
    }

    pub(crate) fn put<'v>(&mut self, key: &str, value: impl Into<AttributeValue<'v>>) {
        self.span.attribute(key, value);
    }

    /// What somebody else wrote.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        let kept = self.bounds.cut(value);
        self.put(key, kept);
    }

    /// Those of the headers that are there.
    pub(crate) fn headers(&mut self, captured: &CapturedHeaders, headers: &HeaderMap) {
        for (key, values) in captured.of(headers, &mut self.bounds) {
            let values: Vec<_> = values.iter().map(|value| &**value).collect();
            self.span.attribute(key.as_str(), &values[..]);
        }
    }
}
