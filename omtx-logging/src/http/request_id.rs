//! Ids of requests: which of those that clients send are taken over, and how new ones are made.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

/// Characters that an incoming id may have.
pub const MAX_REQUEST_ID_LEN: usize = 128;

/// The id that a client sent, if it may stand in log lines, headers and queries as it is: 1 to [`MAX_REQUEST_ID_LEN`]
/// letters, digits and `- _ . : / + = @ ~ |`, which UUIDs, ULIDs, trace ids, base64 and the ids of load balancers fit.
///
/// ```
/// use omtx_logging::http::valid_request_id;
///
/// assert_eq!(valid_request_id(b"Root=1-67891233-abcdef012345678912345678"), Some("Root=1-67891233-abcdef012345678912345678"));
/// assert_eq!(valid_request_id(b""), None);
/// assert_eq!(valid_request_id(b"a\" OR 1=1"), None);
/// assert_eq!(valid_request_id(&[b'a'; 129]), None);
/// ```
#[must_use]
pub fn valid_request_id(id: &[u8]) -> Option<&str> {
    let fits = (1..=MAX_REQUEST_ID_LEN).contains(&id.len())
        && id
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || b"-_.:/+=@~|".contains(&byte));
    // All of it is ASCII.
    fits.then(|| std::str::from_utf8(id).ok()).flatten()
}

/// A new id: 32 hexadecimal digits that nobody else has.
///
/// 128 bits from a generator of each thread that the standard library's hash keys seed: an id must be unique, not secret,
/// and a system call for each would cost more than the rest of the line.
///
/// ```
/// use omtx_logging::http::new_request_id;
///
/// let id = new_request_id();
/// assert_eq!(id.len(), 32);
/// assert_ne!(id, new_request_id());
/// ```
#[must_use]
pub fn new_request_id() -> String {
    let digits = new_digits();
    digits.iter().copied().map(char::from).collect()
}

/// The same without an allocation.
pub(super) fn new_digits() -> [u8; 32] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let (high, low) = next();
    let id = (u128::from(high) << 64) | u128::from(low);
    std::array::from_fn(|digit| HEX[(id >> (4 * (31 - digit))) as usize & 0xf])
}

/// The next two numbers of this thread, each of a SplitMix64 of its own (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators").
///
/// Of one generator's 2^64 states two threads of a large fleet may well come across the same ones, and would make the same
/// ids from then on; two that are seeded apart have 2^128.
fn next() -> (u64, u64) {
    const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
    thread_local! {
        static STATE: Cell<(u64, u64)> = Cell::new((seed(), seed()));
    }
    const fn mixed(state: u64) -> u64 {
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
    // While the thread ends there is no state any more, and numbers from the system will do.
    let (high, low) = STATE
        .try_with(|state| {
            let (high, low) = state.get();
            let next = (high.wrapping_add(GAMMA), low.wrapping_add(GAMMA));
            state.set(next);
            next
        })
        .unwrap_or_else(|_| (seed(), seed()));
    (mixed(high), mixed(low))
}

/// Different for each call, each thread and each process: the keys come from the system's random numbers, once a thread, and the
/// process and the time are mixed in.
fn seed() -> u64 {
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |since| since.as_nanos());
    RandomState::new().hash_one((now, std::process::id(), std::thread::current().id()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_of_many_threads_are_all_different() {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                std::thread::spawn(|| (0..10_000).map(|_| new_request_id()).collect::<Vec<_>>())
            })
            .collect();
        let all: HashSet<String> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(all.len(), 80_000);
    }

    #[test]
    fn a_new_id_would_be_accepted() {
        for _ in 0..1000 {
            let id = new_request_id();
            assert_eq!(valid_request_id(id.as_bytes()), Some(id.as_str()));
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_needs_no_escape_anywhere(id in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(id) = valid_request_id(&id) {
                prop_assert!(id.len() <= MAX_REQUEST_ID_LEN && !id.is_empty());
                prop_assert_eq!(serde_json::to_string(id).unwrap(), format!("\"{id}\""));
                prop_assert!(http::HeaderValue::from_str(id).is_ok());
            }
        }

        #[test]
        fn uuids_and_trace_ids_are_accepted(id in "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}|[0-9A-HJKMNP-TV-Z]{26}") {
            prop_assert_eq!(valid_request_id(id.as_bytes()), Some(id.as_str()));
        }
    }
}
