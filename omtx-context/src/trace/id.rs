use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};

/// Lower-case hexadecimal digits of `n`, most significant first, as W3C Trace Context writes ids (section 3.2.2).
fn hex<const N: usize>(mut n: u128) -> [u8; N] {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(n & 0xf) as usize];
        n >>= 4;
    }
    digits
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $int:ty, $nonzero:ty, $bytes:literal, $digits:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name($nonzero);

        impl $name {
            /// The id, unless it is zero, which W3C Trace Context calls invalid.
            #[must_use]
            pub const fn new(id: $int) -> Option<Self> {
                match <$nonzero>::new(id) {
                    Some(id) => Some(Self(id)),
                    None => None,
                }
            }

            /// The same from big-endian bytes, the order on the wire.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Option<Self> {
                Self::new(<$int>::from_be_bytes(bytes))
            }

            /// As an integer.
            #[must_use]
            pub const fn get(self) -> $int {
                self.0.get()
            }

            /// As big-endian bytes.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; $bytes] {
                self.get().to_be_bytes()
            }

            /// As lower-case hexadecimal ASCII digits, for encoders that copy bytes.
            #[must_use]
            pub fn to_hex(self) -> [u8; $digits] {
                hex(self.get().into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(std::str::from_utf8(&self.to_hex()).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id! {
    /// Identifies a trace: 128 bits, never zero.
    ///
    /// ```
    /// use omtx_context::TraceId;
    ///
    /// let id = TraceId::new(0x0af7651916cd43dd8448eb211c80319c).unwrap();
    /// assert_eq!(id.to_string(), "0af7651916cd43dd8448eb211c80319c");
    /// assert!(TraceId::new(0).is_none());
    /// ```
    TraceId, u128, NonZeroU128, 16, 32
}

id! {
    /// Identifies a span in its trace: 64 bits, never zero.
    ///
    /// ```
    /// use omtx_context::SpanId;
    ///
    /// assert_eq!(SpanId::new(0xb7ad6b7169203331).unwrap().to_string(), "b7ad6b7169203331");
    /// assert!(SpanId::from_bytes([0; 8]).is_none());
    /// ```
    SpanId, u64, NonZeroU64, 8, 16
}
