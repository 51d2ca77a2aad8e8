use tracing_core::subscriber::Interest;
use tracing_core::{LevelFilter as MaxLevel, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use super::LevelHandle;

/// The filter before the layer. What it says of a callsite is final until the levels change, so `tracing` remembers it, and
/// what is disabled costs what it costs in `tracing` itself: a load and a branch.
pub(crate) struct LevelFilter {
    pub(crate) levels: LevelHandle,
}

impl<S> Filter<S> for LevelFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.levels.load().allow(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.levels.load().allow(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<MaxLevel> {
        Some(self.levels.load().most_verbose())
    }
}
