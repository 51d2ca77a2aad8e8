//! How a client wants a body compressed.
//!
//! Source: RFC 9110, section 12.5.3 (`Accept-Encoding`).

use super::header::{Weight, preferences};

/// A content coding. Those that are not compiled in are never chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Coding {
    Identity,
    #[cfg(feature = "gzip")]
    Gzip,
    #[cfg(feature = "zstd")]
    Zstd,
}

/// What a client that takes several equally gets: the one that costs least first.
const OFFERS: &[Coding] = &[
    #[cfg(feature = "zstd")]
    Coding::Zstd,
    #[cfg(feature = "gzip")]
    Coding::Gzip,
    Coding::Identity,
];

impl Coding {
    /// The value of `Content-Encoding`; `None` where there is none.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            #[cfg(feature = "gzip")]
            Self::Gzip => Some("gzip"),
            #[cfg(feature = "zstd")]
            Self::Zstd => Some("zstd"),
        }
    }

    fn is_called(self, name: &str) -> bool {
        match self {
            Self::Identity => name.eq_ignore_ascii_case("identity"),
            #[cfg(feature = "gzip")]
            // RFC 9110, section 8.4.1.3: `x-gzip` is the same.
            Self::Gzip => name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip"),
            #[cfg(feature = "zstd")]
            Self::Zstd => name.eq_ignore_ascii_case("zstd"),
        }
    }
}

/// What a client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    /// What it likes best.
    pub(super) coding: Coding,
    /// False if it refuses a body that is not compressed, however small.
    pub(super) identity: bool,
}

/// What the header asks for. Without one, and where nothing of it is offered, nothing is compressed: an answer that the
/// client may be able to read is worth more than none.
pub(super) fn negotiate(accept_encoding: &str) -> Accepted {
    let mut identity = true;
    let mut best: Option<(Weight, bool, Coding)> = None;
    for &offer in OFFERS {
        let mut named = None;
        let mut covered = None;
        for preference in preferences(accept_encoding) {
            if offer.is_called(preference.name) {
                named = named.max(Some(preference.weight));
            } else if preference.name == "*" {
                covered = covered.max(Some(preference.weight));
            }
        }
        let weight = match (named.or(covered), offer) {
            (Some(weight), _) => weight,
            // Acceptable although nobody asked for it.
            (None, Coding::Identity) => Weight::LEAST,
            #[cfg(any(feature = "gzip", feature = "zstd"))]
            (None, _) => continue,
        };
        if weight.refuses() {
            identity &= offer != Coding::Identity;
            continue;
        }
        // A client that takes anything gets what everybody reads.
        let preferred = named.is_some() || offer == Coding::Identity;
        if best.is_none_or(|(other, other_preferred, _)| {
            (other, other_preferred) < (weight, preferred)
        }) {
            best = Some((weight, preferred, offer));
        }
    }
    Accepted {
        coding: best.map_or(Coding::Identity, |(_, _, coding)| coding),
        identity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept_encoding: &str, coding: Coding, identity: bool) {
        assert_eq!(
            negotiate(accept_encoding),
            Accepted { coding, identity },
            "{accept_encoding}"
        );
    }

    #[test]
    fn nothing_is_compressed_unless_it_is_asked_for() {
        for header in [
            "",
            "identity",
            "br",
            "br, deflate",
            "*",
            "gzip;q=0",
            "identity, gzip;q=0.5",
        ] {
            check(header, Coding::Identity, true);
        }
    }

    #[test]
    fn refusing_everything_is_answered_uncompressed() {
        check("identity;q=0", Coding::Identity, false);
        check("br, *;q=0", Coding::Identity, false);
        check("br, *;q=0, identity", Coding::Identity, true);
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn gzip_is_what_prometheus_asks_for() {
        check("gzip", Coding::Gzip, true);
        check("GZIP", Coding::Gzip, true);
        check("x-gzip", Coding::Gzip, true);
        check("gzip, deflate", Coding::Gzip, true);
        check("gzip;q=0.5, identity;q=0.1", Coding::Gzip, true);
        check("gzip, identity;q=0", Coding::Gzip, false);
        check("gzip, *;q=0", Coding::Gzip, false);
        check("gzip;q=0.001", Coding::Gzip, true);
    }

    #[cfg(all(feature = "gzip", not(feature = "zstd")))]
    #[test]
    fn a_client_that_takes_anything_but_plain_gets_gzip() {
        check("*, identity;q=0", Coding::Gzip, false);
        check("zstd, gzip;q=0.1", Coding::Gzip, true);
    }

    #[cfg(all(feature = "gzip", feature = "zstd"))]
    #[test]
    fn zstd_goes_before_gzip_where_both_weigh_the_same() {
        // A browser
        check("gzip, deflate, br, zstd", Coding::Zstd, true);
        check("gzip, zstd;q=0.9", Coding::Gzip, true);
        check("zstd;q=0, gzip;q=0.1", Coding::Gzip, true);
    }
}
