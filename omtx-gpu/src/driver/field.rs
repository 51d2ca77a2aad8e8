//! What a device can be asked.

/// One question to a device: an NVML function, and its argument if it takes one. What it is learned by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Field {
    pub(crate) symbol: &'static str,
    argument: Option<u32>,
}

impl Field {
    pub(crate) const fn of(symbol: &'static str) -> Self {
        Self {
            symbol,
            argument: None,
        }
    }

    /// The question with an argument that a device may refuse: a fan, a link, a location.
    pub(crate) const fn with(symbol: &'static str, argument: u32) -> Self {
        Self {
            symbol,
            argument: Some(argument),
        }
    }

    pub(crate) fn has_argument(self) -> bool {
        self.argument.is_some()
    }
}
