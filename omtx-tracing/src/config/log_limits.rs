/// How much the attributes of one log record may hold; an attribute that is one too many is left out, and the record says how many
/// were.
///
/// | limit | default | variable |
/// |---|---|---|
/// | attributes | 128 | `OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT`, else `OTEL_ATTRIBUTE_COUNT_LIMIT` |
/// | characters of a string value | none | `OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT`, else `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT` |
///
/// The limits of the line hold besides: values are as long as `omtx-logging` lets them be (8 KiB), and those that it cut have
/// `truncated` beside them.
///
/// ```
/// use omtx_tracing::LogLimits;
///
/// let limits = LogLimits::default().value_length(1024);
/// assert_eq!(limits.max_attributes(), LogLimits::DEFAULT_COUNT);
/// assert_eq!(limits.max_value_length(), Some(1024));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    pub(crate) attributes: u32,
    /// `usize::MAX` stands for no limit.
    pub(crate) value_length: usize,
}

impl LogLimits {
    /// How many attributes by default: 128, as the specification says.
    pub const DEFAULT_COUNT: u32 = 128;

    /// At most this many attributes of a record.
    #[must_use]
    pub const fn attributes(mut self, count: u32) -> Self {
        self.attributes = count;
        self
    }

    /// Cuts string values, also those in arrays and maps, after this many characters.
    #[must_use]
    pub const fn value_length(mut self, characters: usize) -> Self {
        self.value_length = characters;
        self
    }

    /// How many attributes a record may have.
    #[must_use]
    pub const fn max_attributes(&self) -> u32 {
        self.attributes
    }

    /// How many characters a string value may have; `None` if it may have any number.
    #[must_use]
    pub const fn max_value_length(&self) -> Option<usize> {
        match self.value_length {
            usize::MAX => None,
            limit => Some(limit),
        }
    }
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            attributes: Self::DEFAULT_COUNT,
            value_length: usize::MAX,
        }
    }
}
