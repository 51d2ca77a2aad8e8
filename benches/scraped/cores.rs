//! Who runs where.

use core_affinity::CoreId;

/// Which cores the service and its clients have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cores {
    /// The service has one, and all clients another: what the service does not get done is its own doing, or the kernel's.
    /// The scrapers are [nice](crate::scrapers) to the service's own clients, who measure.
    Apart,
    /// All have all, as in a test on one machine; what the scrapers take is missing from the service.
    Shared,
}

impl Cores {
    /// [`Apart`](Self::Apart) only where there is more than one core, and the operating system can be told.
    pub(crate) fn all() -> Vec<Self> {
        let apart = Self::Apart.clients().is_some() && Self::Apart.service().is_some();
        let apart = apart.then_some(Self::Apart);
        apart.into_iter().chain([Self::Shared]).collect()
    }

    /// The one core that the service is to have; `None` if it may have all.
    pub(crate) fn service(self) -> Option<CoreId> {
        self.core(0)
    }

    /// As many as the service has cores, and not more than two.
    pub(crate) fn workers(self) -> usize {
        match self {
            Self::Apart => 1,
            Self::Shared => 2,
        }
    }

    /// The one core that the clients are to have; `None` if they may have all.
    pub(crate) fn clients(self) -> Option<CoreId> {
        self.core(1)
    }

    fn core(self, index: usize) -> Option<CoreId> {
        let cores = (self == Self::Apart).then(core_affinity::get_core_ids);
        cores.flatten()?.get(index).copied()
    }
}

/// Gives this thread, and all that it starts, this core.
pub(crate) fn pin(core: Option<CoreId>) {
    core.map(core_affinity::set_for_current);
}
