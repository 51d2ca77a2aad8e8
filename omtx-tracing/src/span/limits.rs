//! How much one span may hold.

/// How much one span may hold; what goes beyond is dropped, and the span says how much.
///
/// | limit | default | variable |
/// |---|---|---|
/// | attributes of a span | 128 | `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`, else `OTEL_ATTRIBUTE_COUNT_LIMIT` |
/// | events of a span | 128 | `OTEL_SPAN_EVENT_COUNT_LIMIT` |
/// | links of a span | 128 | `OTEL_SPAN_LINK_COUNT_LIMIT` |
/// | attributes of an event | 128 | `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT` |
/// | attributes of a link | 128 | `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT` |
/// | characters of a string value | none | `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`, else `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT` |
/// | encoded bytes of a span | 1 MiB | none: this one is ours |
///
/// The last one bounds the memory of a span that is open, and keeps a span from being lost whole because it is longer than a
/// request may be: an attribute, event or link that does not fit is dropped and counted, as one beyond the other limits is.
///
/// ```
/// use omtx_tracing::SpanLimits;
///
/// let limits = SpanLimits::default().events(16).value_length(4096);
/// assert_eq!(limits.max_events(), 16);
/// assert_eq!(limits.max_attributes(), SpanLimits::DEFAULT_COUNT);
/// assert_eq!(limits.max_value_length(), Some(4096));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanLimits {
    pub(crate) attributes: u32,
    pub(crate) events: u32,
    pub(crate) links: u32,
    pub(crate) event_attributes: u32,
    pub(crate) link_attributes: u32,
    /// `usize::MAX` stands for no limit.
    pub(crate) value_length: usize,
    pub(crate) bytes: usize,
}

impl SpanLimits {
    /// How many attributes, events and links by default: 128, as the specification says.
    pub const DEFAULT_COUNT: u32 = 128;
    /// How many encoded bytes by default: 1 MiB.
    pub const DEFAULT_BYTES: usize = 1 << 20;

    /// At most this many attributes of a span.
    #[must_use]
    pub const fn attributes(mut self, count: u32) -> Self {
        self.attributes = count;
        self
    }

    /// At most this many events of a span.
    #[must_use]
    pub const fn events(mut self, count: u32) -> Self {
        self.events = count;
        self
    }

    /// At most this many links of a span.
    #[must_use]
    pub const fn links(mut self, count: u32) -> Self {
        self.links = count;
        self
    }

    /// At most this many attributes of an event.
    #[must_use]
    pub const fn event_attributes(mut self, count: u32) -> Self {
        self.event_attributes = count;
        self
    }

    /// At most this many attributes of a link.
    #[must_use]
    pub const fn link_attributes(mut self, count: u32) -> Self {
        self.link_attributes = count;
        self
    }

    /// Cuts string values, also those in arrays, after this many characters.
    #[must_use]
    pub const fn value_length(mut self, characters: usize) -> Self {
        self.value_length = characters;
        self
    }

    /// At most this many encoded bytes of attributes, events and links.
    #[must_use]
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// How many attributes a span may have.
    #[must_use]
    pub const fn max_attributes(&self) -> u32 {
        self.attributes
    }

    /// How many events a span may have.
    #[must_use]
    pub const fn max_events(&self) -> u32 {
        self.events
    }

    /// How many links a span may have.
    #[must_use]
    pub const fn max_links(&self) -> u32 {
        self.links
    }

    /// How many attributes an event may have.
    #[must_use]
    pub const fn max_event_attributes(&self) -> u32 {
        self.event_attributes
    }

    /// How many attributes a link may have.
    #[must_use]
    pub const fn max_link_attributes(&self) -> u32 {
        self.link_attributes
    }

    /// How many characters a string value may have; `None` if it may have any number.
    #[must_use]
    pub const fn max_value_length(&self) -> Option<usize> {
        match self.value_length {
            usize::MAX => None,
            limit => Some(limit),
        }
    }

    /// How many encoded bytes a span may have.
    #[must_use]
    pub const fn max_bytes(&self) -> usize {
        self.bytes
    }
}

impl Default for SpanLimits {
    fn default() -> Self {
        Self {
            attributes: Self::DEFAULT_COUNT,
            events: Self::DEFAULT_COUNT,
            links: Self::DEFAULT_COUNT,
            event_attributes: Self::DEFAULT_COUNT,
            link_attributes: Self::DEFAULT_COUNT,
            value_length: usize::MAX,
            bytes: Self::DEFAULT_BYTES,
        }
    }
}
