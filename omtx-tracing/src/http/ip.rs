//! Addresses, to text and from it.

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

/// An address with or without a port and brackets; `None` for what is none (`unknown`, `_hidden`).
pub(super) fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    // With a port only IPv6 has brackets, and has to have them.
    let (address, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (IpAddr::V6(address.parse().ok()?), port)
        }
        None => {
            let (address, port) = text.split_at(text.find(':')?);
            (IpAddr::V4(address.parse().ok()?), port)
        }
    };
    is_port(port).then_some(address)
}

/// Nothing, or `":" node-port` (RFC 7239 section 6): five digits at most, or a `_` and what hides them.
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else {
        return text.is_empty();
    };
    match port.strip_prefix('_') {
        Some(hidden) => {
            !hidden.is_empty()
                && hidden
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        }
        None => (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit()),
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

        #[test]
        fn an_address_is_read_with_any_port_and_with_nothing_else(
            ip in any::<IpAddr>(), port: u16, more in "[^0-9]{1,3}",
        ) {
            let with_port = std::net::SocketAddr::new(ip, port).to_string();
            prop_assert_eq!(address(&ip.to_string()), Some(ip));
            prop_assert_eq!(address(&with_port), Some(ip));
            prop_assert_eq!(address(&format!("{with_port}{more}")), None);
            prop_assert_eq!(address(&format!("{more}{with_port}")), None);
        }
    }
}
