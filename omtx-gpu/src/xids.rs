//! XID errors, counted by device and number.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

/// Numbers that are told apart per device; NVIDIA lists fewer than 200. The others count as `other`.
const MAX_NUMBERS: usize = 256;

/// What was counted so far. Lives as long as the collector, so counts never go back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Xids {
    pub(crate) devices: BTreeMap<Arc<str>, DeviceXids>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct DeviceXids {
    pub(crate) counts: BTreeMap<Xid, u64>,
    pub(crate) last: Option<(Xid, SystemTime)>,
}

/// The number of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Xid {
    Number(u64),
    /// The driver did not know, or there are too many.
    Other,
}

impl std::fmt::Display for Xid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Other => f.write_str("other"),
        }
    }
}

impl Xids {
    pub(crate) fn record(&mut self, uuid: &Arc<str>, xid: Xid, now: SystemTime) {
        let device = self.devices.entry(Arc::clone(uuid)).or_default();
        let full = device.counts.len() >= MAX_NUMBERS && !device.counts.contains_key(&xid);
        let xid = if full { Xid::Other } else { xid };
        *device.counts.entry(xid).or_default() += 1;
        device.last = Some((xid, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_the_cap_count_as_other() {
        let (mut xids, uuid) = (Xids::default(), Arc::from("GPU-0"));
        for number in 0..400 {
            xids.record(&uuid, Xid::Number(number), SystemTime::UNIX_EPOCH);
        }
        let counts = &xids.devices["GPU-0"].counts;
        assert_eq!(counts.len(), MAX_NUMBERS + 1);
        assert_eq!(counts[&Xid::Other], 400 - MAX_NUMBERS as u64);
    }
}
