use std::borrow::Cow;

/// Whose field it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An event's own; its `message` is the line's.
    Event,
    Span,
    Scope,
}

/// Where in the line a field goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    segments: Vec<Cow<'static, str>>,
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Message,
    AsNamed,
    /// Gave way to a reserved key.
    Moved,
}

impl Place {
    pub(super) fn message() -> Self {
        Self {
            segments: vec![Cow::Borrowed("message")],
            kind: Kind::Message,
        }
    }

    /// At the top level, under a key of which no part nests.
    pub(super) fn top(key: impl Into<Cow<'static, str>>) -> Self {
        Self {
            segments: vec![key.into()],
            kind: Kind::AsNamed,
        }
    }

    /// As many objects deep as there are segments.
    pub(super) fn nested<'s>(segments: impl Iterator<Item = &'s str>) -> Self {
        Self {
            segments: segments
                .map(|segment| Cow::Owned(segment.to_owned()))
                .collect(),
            kind: Kind::AsNamed,
        }
    }

    /// This place, because the one that was asked for is reserved.
    pub(super) fn moved(self) -> Self {
        Self {
            kind: Kind::Moved,
            ..self
        }
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map(|segment| &**segment)
    }

    pub(crate) fn is_message(&self) -> bool {
        self.kind == Kind::Message
    }

    pub(crate) fn is_moved(&self) -> bool {
        self.kind == Kind::Moved
    }
}
