//! Labels: what tells the series of one family apart.

mod closed;
mod escape;
mod pairs;
mod text;
mod value;

pub(crate) use closed::closed_label;
pub(crate) use escape::{escape_help, escape_value, strip_escaped, unescape, write_pair};
pub(crate) use pairs::pairs;
pub(crate) use text::{LabelText, Matcher, OneOpen, Overflowed, TextWriter};
pub use value::LabelValue;

use crate::desc::LabelDesc;

/// The value that replaces every open label once a family has reached its cap.
///
/// ```text
/// http_requests_total{method="GET",endpoint="overflow",status="overflow"} 17
/// ```
pub const OVERFLOW: &str = "overflow";

/// A set of labels: a struct whose fields are closed enums ([`LabelValue`]) or `&'a str` (open, capped).
///
/// Derive it; a missing, an extra or a misspelt label then does not compile, and neither does a reserved name:
///
/// ```
/// use omtx_metrics::{Counter, Family, LabelValue, Labels, MetricSet, Registry};
///
/// /// How a payment ended.
/// #[derive(Clone, Copy, LabelValue)]
/// enum Outcome {
///     Accepted,
///     CardDeclined,
/// }
///
/// #[derive(Labels)]
/// struct PaymentLabels<'a> {
///     outcome: Outcome,   // closed: an array index
///     provider: &'a str,  // open: one hash; at most `max_series` of them
/// }
///
/// /// Payments.
/// #[derive(MetricSet)]
/// struct Payments {
///     /// Payments by outcome.
///     payments_total: Family<PaymentLabels<'static>, Counter>,
/// }
///
/// let registry = Registry::new();
/// let payments = registry.register::<Payments>()?;
/// payments.payments_total.with(PaymentLabels { outcome: Outcome::CardDeclined, provider: "stripe" }).inc();
///
/// assert!(registry.to_text().contains(
///     r#"payments_total{outcome="card_declined",provider="stripe"} 1"#
/// ));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
///
/// Open values are untrusted: every byte of them is escaped, they are cut at [`MAX_VALUE_BYTES`] on a character
/// boundary, and beyond the family's cap they share one series ([`OVERFLOW`]). Never give a user's, a request's or a
/// job's id as a label.
///
/// ```compile_fail
/// # use omtx_metrics::Labels;
/// #[derive(Labels)]
/// struct Bad<'a> {
///     le: &'a str, // the histogram's own label
/// }
/// ```
pub trait Labels: 'static {
    /// The same struct, borrowing for `'a`.
    type Of<'a>;

    /// The labels in declared order.
    const LABELS: &'static [LabelDesc];

    /// How many combinations the closed labels have; 1 if there are none.
    const CLOSED: usize;

    /// How many labels are open.
    const OPEN: usize;

    /// The combination of the closed labels, in `0..CLOSED`.
    fn closed_index(of: &Self::Of<'_>) -> usize;

    /// Shows every label in declared order.
    fn visit<V: LabelVisitor>(of: &Self::Of<'_>, visitor: &mut V);

    /// The `index`th combination of closed labels, for a set without open ones; `None` if it has open labels.
    fn from_closed_index(index: usize) -> Option<Self::Of<'static>>;
}

/// Open values are cut at this many bytes, on a character boundary. 64 KiB.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;

/// Sees the labels of a set, one after the other.
#[doc(hidden)]
pub trait LabelVisitor {
    /// A value of a closed set.
    fn closed(&mut self, value: &'static str);
    /// A value of an open set.
    fn open(&mut self, value: &str);
}

/// No labels: the family has one series.
impl Labels for () {
    type Of<'a> = ();
    const LABELS: &'static [LabelDesc] = &[];
    const CLOSED: usize = 1;
    const OPEN: usize = 0;

    fn closed_index((): &()) -> usize {
        0
    }

    fn visit<V: LabelVisitor>((): &(), _: &mut V) {}

    fn from_closed_index(_: usize) -> Option<()> {
        Some(())
    }
}

/// `value`, cut at [`MAX_VALUE_BYTES`] on a character boundary.
pub(crate) fn bounded(value: &str) -> &str {
    if value.len() <= MAX_VALUE_BYTES {
        return value;
    }
    let mut end = MAX_VALUE_BYTES;
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    &value[..end]
}
