//! Which traces are recorded.

mod parent_based;
mod ratio;

use std::fmt;
use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Link, SpanContext, SpanKind, TraceId};

use crate::Error;

pub use parent_based::ParentBased;
use ratio::Ratio;

/// Decides whether a span is recorded, before it is built; `parentbased_always_on` by default.
///
/// | `OTEL_TRACES_SAMPLER` | here |
/// |---|---|
/// | `always_on` | [`always_on`](Self::always_on) |
/// | `always_off` | [`always_off`](Self::always_off) |
/// | `traceidratio` | [`trace_id_ratio`](Self::trace_id_ratio) |
/// | `parentbased_always_on` | [`parent_based`](Self::parent_based)`(Sampler::always_on())` |
/// | `parentbased_always_off` | [`parent_based`](Self::parent_based)`(Sampler::always_off())` |
/// | `parentbased_traceidratio` | [`parent_based`](Self::parent_based)`(Sampler::trace_id_ratio(..)?)` |
///
/// It prints as the specification describes it ("GetDescription"):
///
/// ```
/// use omtx_tracing::Sampler;
///
/// # fn main() -> Result<(), omtx_tracing::Error> {
/// let sampler = Sampler::parent_based(Sampler::trace_id_ratio(0.01)?);
/// assert_eq!(
///     sampler.to_string(),
///     "ParentBased{root:TraceIdRatioBased{0.01},remoteParentSampled:AlwaysOnSampler,remoteParentNotSampled:AlwaysOffSampler,\
///      localParentSampled:AlwaysOnSampler,localParentNotSampled:AlwaysOffSampler}"
/// );
/// # Ok(())
/// # }
/// ```
///
/// A sampler of one's own is a closure, or anything that is [`ShouldSample`]:
///
/// ```
/// use omtx_tracing::Sampler;
///
/// let no_polling = Sampler::custom(|span: &omtx_tracing::SamplingRequest<'_>| span.name() != "poll");
/// let sampler = Sampler::parent_based(no_polling);
/// ```
#[derive(Clone)]
pub struct Sampler(Kind);

#[derive(Clone)]
enum Kind {
    AlwaysOn,
    AlwaysOff,
    Ratio(Ratio),
    ParentBased(Arc<ParentBased>),
    Custom(Arc<dyn ShouldSample>),
}

impl Sampler {
    /// Records everything.
    #[must_use]
    pub const fn always_on() -> Self {
        Self(Kind::AlwaysOn)
    }

    /// Records nothing. Ids are made and passed on all the same.
    #[must_use]
    pub const fn always_off() -> Self {
        Self(Kind::AlwaysOff)
    }

    /// Records this share of all traces, told by the trace id alone: every service with the same ratio takes the same traces, and
    /// one with a higher ratio takes them as well.
    ///
    /// The rule is the one that OpenTelemetry's SDKs for Rust, Go and Java have: the last eight bytes of the id, without their lowest
    /// bit, lie below `ratio` × 2⁶³.
    /// It ignores what the caller decided; to follow the caller, put it inside [`parent_based`](Self::parent_based).
    ///
    /// # Errors
    ///
    /// If the ratio is not from 0 to 1.
    ///
    /// ```
    /// use omtx_tracing::Sampler;
    ///
    /// let error = Sampler::trace_id_ratio(1.5).unwrap_err();
    /// assert_eq!(error.to_string(), r#"invalid sampling ratio "1.5"; expected a number from 0 to 1"#);
    /// ```
    pub fn trace_id_ratio(ratio: f64) -> Result<Self, Error> {
        Ok(Self(Kind::Ratio(Ratio::new(ratio)?)))
    }

    /// Does as the parent did, and asks `root` where there is none; the same as [`ParentBased::new`].
    #[must_use]
    pub fn parent_based(root: Self) -> Self {
        ParentBased::new(root).into()
    }

    /// A rule of one's own.
    #[must_use]
    pub fn custom(rule: impl ShouldSample) -> Self {
        Self(Kind::Custom(Arc::new(rule)))
    }

    #[inline]
    pub(crate) fn samples(&self, request: &SamplingRequest<'_>) -> bool {
        match &self.0 {
            Kind::AlwaysOn => true,
            Kind::AlwaysOff => false,
            Kind::Ratio(ratio) => ratio.samples(request.trace_id),
            Kind::ParentBased(parent_based) => parent_based.samples(request),
            Kind::Custom(rule) => rule.should_sample(request),
        }
    }

    /// Whether a rule of one's own decides about spans below this parent: nothing else reads their names.
    #[cfg(feature = "http")]
    #[inline]
    pub(crate) fn reads_names(&self, parent: Option<&SpanContext>) -> bool {
        match &self.0 {
            Kind::AlwaysOn | Kind::AlwaysOff | Kind::Ratio(_) => false,
            Kind::ParentBased(parent_based) => parent_based.sampler(parent).reads_names(parent),
            Kind::Custom(_) => true,
        }
    }

    /// False if no span below this parent would be sampled, whatever its name: then none needs to be begun. Rules of one's own
    /// are not asked.
    #[inline]
    pub(crate) fn may_sample_below(&self, parent: &SpanContext) -> bool {
        match &self.0 {
            Kind::AlwaysOn | Kind::Custom(_) => true,
            Kind::AlwaysOff => false,
            Kind::Ratio(ratio) => ratio.samples(parent.trace_id()),
            Kind::ParentBased(parent_based) => {
                parent_based.sampler(Some(parent)).may_sample_below(parent)
            }
        }
    }
}

impl Default for Sampler {
    /// `parentbased_always_on`, as the specification says.
    fn default() -> Self {
        Self::parent_based(Self::always_on())
    }
}

impl From<ParentBased> for Sampler {
    fn from(sampler: ParentBased) -> Self {
        Self(Kind::ParentBased(Arc::new(sampler)))
    }
}

impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::AlwaysOn => f.write_str("AlwaysOnSampler"),
            Kind::AlwaysOff => f.write_str("AlwaysOffSampler"),
            Kind::Ratio(ratio) => ratio.fmt(f),
            Kind::ParentBased(parent_based) => parent_based.fmt(f),
            Kind::Custom(rule) => f.write_str(rule.description()),
        }
    }
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A sampling rule of one's own, for [`Sampler::custom`]; closures are one.
///
/// It is asked on the thread that begins the span, for each span that the samplers around it do not decide, and should not wait.
pub trait ShouldSample: Send + Sync + 'static {
    /// Whether the span is recorded.
    fn should_sample(&self, span: &SamplingRequest<'_>) -> bool;

    /// What it is called where the sampler is printed; `Custom` by default.
    fn description(&self) -> &str {
        "Custom"
    }
}

impl<F> ShouldSample for F
where
    F: Fn(&SamplingRequest<'_>) -> bool + Send + Sync + 'static,
{
    fn should_sample(&self, span: &SamplingRequest<'_>) -> bool {
        self(span)
    }
}

/// What is known of a span before it is built: what a [`Sampler`] decides by.
#[derive(Clone, Copy, Debug)]
pub struct SamplingRequest<'a> {
    pub(crate) parent: Option<&'a SpanContext>,
    pub(crate) trace_id: TraceId,
    pub(crate) name: &'a str,
    pub(crate) kind: &'a SpanKind,
    pub(crate) attributes: &'a [KeyValue],
    pub(crate) links: &'a [Link],
}

impl<'a> SamplingRequest<'a> {
    /// The parent, local or remote; `None` if the span begins a trace.
    #[must_use]
    pub fn parent(&self) -> Option<&'a SpanContext> {
        self.parent
    }

    /// The id of the trace: the parent's, or a new one.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The name that the span begins with.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The span's kind.
    #[must_use]
    pub fn kind(&self) -> &'a SpanKind {
        self.kind
    }

    /// The attributes that were given with the name. The server span of this crate reads its attributes after the decision, so that
    /// there are none here.
    #[must_use]
    pub fn attributes(&self) -> &'a [KeyValue] {
        self.attributes
    }

    /// The links that were given with the name.
    #[must_use]
    pub fn links(&self) -> &'a [Link] {
        self.links
    }
}
