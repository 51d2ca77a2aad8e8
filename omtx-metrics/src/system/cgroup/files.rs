//! What the files of a group say.

use std::path::Path;

use super::place::{Place, Version};

/// Memory that is used and allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Memory {
    /// The working set of the group whose limit is the tightest; of the process's own group if there is no limit.
    pub(super) used: f64,
    pub(super) limit: Option<f64>,
}

/// What version 1 shows for "no limit" is the largest multiple of a page below 2⁶³; no machine has that much.
const UNLIMITED: u64 = 1 << 62;

#[allow(clippy::cast_precision_loss)]
pub(super) fn memory(place: &Place) -> Option<Memory> {
    let (limit_file, usage_file, cache) = match place.version {
        Version::One => (
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            "total_inactive_file",
        ),
        Version::Two => ("memory.max", "memory.current", "inactive_file"),
    };
    let tightest = place
        .levels()
        .filter_map(|level| Some((number(&level.join(limit_file))?, level)))
        .filter(|(limit, _)| *limit < UNLIMITED)
        .min_by_key(|(limit, _)| *limit);
    let level = tightest.map_or_else(|| place.levels().next(), |(_, level)| Some(level))?;
    let usage = number(&level.join(usage_file))?;
    let stat = std::fs::read_to_string(level.join("memory.stat")).unwrap_or_default();
    let cached = stat
        .lines()
        .find_map(|line| line.strip_prefix(cache)?.trim().parse().ok())
        .unwrap_or(0);
    Some(Memory {
        used: usage.saturating_sub(cached) as f64,
        limit: tightest.map(|(limit, _)| limit as f64),
    })
}

/// The tightest limit, in CPUs.
pub(super) fn cpu_limit(place: &Place) -> Option<f64> {
    place
        .levels()
        .filter_map(|level| match place.version {
            Version::One => quota(
                number(&level.join("cpu.cfs_quota_us"))?,
                number(&level.join("cpu.cfs_period_us"))?,
            ),
            Version::Two => {
                let text = std::fs::read_to_string(level.join("cpu.max")).ok()?;
                let (quota_us, period) = text.trim().split_once(' ')?;
                quota(quota_us.parse().ok()?, period.parse().ok()?)
            }
        })
        .min_by(f64::total_cmp)
}

#[allow(clippy::cast_precision_loss)]
fn quota(quota: u64, period: u64) -> Option<f64> {
    (period > 0).then(|| quota as f64 / period as f64)
}

/// The number in a file; `None` for `max` and for `-1`, which both mean "no limit".
fn number(file: &Path) -> Option<u64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}
