//! Closed label values.

/// A closed set of label values: an enum without fields, or `bool`.
///
/// Derive it. A variant's value is its name in `snake_case`; `#[label(rename = "…")]` gives another:
///
/// ```
/// use omtx_metrics::LabelValue;
///
/// #[derive(Clone, Copy, LabelValue)]
/// enum Tier {
///     Free,
///     PayAsYouGo,
///     #[label(rename = "24x7")]
///     RoundTheClock,
/// }
///
/// assert_eq!(Tier::VALUES, ["free", "pay_as_you_go", "24x7"]);
/// assert_eq!(Tier::PayAsYouGo.as_str(), "pay_as_you_go");
/// ```
///
/// An enum with fields, and two variants of the same value, do not compile.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither `&'a str` nor a closed set of label values",
    label = "not a label value",
    note = "derive `LabelValue` on an enum without fields, or use `&'a str` for an open set"
)]
pub trait LabelValue: Copy + Send + Sync + 'static {
    /// All values, in the order of [`index`](Self::index).
    const VALUES: &'static [&'static str];

    /// Where in [`VALUES`](Self::VALUES) this value is.
    fn index(self) -> usize;

    /// The variant at `index`.
    ///
    /// # Panics
    ///
    /// If `index` is not below `VALUES.len()`.
    fn from_index(index: usize) -> Self;

    /// The value as it is exposed.
    fn as_str(self) -> &'static str {
        Self::VALUES[self.index()]
    }
}

#[diagnostic::do_not_recommend]
impl LabelValue for bool {
    const VALUES: &'static [&'static str] = &["false", "true"];

    fn index(self) -> usize {
        usize::from(self)
    }

    fn from_index(index: usize) -> Self {
        [false, true][index]
    }
}
