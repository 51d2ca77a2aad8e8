//! All that there is to expose at one moment, for what keeps it: a Pushgateway, a file.

use std::sync::Arc;

use super::{Entry, Registry};
use crate::collector::ForeignFamily;
#[cfg(feature = "push")]
use crate::encode::ProtobufEncoder;
use crate::encode::TextEncoder;

/// Every family of a registry, and what its collectors said when they were asked.
///
/// Timestamps of collectors' rows are left out: Pushgateway and node exporter refuse a whole document for one of them.
pub(crate) struct Gathered {
    registry: Registry,
    own: Arc<[Entry]>,
    library: Arc<[Entry]>,
    foreign: Vec<ForeignFamily>,
}

impl Gathered {
    /// Asks the collectors, and waits for them as long as a scrape does. `library` adds the library's own families.
    pub(crate) fn take(registry: &Registry, library: bool) -> Self {
        let inner = &registry.inner;
        let mut foreign = inner
            .collectors
            .collect(inner.config.collect_timeout)
            .to_vec();
        for row in foreign.iter_mut().flat_map(|family| &mut family.rows) {
            row.timestamp_ms = None;
        }
        Self {
            own: registry.entries(),
            library: match library {
                true => registry.library().entries(registry),
                false => Arc::default(),
            },
            foreign,
            registry: registry.clone(),
        }
    }

    /// The families that there are, without asking collectors.
    #[cfg(feature = "push")]
    pub(crate) fn of_families(registry: &Registry) -> Self {
        Self {
            own: registry.entries(),
            library: registry.library().entries(registry),
            foreign: Vec::new(),
            registry: registry.clone(),
        }
    }

    /// Appends it to `out`, in text format 0.0.4.
    pub(crate) fn encode_text(&self, out: &mut Vec<u8>) {
        let all = [&*self.own, &*self.library];
        let encoder = &mut TextEncoder::new(out);
        self.registry
            .encode(encoder, all, &self.foreign, |_, _| true);
    }

    /// Appends it to `out`, in protobuf if there are native histograms, which text cannot carry, and says so as a
    /// Content-Type.
    #[cfg(feature = "push")]
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> &'static str {
        if !self.registry.has_native() {
            self.encode_text(out);
            return crate::exporter::TEXT_CONTENT_TYPE;
        }
        let all = [&*self.own, &*self.library];
        let encoder = &mut ProtobufEncoder::new(out);
        self.registry
            .encode(encoder, all, &self.foreign, |_, _| true);
        crate::exporter::PROTOBUF_CONTENT_TYPE
    }

    /// The first family that has a label for which `taken` is true, and that label.
    #[cfg(feature = "push")]
    pub(crate) fn find_label(&self, taken: impl Fn(&str) -> bool) -> Option<(&str, String)> {
        use crate::label::pairs;

        let find = |text: &str| {
            pairs(text)
                .find(|(name, _)| taken(name))
                .map(|(name, _)| name.to_owned())
        };
        let entries = self.own.iter().chain(self.library.iter());
        let ours = entries.filter_map(|entry| {
            let spec = entry.spec();
            let declared = spec.label_names.iter().chain([&spec.state_label]);
            let found = declared.map(|name| &**name).find(|name| taken(name));
            let found = found.map(str::to_owned);
            Some((&*spec.name, found.or_else(|| find(&spec.constant_labels))?))
        });
        let theirs = self.foreign.iter().filter_map(|family| {
            let label = family.rows.iter().find_map(|row| find(&row.labels))?;
            Some((&*family.name, label))
        });
        ours.chain(theirs).next()
    }
}
