//! Files for the [textfile collector](https://github.com/prometheus/node_exporter#textfile-collector) of node exporter: the
//! metrics of cron jobs and of programs that serve nothing.
//!
//! ```no_run
//! use omtx_metrics::{Gauge, Registry};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = Registry::new();
//! registry.family::<(), Gauge>("backup_size_bytes", "Size of the last backup.").register()?.with(()).set(7e9);
//! registry.write_textfile("/var/lib/node_exporter/textfile/backup.prom")?;
//! # Ok(())
//! # }
//! ```
//!
//! The file then has, in text format 0.0.4 and without timestamps, which node exporter refuses:
//!
//! ```text
//! # HELP backup_size_bytes Size of the last backup.
//! # TYPE backup_size_bytes gauge
//! backup_size_bytes 7e+09
//! ```
//!
//! It is replaced as a whole: written beside it under another name, flushed to the disk, made readable for all (mode 0644,
//! whatever the umask, since node exporter runs as another user), and renamed. Whoever reads gets the old file or the new one;
//! when the disk is full or the machine loses power, the old one stays.
//!
//! [`Textfile`] writes [again and again](Textfile::write_every), or [at the end](Textfile::write_on_drop), and says what
//! failed to a hook.
//!
//! # What to look out for
//!
//! - Node exporter merges all `*.prom` of its directory into one exposition. Two files must not have the same series: give
//!   each program a [constant label](crate::RegistryBuilder::constant_label) or names of its own, and the same family the
//!   same help text everywhere. This is why the library's own families (`omtx_*`), which every program has, are left out
//!   unless [asked for](TextfileBuilder::library_families).
//! - A file stays when the job is gone. Node exporter shows its age as `node_textfile_mtime_seconds{file="…"}`: alert on that.

mod builder;
mod file;
mod metrics;
mod on_drop;
mod periodic;

pub use builder::TextfileBuilder;
pub use on_drop::TextfileOnDrop;
pub use periodic::PeriodicTextfile;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::hook::Hook;
use crate::outcome::OutcomeLabels;
use crate::registry::Gathered;
use crate::{Error, Registry};
use metrics::TextfileMetrics;

impl Registry {
    /// Writes what is registered to `path`, for the textfile collector of node exporter; see the
    /// [module](crate::textfile).
    ///
    /// Waits for [collectors](crate::Collector) as a scrape does, and for the disk.
    ///
    /// # Errors
    ///
    /// If the name does not end in `.prom`, or the file cannot be written; a file that was there then stays as it was.
    ///
    /// ```
    /// use omtx_metrics::Registry;
    ///
    /// let error = Registry::new().write_textfile("/tmp/backup.txt").unwrap_err();
    /// assert_eq!(error.to_string(), r#"invalid textfile "/tmp/backup.txt"; expected a file name that ends in ".prom""#);
    /// ```
    pub fn write_textfile(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        Textfile::builder(path.as_ref()).build(self)?.write()
    }
}

/// A file that holds a registry's metrics. Cloning is cheap, and all clones are the same.
///
/// ```
/// use omtx_metrics::textfile::Textfile;
/// use omtx_metrics::{IntGauge, Registry};
///
/// # let directory = std::env::temp_dir();
/// let registry = Registry::new();
/// let files = registry.family::<(), IntGauge>("backup_files", "Files of the last backup.").register()?;
/// let textfile = Textfile::builder(directory.join("omtx-doc-backup.prom")).build(&registry)?;
/// files.with(()).set(3);
/// textfile.write()?;
/// assert_eq!(std::fs::read_to_string(textfile.path()).unwrap(), "\
/// ## HELP backup_files Files of the last backup.
/// ## TYPE backup_files gauge
/// backup_files 3
/// ");
/// # std::fs::remove_file(textfile.path()).unwrap();
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Clone)]
pub struct Textfile {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    path: PathBuf,
    library_families: bool,
    writes: Arc<TextfileMetrics>,
    on_error: Option<Hook<Error>>,
}

impl Textfile {
    /// A file at `path`, whose name must end in `.prom`.
    pub fn builder(path: impl Into<PathBuf>) -> TextfileBuilder {
        TextfileBuilder::new(path.into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Replaces the file by what the registry has now; counted in `omtx_textfile_writes_total{outcome}`.
    ///
    /// # Errors
    ///
    /// If it cannot be written; a file that was there then stays as it was.
    pub fn write(&self) -> Result<(), Error> {
        let inner = &*self.inner;
        let mut text = Vec::new();
        Gathered::take(&inner.registry, inner.library_families).encode_text(&mut text);
        let written = file::replace(&inner.path, &text);
        inner
            .writes
            .omtx_textfile_writes_total
            .with(OutcomeLabels::of(&written))
            .inc();
        written.map_err(|error| Error::file(&inner.path, error))
    }

    /// [Writes](Self::write) when the guard is dropped: at the end of `main`, by `?`, or by a panic.
    pub fn write_on_drop(&self) -> TextfileOnDrop {
        TextfileOnDrop::new(self.clone())
    }

    /// [Writes](Self::write) every so often, and a last time when what is returned is dropped.
    ///
    /// # Errors
    ///
    /// If the interval is zero, or the operating system grants no thread.
    pub fn write_every(&self, interval: Duration) -> Result<PeriodicTextfile, Error> {
        PeriodicTextfile::start(self.clone(), interval)
    }

    fn report(&self, error: &Error) {
        if let Some(hook) = &self.inner.on_error {
            hook.call(error);
        }
    }
}

impl fmt::Debug for Textfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Textfile")
            .field("path", &self.inner.path)
            .field("registry", &self.inner.registry)
            .finish_non_exhaustive()
    }
}
