//! Labels, as a visitor sees them.

use std::borrow::Cow;
use std::fmt;

use crate::label::pairs;

/// The labels of one series or exemplar, the registry's constant ones first.
///
/// Equal, and of equal hash, exactly if they are those of the same series of a family. Shown as in an exposition:
///
/// ```
/// use omtx_metrics::visit::{Family, Series, Visitor};
/// use omtx_metrics::{Counter, Labels, Registry};
///
/// #[derive(Labels)]
/// struct FileLabels<'a> {
///     file: &'a str,
/// }
///
/// struct First;
///
/// impl Visitor for First {
///     fn series(&mut self, family: &Family<'_>, series: &Series<'_>) {
///         if family.name() == "opened_total" {
///             let labels = series.labels();
///             assert_eq!(labels.get("file").as_deref(), Some("C:\\a"));
///             assert_eq!(labels.to_string(), r#"host="h1",file="C:\\a""#);
///         }
///     }
/// }
///
/// let registry = Registry::builder().constant_label("host", "h1").build()?;
/// let opened = registry.family::<FileLabels, Counter>("opened_total", "Files opened.").register()?;
/// opened.with(FileLabels { file: "C:\\a" }).inc();
/// registry.visit(&mut First);
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Labels<'a> {
    /// Escaped pairs, both.
    constant: &'a str,
    own: &'a str,
}

impl<'a> Labels<'a> {
    pub(super) fn new(constant: &'a str, own: &'a str) -> Self {
        Self { constant, own }
    }

    /// Names and values, in the order of an exposition. No name comes twice. Values are without escapes; one that has none
    /// in an exposition either is borrowed.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        pairs(self.constant).chain(pairs(self.own))
    }

    /// The value of one label; `None` if the series has not that label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.iter()
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.constant.is_empty() && self.own.is_empty()
    }
}

/// As between the braces of an exposition, with escapes: `region="eu",shop="a\"b"`.
impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.constant)?;
        if !self.constant.is_empty() && !self.own.is_empty() {
            f.write_str(",")?;
        }
        f.write_str(self.own)
    }
}
