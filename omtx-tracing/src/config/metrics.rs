/// From when the numbers of counters and histograms are counted:
/// `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`, in any case.
///
/// Gauges, states and infos are what they are at their time, and summaries are always cumulative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Temporality {
    /// `cumulative`, the default: from when the series began, as Prometheus counts. A point that is lost costs its moment only.
    #[default]
    Cumulative,
    /// `delta`: from the export before. What is lost on the way is missing from every sum.
    Delta,
    /// `lowmemory`: as `delta`, but rows of collectors, which are asked and do not tell, are cumulative.
    LowMemory,
}

impl Temporality {
    pub(super) const EXPECTED: &str = "cumulative, delta or lowmemory";

    pub(super) fn parse(text: &str) -> Option<Self> {
        let values = [
            ("cumulative", Self::Cumulative),
            ("delta", Self::Delta),
            ("lowmemory", Self::LowMemory),
        ];
        let found = values
            .into_iter()
            .find(|(name, _)| text.eq_ignore_ascii_case(name));
        found.map(|(_, temporality)| temporality)
    }

    /// True if what counts is exported as differences.
    pub(crate) fn is_delta(self, of_collector: bool) -> bool {
        match self {
            Self::Cumulative => false,
            Self::Delta => true,
            Self::LowMemory => !of_collector,
        }
    }
}

/// Which of a histogram's two forms is exported, where it has both:
/// `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION`, in any case.
///
/// A histogram that has one form only is exported in that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HistogramAggregation {
    /// `base2_exponential_bucket_histogram`: native buckets. The default here, since a histogram has them only if it was asked
    /// to; the specification's is the other.
    #[default]
    Base2Exponential,
    /// `explicit_bucket_histogram`: classic buckets.
    ExplicitBucket,
}

impl HistogramAggregation {
    pub(super) const EXPECTED: &str =
        "explicit_bucket_histogram or base2_exponential_bucket_histogram";

    pub(super) fn parse(text: &str) -> Option<Self> {
        let values = [
            ("explicit_bucket_histogram", Self::ExplicitBucket),
            ("base2_exponential_bucket_histogram", Self::Base2Exponential),
        ];
        let found = values
            .into_iter()
            .find(|(name, _)| text.eq_ignore_ascii_case(name));
        found.map(|(_, aggregation)| aggregation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Settings, Vars};

    #[track_caller]
    fn check(
        variable: &str,
        value: &str,
        expected: (Temporality, HistogramAggregation),
        warning: Option<&str>,
    ) {
        let read = |name: &str| (name == variable).then(|| value.into());
        let mut settings = Settings::new("hub".to_owned());
        settings.apply(&mut Vars::new(&read)).unwrap();
        let set = (settings.metrics_temporality, settings.histogram_aggregation);
        assert_eq!(set, expected);
        let warnings: Vec<_> = settings.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, Vec::from_iter(warning.map(str::to_owned)));
    }

    #[test]
    fn the_environment_chooses_temporality_and_buckets() {
        use HistogramAggregation::{Base2Exponential, ExplicitBucket};
        use Temporality::{Cumulative, Delta, LowMemory};

        let temporality = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        check(temporality, "Delta", (Delta, Base2Exponential), None);
        check(
            temporality,
            "LOWMEMORY",
            (LowMemory, Base2Exponential),
            None,
        );
        check(
            temporality,
            "cumulative",
            (Cumulative, Base2Exponential),
            None,
        );
        check(
            temporality,
            "total",
            (Cumulative, Base2Exponential),
            Some(
                r#"ignored OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE "total"; expected cumulative, delta or lowmemory"#,
            ),
        );
        let form = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
        check(
            form,
            "explicit_bucket_histogram",
            (Cumulative, ExplicitBucket),
            None,
        );
        check(
            form,
            "base2_exponential_bucket_histogram",
            (Cumulative, Base2Exponential),
            None,
        );
    }
}
