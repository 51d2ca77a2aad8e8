//! Which format a client wants.
//!
//! Source: RFC 9110, section 12.5.1 (`Accept`); Prometheus documentation, "Content negotiation".

use super::header::{Preference, Weight, preferences};

/// How an exposition is written.
///
/// The set grows with Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Prometheus text, versions 0.0.4 and 1.0.0. These differ in how names beyond `[a-zA-Z0-9_:]` are written, and no
    /// name here is one.
    Text,
    /// OpenMetrics text, versions 1.0.0 and 0.0.1.
    OpenMetrics,
    /// Prometheus protobuf, families delimited by their length.
    Protobuf,
}

impl Format {
    /// The Content-Type of its newest version that everybody reads.
    #[cfg(feature = "axum")]
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Text => super::TEXT_CONTENT_TYPE,
            Self::OpenMetrics => super::OPENMETRICS_CONTENT_TYPE,
            Self::Protobuf => super::PROTOBUF_CONTENT_TYPE,
        }
    }
}

/// A format in one of its versions, as a Content-Type names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Media {
    Protobuf,
    OpenMetrics1,
    OpenMetrics0,
    Text0,
    Text1,
}

/// What is offered where native histograms are recorded: only protobuf can carry them.
const WITH_NATIVE: [Media; 5] = [
    Media::Protobuf,
    Media::OpenMetrics1,
    Media::OpenMetrics0,
    Media::Text0,
    Media::Text1,
];

/// What is offered where there are none.
const WITHOUT_NATIVE: [Media; 5] = [
    Media::OpenMetrics1,
    Media::OpenMetrics0,
    Media::Text0,
    Media::Text1,
    Media::Protobuf,
];

/// What a client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Negotiated {
    pub(super) format: Format,
    pub(super) content_type: &'static str,
}

impl Negotiated {
    /// Text 0.0.4: what a client gets that says nothing, or nothing that is understood.
    pub(super) const TEXT: Self = Self::new(Media::Text0, Escaping::Unsaid);

    const fn new(media: Media, escaping: Escaping) -> Self {
        Self {
            format: media.format(),
            content_type: media.content_type(escaping),
        }
    }
}

/// The offer that `accept` weighs most. Of those that it weighs the same, one that it names goes before one that only a
/// wildcard covers, and then the server's order decides; but a client that takes anything (a browser, curl) gets text,
/// which everybody reads.
pub(super) fn negotiate(accept: &str, native: bool) -> Negotiated {
    let offers = if native { WITH_NATIVE } else { WITHOUT_NATIVE };
    // What the most specific range that covers an offer says of it (RFC 9110, section 12.5.1).
    let mut said = [None::<(Specificity, Weight, Escaping)>; WITH_NATIVE.len()];
    for range in preferences(accept) {
        for (offer, said) in offers.iter().zip(&mut said) {
            let Some(specificity) = offer.specificity(&range) else {
                continue;
            };
            let new = (specificity, range.weight);
            if said.is_none_or(|(specificity, weight, _)| (specificity, weight) < new) {
                *said = Some((new.0, new.1, Escaping::of(&range)));
            }
        }
    }
    let best = offers
        .iter()
        .zip(said)
        .filter_map(|(&offer, said)| said.map(|said| (offer, said)))
        .filter(|(_, (_, weight, _))| !weight.refuses())
        // `max_by_key` takes the last of equals, and the server's order is from the first.
        .rev()
        .max_by_key(|&(offer, (specificity, weight, _))| {
            let named = specificity.range();
            (
                weight,
                named,
                named == Range::Anything && offer == Media::Text0,
            )
        });
    best.map_or(Negotiated::TEXT, |(offer, (_, _, escaping))| {
        Negotiated::new(offer, escaping)
    })
}

/// How closely a range describes an offer: what kind of range it is, and how many of its parameters matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Specificity(Range, u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Range {
    /// `*/*`
    Anything,
    /// `text/*`
    Type,
    /// `text/plain`
    Exact,
}

impl Specificity {
    fn range(self) -> Range {
        self.0
    }
}

impl Media {
    const fn format(self) -> Format {
        match self {
            Self::Protobuf => Format::Protobuf,
            Self::OpenMetrics1 | Self::OpenMetrics0 => Format::OpenMetrics,
            Self::Text0 | Self::Text1 => Format::Text,
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Protobuf => ("application", "vnd.google.protobuf"),
            Self::OpenMetrics1 | Self::OpenMetrics0 => ("application", "openmetrics-text"),
            Self::Text0 | Self::Text1 => ("text", "plain"),
        }
    }

    fn parameter(self, name: &str) -> Option<&'static str> {
        let own: &[(&str, &str)] = match self {
            Self::Protobuf => &[
                ("proto", "io.prometheus.client.MetricFamily"),
                ("encoding", "delimited"),
            ],
            Self::OpenMetrics1 | Self::Text1 => &[("version", "1.0.0")],
            Self::OpenMetrics0 => &[("version", "0.0.1")],
            Self::Text0 => &[("version", "0.0.4")],
        };
        let mut own = own.iter();
        let found = own.find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| *value)
    }

    /// How specific `range` is if it covers this type; `None` if it does not.
    ///
    /// A parameter that the type has must be the same. Others are no conditions on what is sent: `q`, `escaping`,
    /// `charset` (which is always UTF-8 here).
    fn specificity(self, range: &Preference<'_>) -> Option<Specificity> {
        // HttpURLConnection sends a lone `*` for `*/*`.
        let (kind, subtype) = match range.name {
            "*" => ("*", "*"),
            name => name.split_once('/')?,
        };
        let (own_kind, own_subtype) = self.names();
        match (kind, subtype) {
            ("*", "*") => return Some(Specificity(Range::Anything, 0)),
            (kind, "*") if kind.eq_ignore_ascii_case(own_kind) => {
                return Some(Specificity(Range::Type, 0));
            }
            _ if !kind.eq_ignore_ascii_case(own_kind)
                || !subtype.eq_ignore_ascii_case(own_subtype) =>
            {
                return None;
            }
            _ => {}
        }
        let mut matched = 0_u8;
        for (name, value) in range.parameters() {
            match self.parameter(name) {
                Some(own) if own == value => matched = matched.saturating_add(1),
                Some(_) => return None,
                None => {}
            }
        }
        Some(Specificity(Range::Exact, matched))
    }

    const fn content_type(self, escaping: Escaping) -> &'static str {
        macro_rules! escaped {
            ($start:literal) => {
                match escaping {
                    Escaping::Unsaid => $start,
                    Escaping::AllowUtf8 => concat!($start, "; escaping=allow-utf-8"),
                    Escaping::Underscores => concat!($start, "; escaping=underscores"),
                    Escaping::Dots => concat!($start, "; escaping=dots"),
                    Escaping::Values => concat!($start, "; escaping=values"),
                }
            };
        }
        match self {
            Self::Protobuf => super::PROTOBUF_CONTENT_TYPE,
            // `concat!` takes literals only: this is OPENMETRICS_CONTENT_TYPE, as a test says.
            Self::OpenMetrics1 => {
                escaped!("application/openmetrics-text; version=1.0.0; charset=utf-8")
            }
            Self::OpenMetrics0 => "application/openmetrics-text; version=0.0.1; charset=utf-8",
            Self::Text0 => super::TEXT_CONTENT_TYPE,
            Self::Text1 => escaped!("text/plain; version=1.0.0; charset=utf-8"),
        }
    }
}

/// How a client wants names beyond `[a-zA-Z0-9_:]` written. There are none here, so that every way is the same; a client
/// that asks for one is told that it has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escaping {
    Unsaid,
    AllowUtf8,
    Underscores,
    Dots,
    Values,
}

impl Escaping {
    fn of(range: &Preference<'_>) -> Self {
        let escaping = range
            .parameters()
            .find(|(name, _)| name.eq_ignore_ascii_case("escaping"));
        match escaping.map(|(_, value)| value) {
            Some("allow-utf-8") => Self::AllowUtf8,
            Some("underscores") => Self::Underscores,
            Some("dots") => Self::Dots,
            Some("values") => Self::Values,
            _ => Self::Unsaid,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OPENMETRICS: &str = super::super::OPENMETRICS_CONTENT_TYPE;
    const OPENMETRICS_0: &str = "application/openmetrics-text; version=0.0.1; charset=utf-8";
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    const TEXT_1: &str = "text/plain; version=1.0.0; charset=utf-8";
    const PROTOBUF: &str = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

    #[track_caller]
    fn check(accept: &str, expected: &str) {
        for native in [false, true] {
            assert_eq!(negotiate(accept, native).content_type, expected, "{accept}");
        }
    }

    /// Verbatim, as `scrape/scrape.go` of each release puts it together.
    #[test]
    fn prometheus_gets_what_it_likes_best() {
        // 2.42, scrapeAcceptHeader
        check(
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            OPENMETRICS,
        );
        // 2.42 with native histograms, scrapeAcceptHeaderWithProtobuf
        check(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            PROTOBUF,
        );
        // 2.49 to 2.54: acceptHeader(DefaultScrapeProtocols)
        check(
            "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            OPENMETRICS,
        );
        // The same with native histograms: DefaultProtoFirstScrapeProtocols
        check(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,application/openmetrics-text;version=0.0.1;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            PROTOBUF,
        );
        // 2.55 with UTF-8 names: every protocol says how to escape
        check(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;q=0.2",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        );
        // 3.x
        check(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        );
        // 3.x with `metric_name_escaping_scheme: underscores`
        check(
            "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=underscores;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
        );
        // 3.x with `scrape_native_histograms: true`
        check(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            PROTOBUF,
        );
        // 3.x with `scrape_protocols: [PrometheusText1.0.0, PrometheusText0.0.4]`
        check(
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4",
            "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        );
        // Before 2.5, and the fallback protocol alone
        check("text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT);
        check("text/plain;version=0.0.4;q=0.6,*/*;q=0.5", TEXT);
    }

    /// Grafana Agent, Alloy and the collector's Prometheus receiver scrape with Prometheus' own code: see above.
    #[test]
    fn other_clients_get_what_they_can_read() {
        for (accept, expected) in [
            ("", TEXT),
            // curl
            ("*/*", TEXT),
            // vmagent, Netdata
            ("text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT),
            // Chrome
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
                TEXT,
            ),
            // Firefox
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                TEXT,
            ),
            // Telegraf
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3",
                PROTOBUF,
            ),
            // Datadog agent
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OPENMETRICS,
            ),
            // HttpURLConnection
            ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", TEXT),
        ] {
            check(accept, expected);
        }
    }

    #[test]
    fn weight_goes_before_specificity_and_specificity_before_the_order_of_the_header() {
        for (accept, expected) in [
            (
                "text/plain;q=0.1, application/openmetrics-text;q=0.2",
                OPENMETRICS,
            ),
            ("application/openmetrics-text;q=0.1, text/plain;q=0.2", TEXT),
            ("text/plain", TEXT),
            ("text/*", TEXT),
            ("application/openmetrics-text", OPENMETRICS),
            ("APPLICATION/OpenMetrics-Text; VERSION=0.0.1", OPENMETRICS_0),
            (
                r#"application/openmetrics-text;version="0.0.1""#,
                OPENMETRICS_0,
            ),
            ("text/plain; version=1.0.0", TEXT_1),
            ("text/plain; charset=utf-8", TEXT),
            // The more specific range speaks for what it covers, however little it likes it.
            ("text/plain;q=0.1, */*;q=0.2, application/*;q=0", TEXT),
            ("text/plain;version=0.0.4;q=0, text/plain", TEXT_1),
            (
                "text/*;q=0, application/openmetrics-text;q=0.01",
                OPENMETRICS,
            ),
            ("application/openmetrics-text;q=0, text/plain;q=0.5", TEXT),
            // Named goes before covered, where both weigh the same.
            ("*/*, application/openmetrics-text", OPENMETRICS),
        ] {
            check(accept, expected);
        }
    }

    #[test]
    fn ties_are_broken_by_what_is_recorded() {
        let both = "text/plain, application/openmetrics-text, application/vnd.google.protobuf";
        assert_eq!(negotiate(both, false).content_type, OPENMETRICS);
        assert_eq!(negotiate(both, true).content_type, PROTOBUF);
        assert_eq!(negotiate("application/*", false).content_type, OPENMETRICS);
        assert_eq!(negotiate("application/*", true).content_type, PROTOBUF);
    }

    #[test]
    fn what_is_not_offered_or_malformed_is_answered_with_text() {
        for accept in [
            "application/json",
            "text/html",
            "application/openmetrics-text;version=2.0.0",
            "text/plain;version=2",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
            "application/vnd.google.protobuf;proto=other;encoding=delimited",
            "application/openmetrics-text;q=abc",
            "application/openmetrics-text;q=2",
            "application/openmetrics-text;q=0",
            "*/*;q=0",
            "application/openmetrics-text;version=\"1.0.0",
            ";;;,,,===",
            "*/plain",
            "/",
            "application/openmetrics-text version=1.0.0",
        ] {
            check(accept, TEXT);
        }
    }

    #[test]
    fn escaping_comes_back_where_it_was_asked_for_and_the_version_knows_it() {
        for scheme in ["allow-utf-8", "underscores", "dots", "values"] {
            check(
                &format!("text/plain;version=1.0.0;escaping={scheme}"),
                &format!("{TEXT_1}; escaping={scheme}"),
            );
            check(
                &format!("application/openmetrics-text;escaping={scheme};version=1.0.0"),
                &format!("{OPENMETRICS}; escaping={scheme}"),
            );
            check(&format!("text/plain;version=0.0.4;escaping={scheme}"), TEXT);
        }
        check(
            "application/openmetrics-text;version=1.0.0;escaping=shouting",
            OPENMETRICS,
        );
    }

    #[test]
    fn a_hostile_header_is_answered_with_text() {
        let ranges = "a/b;q=0.5;x=\"y\",".repeat(10_000);
        check(&ranges, TEXT);
        check(&format!("{ranges}application/openmetrics-text"), TEXT); // beyond what is read
        check(&"\"".repeat(64 * 1024), TEXT);
        check(&format!("text/plain{}", ";a=b".repeat(16_000)), TEXT);
    }

    proptest! {
        #[test]
        fn every_header_has_an_answer(accept in "(text/plain|application/openmetrics-text|\\*/\\*|;q=|;version=|1.0.0|0.5|,|\"|;){0,12}") {
            let negotiated = negotiate(&accept, true);
            prop_assert!(negotiated.content_type.contains('/'));
        }
    }
}
