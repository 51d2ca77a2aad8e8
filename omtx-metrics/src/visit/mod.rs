//! What would a scrape show now, as values instead of bytes? For exporters to other systems.
//!
//! An [`Exporter`](crate::Exporter) writes what Prometheus reads. Whoever writes something else (OTLP, StatsD, CloudWatch's
//! embedded format, a table for a test) implements [`Visitor`] and hands it to [`Registry::visit`](crate::Registry::visit).
//! It is shown everything that `/metrics` shows, by family name: the registry's families, the rows of its
//! [collectors](crate::Collector), those of the `prometheus` crate among them, and the library's own families.
//!
//! ```
//! use omtx_metrics::visit::{Family, Series, Value, Visitor};
//! use omtx_metrics::{Labels, Registry};
//!
//! #[derive(Labels)]
//! struct ShopLabels<'a> {
//!     shop: &'a str,
//! }
//!
//! /// Lines of StatsD, with tags.
//! struct StatsD(String);
//!
//! impl Visitor for StatsD {
//!     fn series(&mut self, family: &Family<'_>, series: &Series<'_>) {
//!         if let Value::Number(number) = series.value() {
//!             let tags: Vec<_> = series.labels().iter().map(|(name, value)| format!("{name}:{value}")).collect();
//!             self.0 += &format!("{}:{number}|g|#{}\n", family.name(), tags.join(","));
//!         }
//!     }
//! }
//!
//! let registry = Registry::builder().constant_label("region", "eu").build()?;
//! let orders = registry.family::<ShopLabels, omtx_metrics::IntGauge>("orders_open", "Orders not delivered.").register()?;
//! orders.with(ShopLabels { shop: "say \"cheese\"" }).set(3);
//!
//! let mut lines = StatsD(String::new());
//! registry.visit(&mut lines);
//! assert!(lines.0.contains("orders_open:3|g|#region:eu,shop:say \"cheese\"\n"));
//! # Ok::<(), omtx_metrics::Error>(())
//! ```
//!
//! # What is read
//!
//! The same as by a scrape, and with the same care: collectors are asked on their threads and waited for as long as
//! [`collect_timeout`](crate::RegistryBuilder::collect_timeout) says, gauges that only age are brought up to date, a
//! histogram's buckets add up to its count, and idle series that may expire do. Values are read while others write, one
//! series after the other; nothing that records waits for a visitor. Showing a series allocates nothing, but for label values
//! that need an escape in an exposition.
//!
//! Values alone are read unless [`Visitor::wants`] asks for more.

mod exemplar;
mod family;
mod histogram;
mod labels;
mod series;
mod value;
mod walk;

pub use crate::cell::Wants;
pub use exemplar::Exemplar;
pub use family::{Family, Origin};
pub use histogram::{Bucket, Histogram, NativeHistogram, Summary};
pub use labels::Labels;
pub use series::Series;
pub use value::{Number, States, Value};
pub(crate) use walk::{foreign, own};

/// Is shown the families and series of a registry, one after the other; see the [module](self).
///
/// ```
/// use omtx_metrics::visit::{Family, Series, Visitor};
/// use omtx_metrics::{Counter, Registry};
///
/// #[derive(Default)]
/// struct Names(Vec<String>);
///
/// impl Visitor for Names {
///     fn series(&mut self, family: &Family<'_>, _: &Series<'_>) {
///         self.0.push(family.name().to_owned());
///     }
/// }
///
/// let registry = Registry::new();
/// registry.family::<(), Counter>("restarts_total", "Restarts.").register()?.with(());
/// let mut names = Names::default();
/// registry.visit(&mut names);
/// assert!(names.0.contains(&"restarts_total".to_owned()));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
pub trait Visitor {
    /// What is to be read of the series of a family, before any of them is; `None` leaves the whole family out, unread.
    /// Default: values alone, of every family.
    fn wants(&mut self, family: &Family<'_>) -> Option<Wants> {
        let _ = family;
        Some(Wants::new())
    }

    /// A family begins; its series follow. Not called for a family without series. Default: nothing.
    fn family(&mut self, family: &Family<'_>) {
        let _ = family;
    }

    /// One series of the family that began last.
    fn series(&mut self, family: &Family<'_>, series: &Series<'_>);

    /// The family that began last has no more series. Default: nothing.
    fn family_end(&mut self, family: &Family<'_>) {
        let _ = family;
    }
}
