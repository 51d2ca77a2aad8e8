//! The labels of the families.

use omtx_metrics::Labels;

use crate::readings::{
    GpuClock, GpuEccKind, GpuEccLocation, GpuLinkError, GpuRetirement, GpuThreshold,
};

/// A device.
#[derive(Clone, Copy, Debug, Labels)]
pub struct GpuLabels<'a> {
    /// Its UUID.
    pub uuid: &'a str,
}

/// Everything about a device that is a text.
#[derive(Clone, Copy, Debug, Labels)]
pub struct GpuInfoLabels<'a> {
    /// Its UUID.
    pub uuid: &'a str,
    /// The driver's index, which a reboot may change.
    pub index: &'a str,
    /// The product's name.
    pub name: &'a str,
    /// The driver's version.
    pub driver: &'a str,
    /// The newest CUDA version that the driver supports.
    pub cuda: &'a str,
    /// The PCI bus id.
    pub pci: &'a str,
    /// `unsupported`, `disabled`, `enabled`, or the ids of a MIG instance: `1/0`.
    pub mig: &'a str,
    /// The UUID of a MIG instance's device, else empty.
    pub parent: &'a str,
}

/// A clock of a device.
#[derive(Clone, Copy, Debug, Labels)]
pub struct GpuClockLabels<'a> {
    /// The device's UUID.
    pub uuid: &'a str,
    /// The clock.
    pub clock: GpuClock,
}

/// A temperature at which a device defends itself.
#[derive(Clone, Copy, Debug, Labels)]
pub struct GpuThresholdLabels<'a> {
    /// The device's UUID.
    pub uuid: &'a str,
    /// What happens there.
    pub threshold: GpuThreshold,
}

/// A fan of a device.
#[derive(Clone, Copy, Debug, Labels)]
pub struct GpuFanLabels<'a> {
    /// The device's UUID.
    pub uuid: &'a str,
    /// The fan's index.
    pub fan: &'a str,
}

/// Errors of a link of a device.
#[derive(Clone, Copy, Debug, Labels)]
pub struct GpuLinkLabels<'a> {
    /// The device's UUID.
    pub uuid: &'a str,
    /// The link's index.
    pub link: &'a str,
    /// What went wrong.
    pub kind: GpuLinkError,
}

/// Memory errors of a device.
#[derive(Clone, Copy, Debug, Labels)]
pub struct GpuEccLabels<'a> {
    /// The device's UUID.
    pub uuid: &'a str,
    /// Whether they could be corrected.
    pub kind: GpuEccKind,
    /// Where they happened.
    pub location: GpuEccLocation,
}

/// Retired pages of a device.
#[derive(Clone, Copy, Debug, Labels)]
pub struct GpuRetirementLabels<'a> {
    /// The device's UUID.
    pub uuid: &'a str,
    /// Why they were retired.
    pub cause: GpuRetirement,
}

/// Remapped rows of a device.
#[derive(Clone, Copy, Debug, Labels)]
pub struct GpuRemapLabels<'a> {
    /// The device's UUID.
    pub uuid: &'a str,
    /// Which errors they were remapped for.
    pub kind: GpuRemapKind,
}

/// Which errors rows were remapped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, omtx_metrics::LabelValue)]
pub enum GpuRemapKind {
    /// Errors that could be corrected.
    Correctable,
    /// Errors that could not.
    Uncorrectable,
}

/// XID errors of a device.
#[derive(Clone, Copy, Debug, Labels)]
pub struct GpuXidLabels<'a> {
    /// The device's UUID; `unknown` where the driver does not tell any more.
    pub uuid: &'a str,
    /// The error's number, or `other`.
    pub xid: &'a str,
}

/// A process on a device.
#[derive(Clone, Copy, Debug, Labels)]
pub struct GpuProcessLabels<'a> {
    /// The device's UUID.
    pub uuid: &'a str,
    /// The process's id, in the driver's namespace.
    pub pid: &'a str,
}
