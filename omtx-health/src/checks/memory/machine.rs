//! The machine's memory, from `/proc/meminfo` (proc(5)).

use std::fs;
use std::io;
use std::path::Path;

use super::Tightest;

pub(super) fn read(root: &Path) -> io::Result<Tightest> {
    let path = root.join("proc/meminfo");
    let broken = |text: &str| io::Error::other(format!("{}: {text}", path.display()));
    let text = fs::read_to_string(&path).map_err(|error| broken(&error.to_string()))?;
    let bytes = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| *name == key)
            .and_then(|(_, value)| value.trim().strip_suffix(" kB"))
            .and_then(|value| value.trim().parse::<u64>().ok())
            .and_then(|kib| kib.checked_mul(1024))
    };
    let limit = bytes("MemTotal").ok_or_else(|| broken("no MemTotal"))?;
    // Linux 3.14
    let available = bytes("MemAvailable").ok_or_else(|| broken("no MemAvailable"))?;
    Ok(Tightest {
        group: None,
        used: limit.saturating_sub(available),
        limit,
    })
}
