//! Status codes as labels.

/// The text of a status code, without an allocation.
pub(super) struct StatusText([u8; 3]);

impl StatusText {
    /// What HTTP does not know (below 100 or above 999) becomes `000`.
    pub(super) fn new(status: u16) -> Self {
        let status = if (100..1_000).contains(&status) {
            status
        } else {
            0
        };
        let digit = |divisor: u16| b'0' + (status / divisor % 10) as u8;
        Self([digit(100), digit(10), digit(1)])
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("000")
    }
}

#[cfg(test)]
mod tests {
    use super::StatusText;

    #[test]
    fn every_status_has_its_three_digits() {
        for status in 100..1_000_u16 {
            assert_eq!(StatusText::new(status).as_str(), status.to_string());
        }
        assert_eq!(StatusText::new(0).as_str(), "000");
        assert_eq!(StatusText::new(u16::MAX).as_str(), "000");
    }
}
