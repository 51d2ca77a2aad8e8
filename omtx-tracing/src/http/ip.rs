//! Addresses as text.

use std::fmt;
use std::net::IpAddr;

/// An address as text, without an allocation.
pub(super) struct IpText {
    text: [u8; Self::MAX],
    len: usize,
}

impl IpText {
    /// `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`
    const MAX: usize = 45;

    /// An IPv4 address that came through an IPv6 socket is written as IPv4.
    pub(super) fn new(address: IpAddr) -> Self {
        let mut this = Self {
            text: [0; Self::MAX],
            len: 0,
        };
        // Every address fits.
        let _ = fmt::Write::write_fmt(&mut this, format_args!("{}", address.to_canonical()));
        this
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..self.len]).unwrap_or_default()
    }
}

impl fmt::Write for IpText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let room = self.text.get_mut(self.len..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_address_is_written_as_the_standard_library_does(address in any::<IpAddr>()) {
            let text = IpText::new(address);
            prop_assert_eq!(text.as_str(), address.to_canonical().to_string());
        }
    }
}
