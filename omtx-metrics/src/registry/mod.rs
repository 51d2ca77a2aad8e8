//! The registry: which families there are, and what a scrape of all of them looks like.

mod builder;
mod entry;
mod family;
mod gathered;
mod library;
mod merge;
mod plan;
mod scrape;

pub(crate) use builder::SHORTEST_IDLE;
pub use builder::{DEFAULT_COLLECT_TIMEOUT, DEFAULT_MAX_SERIES, RegistryBuilder};
pub(crate) use entry::Entry;
pub use family::FamilyBuilder;
pub(crate) use gathered::Gathered;
pub(crate) use library::Library;

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use crate::cell::Scratch;
use crate::collector::{Collector, Collectors};
use crate::lock::lock;
use crate::set::{MetricSet, SetOptions};
use crate::{Catalog, Error};
use builder::Config;

/// The families of one service, and of everybody in the process who shares it.
///
/// Cloning is cheap, and all clones are the same registry. Registering happens at start-up and can fail; recording and
/// scraping cannot.
///
/// ```
/// use omtx_metrics::{Counter, MetricSet, Registry};
///
/// /// Uploads.
/// #[derive(MetricSet)]
/// struct Uploads {
///     /// Files accepted.
///     files_accepted_total: Counter,
/// }
///
/// let registry = Registry::builder().namespace("omtx_hub").constant_label("region", "eu").build()?;
/// let uploads = registry.register::<Uploads>()?;
/// uploads.files_accepted_total.inc();
///
/// assert_eq!(registry.to_text(), "\
/// ## HELP omtx_hub_files_accepted_total Files accepted.
/// ## TYPE omtx_hub_files_accepted_total counter
/// omtx_hub_files_accepted_total{region=\"eu\"} 1
/// ");
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    config: Config,
    /// Sorted by name. Replaced as a whole, so that a scrape holds the lock for the clone of one `Arc`.
    entries: Mutex<Arc<[Entry]>>,
    sets: Mutex<Vec<RegisteredSet>>,
    collectors: Collectors,
    library: OnceLock<Library>,
    /// See [`Registry::shared`].
    shared: Mutex<Vec<Arc<dyn Any + Send + Sync>>>,
    /// Kept from scrape to scrape, so that reading histograms allocates nothing.
    scratch: Mutex<Scratch>,
}

struct RegisteredSet {
    id: TypeId,
    options: SetOptions,
    set: Arc<dyn Any + Send + Sync>,
}

impl Registry {
    /// A registry without namespace and constant labels.
    #[must_use]
    pub fn new() -> Self {
        Self::from_config(Config::default())
    }

    /// A registry with a namespace, constant labels, or another cap.
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::default()
    }

    pub(crate) fn from_config(config: Config) -> Self {
        crate::cell::prepare();
        Self {
            inner: Arc::new(Inner {
                config,
                ..Inner::default()
            }),
        }
    }

    /// Registers a metric set as it is declared, and returns it; the second time, the one that is there already.
    ///
    /// # Errors
    ///
    /// If a family of the same name, but of another set, is registered.
    pub fn register<S: MetricSet>(&self) -> Result<Arc<S>, Error> {
        self.register_with(SetOptions::new())
    }

    /// Registers a metric set under other names, buckets or caps than it declares.
    ///
    /// The same set can be registered several times under different options.
    ///
    /// # Errors
    ///
    /// If a name or label is malformed, buckets do not increase, an option names a family or label that the set does not
    /// have, or a family of the same name is registered by another set.
    pub fn register_with<S: MetricSet>(&self, options: SetOptions) -> Result<Arc<S>, Error> {
        // Held throughout, so that two threads that register the same set get the same one.
        let mut sets = lock(&self.inner.sets);
        let known = sets
            .iter()
            .find(|known| known.id == TypeId::of::<S>() && known.options == options);
        if let Some(known) = known {
            return Ok(Arc::clone(&known.set)
                .downcast()
                .unwrap_or_else(|_| unreachable!("the type id was compared")));
        }
        let specs = plan::specs(S::FAMILIES, S::BARE, &options, &self.inner.config)?;
        self.check_free(specs.iter().map(|spec| &**spec), std::any::type_name::<S>())?;
        let set = Arc::new(S::build(&mut crate::set::Specs(specs.clone().into_iter())));
        self.add(specs.into_iter().enumerate().map(|(index, spec)| {
            Entry::new(
                spec,
                Arc::clone(&set) as _,
                index,
                std::any::type_name::<S>(),
            )
        }));
        sets.push(RegisteredSet {
            id: TypeId::of::<S>(),
            options,
            set: Arc::clone(&set) as _,
        });
        Ok(set)
    }

    /// Registers code of somebody else's that is asked for rows at every scrape.
    ///
    /// It runs on a thread of its own: if it panics, blocks beyond the scrape's deadline or returns nonsense, it loses
    /// its own rows for that scrape and `omtx_collector_errors_total{collector="name"}` counts it. See [`Collector`].
    ///
    /// # Errors
    ///
    /// If a collector of this name is registered, or the operating system refuses the thread.
    pub fn register_collector(
        &self,
        name: impl Into<Cow<'static, str>>,
        collector: impl Collector,
    ) -> Result<(), Error> {
        self.inner.collectors.add(name.into(), collector)
    }

    /// Runs `refresh` at the start of every scrape, to bring gauges up to date that only age (the oldest job, a queue's
    /// head). For our own code only: it runs inline, and so must not block.
    #[doc(hidden)]
    pub fn before_scrape(&self, refresh: impl Fn() + Send + Sync + 'static) {
        self.inner.collectors.add_refresh(Arc::new(refresh));
    }

    /// The library's own families.
    pub(crate) fn library(&self) -> &Library {
        self.inner.library.get_or_init(|| Library::new(self))
    }

    /// What is there once per registry: found again, or made. For our own code only.
    ///
    /// # Errors
    ///
    /// Those of `make`.
    #[doc(hidden)]
    pub fn shared<T: Any + Send + Sync>(
        &self,
        make: impl FnOnce() -> Result<Arc<T>, Error>,
    ) -> Result<Arc<T>, Error> {
        let mut all = lock(&self.inner.shared);
        if let Some(known) = all
            .iter()
            .find_map(|known| Arc::clone(known).downcast().ok())
        {
            return Ok(known);
        }
        let new = make()?;
        all.push(Arc::clone(&new) as _);
        Ok(new)
    }

    /// An empty registry with the same constant labels but `declared` ones, for the library's own families.
    pub(crate) fn with_same_labels_but(&self, declared: &[&str]) -> Self {
        let Config {
            constant_labels,
            max_series,
            collect_timeout,
            native_durations,
            ..
        } = self.inner.config.clone();
        Self::from_config(Config {
            namespace: None,
            constant_labels: constant_labels.without(declared),
            max_series,
            collect_timeout,
            native_durations,
            // A loss that was counted stays counted.
            expire_idle_after: None,
        })
    }

    /// Every family: name, kind, unit, help, labels with their closed values, buckets.
    #[must_use]
    pub fn catalog(&self) -> Catalog {
        Catalog::new(self.entries().iter())
    }

    pub(crate) fn entries(&self) -> Arc<[Entry]> {
        Arc::clone(&lock(&self.inner.entries))
    }

    /// Tells registries apart, for as long as they live.
    #[cfg(feature = "prometheus")]
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.inner) as usize
    }

    /// Brings gauges up to date that only age.
    #[cfg(feature = "prometheus")]
    pub(crate) fn refresh(&self) {
        self.inner.collectors.refresh();
    }

    pub(crate) fn collectors(&self) -> &Collectors {
        &self.inner.collectors
    }

    fn check_free<'a>(
        &self,
        specs: impl Iterator<Item = &'a crate::family::Spec>,
        owner: &str,
    ) -> Result<(), Error> {
        let entries = self.entries();
        let mut new: Vec<&crate::family::Spec> = Vec::new();
        for spec in specs {
            let taken = entries
                .iter()
                .map(|entry| (entry.spec(), entry.owner()))
                .chain(new.iter().map(|spec| (*spec, owner)))
                .find(|(other, _)| merge::clash(other, spec));
            if let Some((other, by)) = taken {
                return Err(Error::conflict(format!(
                    "family \"{}\" is registered already, as a {} of `{by}`; expected a name of its own for the {} of `{owner}`",
                    spec.name,
                    other.kind.as_text(),
                    spec.kind.as_text(),
                )));
            }
            new.push(spec);
        }
        Ok(())
    }

    fn add(&self, new: impl IntoIterator<Item = Entry>) {
        let mut entries = lock(&self.inner.entries);
        let mut all: Vec<Entry> = entries.iter().cloned().chain(new).collect();
        all.sort_by(|a, b| a.spec().name.cmp(&b.spec().name));
        *entries = all.into();
    }
}

/// As [`Registry::new`].
impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("namespace", &self.inner.config.namespace)
            .field("families", &self.entries().len())
            .finish_non_exhaustive()
    }
}
