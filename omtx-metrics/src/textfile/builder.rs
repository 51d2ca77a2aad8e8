//! What a textfile is set up with.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Inner, Textfile};
use crate::hook::Hook;
use crate::{Error, Registry};

/// Sets up a [`Textfile`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct TextfileBuilder {
    path: PathBuf,
    library_families: bool,
    on_error: Option<Hook<Error>>,
}

impl TextfileBuilder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            library_families: false,
            on_error: None,
        }
    }

    /// Writes the library's own families (`omtx_*`) as well. Default: not, since two programs that do would have the same
    /// series in two files, unless a constant label tells them apart.
    pub fn library_families(mut self, library_families: bool) -> Self {
        self.library_families = library_families;
        self
    }

    /// Called with the error of a file that nobody waits for: [on drop](Textfile::write_on_drop), or
    /// [periodic](Textfile::write_every). Default: such errors are counted only.
    ///
    /// It runs on the thread that wrote. If it panics, that is the end of the call and of nothing else.
    pub fn on_error(mut self, hook: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Hook::new(hook));
        self
    }

    /// Makes the textfile to which this registry's metrics go. Nothing is written yet.
    ///
    /// # Errors
    ///
    /// If the name does not end in `.prom`: node exporter reads no others.
    pub fn build(self, registry: &Registry) -> Result<Textfile, Error> {
        let named = self.path.file_stem().is_some_and(|stem| stem != ".prom");
        if !named || self.path.extension().is_none_or(|end| end != "prom") {
            return Err(Error::invalid(
                "textfile",
                self.path.display(),
                "a file name that ends in \".prom\"",
            ));
        }
        let writes = registry.library().registry().register();
        Ok(Textfile {
            inner: Arc::new(Inner {
                writes: writes.expect("the library's own families have different names"),
                registry: registry.clone(),
                path: self.path,
                library_families: self.library_families,
                on_error: self.on_error,
            }),
        })
    }
}
