//! Until when somebody waits.

use std::time::{Duration, Instant};

/// This much after now; a wait without end, which no `Instant` can say, is a century.
pub(crate) fn after(time: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    Instant::now() + time.min(CENTURY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_without_end_has_an_end_that_nobody_lives_to_see() {
        let now = Instant::now();
        assert!(after(Duration::MAX) > now + Duration::from_secs(1 << 31));
        assert!(after(Duration::ZERO) < now + Duration::from_secs(60));
    }
}
