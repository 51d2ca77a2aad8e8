//! What each variable means. Errors and warnings are those of [`Vars`].

use std::io::Read as _;
use std::path::{Path, PathBuf};

use opentelemetry::KeyValue;

use super::address::{self, Address};
use super::exporter::Exporters;
use super::vars::{HIDDEN, Vars};
use super::{Exporter, HistogramAggregation, Otlp, Protocol, Settings, Temporality};
use crate::semconv::KnownMethods;
use crate::{Error, Propagator, Propagators, Signal};

/// More than any bundle of certificates has.
const MAX_PEM_LEN: u64 = 4 << 20;

impl Settings {
    /// Lets the environment override what was set so far.
    pub(crate) fn apply(&mut self, vars: &mut Vars<'_>) -> Result<(), Error> {
        self.apply_resource(vars)?;
        if let Some(disabled) = vars.boolean("OTEL_SDK_DISABLED") {
            self.disabled = disabled;
        }
        let propagators = vars.names(
            "OTEL_PROPAGATORS",
            Propagator::EXPECTED,
            Propagator::from_name,
        );
        if let Some(formats) = propagators {
            self.propagators = Propagators::new(formats);
        }
        let methods = vars.parse(
            "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS",
            KnownMethods::EXPECTED,
            KnownMethods::parse,
        );
        if let Some(methods) = methods {
            self.known_methods = methods;
        }
        if let Some(sampler) = super::sampling::sampler(vars) {
            self.sampler = sampler;
        }
        self.apply_limits(vars);
        self.apply_exporters(vars);
        self.apply_otlp(vars);
        self.apply_batching(vars);
        for variable in ["OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"] {
            if let Some(file) = vars.text(variable) {
                vars.warn(
                    variable,
                    &file,
                    "settings in variables and in code, for files are not read",
                );
            }
        }
        self.warnings.append(&mut vars.warnings);
        Ok(())
    }

    fn apply_resource(&mut self, vars: &mut Vars<'_>) -> Result<(), Error> {
        self.detected = crate::resource::from_vars(vars);
        // The project's own variable, and by its rule an error if it is malformed.
        match vars.raw("OMTX_ENVIRONMENT") {
            Ok(None) => {}
            Ok(Some(name)) => self.set_attribute("deployment.environment.name", name),
            Err(value) => return Err(Error::invalid("OMTX_ENVIRONMENT", value, "UTF-8")),
        }
        if let Some(list) = vars.text("OTEL_RESOURCE_ATTRIBUTES") {
            // One mistake, and all of it is discarded (resource/sdk.md).
            match attributes(&list) {
                // An empty value leaves what is known already (resource/sdk.md, "Merge").
                Ok(attributes) => {
                    let set = attributes.into_iter();
                    let set = set.filter(|attribute| !attribute.value.as_str().trim().is_empty());
                    self.attributes.extend(set);
                }
                Err(at) => {
                    let expected = format!("key=value between commas, and member {at} is none");
                    vars.warn("OTEL_RESOURCE_ATTRIBUTES", &list, expected);
                }
            }
        }
        if let Some(name) = vars.text("OTEL_SERVICE_NAME") {
            self.set_attribute("service.name", name);
        }
        Ok(())
    }

    fn apply_limits(&mut self, vars: &mut Vars<'_>) {
        let (spans, logs) = (&mut self.span_limits, &mut self.log_limits);
        // What is said of spans, or of log records, counts over what is said of all attributes ("Attribute Limits").
        let of_all = vars.integer("OTEL_ATTRIBUTE_COUNT_LIMIT", 0);
        for (name, limit, of_all) in [
            (
                "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
                &mut spans.attributes,
                of_all,
            ),
            (
                "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
                &mut logs.attributes,
                of_all,
            ),
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", &mut spans.events, None),
            ("OTEL_SPAN_LINK_COUNT_LIMIT", &mut spans.links, None),
            (
                "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
                &mut spans.event_attributes,
                None,
            ),
            (
                "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
                &mut spans.link_attributes,
                None,
            ),
        ] {
            if let Some(count) = vars.integer(name, 0).or(of_all) {
                *limit = count as u32;
            }
        }
        let of_all = vars.integer("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", 0);
        for (name, limit) in [
            (
                "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                &mut spans.value_length,
            ),
            (
                "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                &mut logs.value_length,
            ),
        ] {
            if let Some(length) = vars.integer(name, 0).or(of_all) {
                *limit = length;
            }
        }
    }

    fn apply_exporters(&mut self, vars: &mut Vars<'_>) {
        for signal in Signal::ALL {
            let name = format!("OTEL_{}_EXPORTER", upper(signal));
            let exporters = vars.names(&name, "otlp, console or none", |name| match name {
                "otlp" => Some(Exporter::Otlp),
                "console" => Some(Exporter::Console),
                _ => None,
            });
            if let Some(exporters) = exporters {
                *self.exporters.get_mut(signal) = Some(Exporters::from_iter(exporters));
            }
        }
    }

    fn apply_otlp(&mut self, vars: &mut Vars<'_>) {
        let general = otlp(vars, "");
        for signal in Signal::ALL {
            let own = otlp(vars, &format!("{}_", upper(signal)));
            let settings = self.otlp_for.get_mut(signal);
            // Whoever sets an option for all signals means those that code has set for one of them, too.
            *settings = own.over(std::mem::take(settings).without(&general));
        }
        self.otlp = general.over(std::mem::take(&mut self.otlp));
    }

    fn apply_batching(&mut self, vars: &mut Vars<'_>) {
        for (signal, prefix) in [(Signal::Traces, "OTEL_BSP"), (Signal::Logs, "OTEL_BLRP")] {
            let batching = self.batching.get_mut(signal);
            if let Some(delay) = vars.duration(&format!("{prefix}_SCHEDULE_DELAY")) {
                *batching = batching.delay(delay);
            }
            if let Some(timeout) = vars.timeout(&format!("{prefix}_EXPORT_TIMEOUT")) {
                batching.export_timeout = timeout;
            }
            if let Some(records) = vars.integer(&format!("{prefix}_MAX_QUEUE_SIZE"), 1) {
                batching.max_queue_records = records;
                // A smaller queue alone is no mistake: the batch is as large as the queue then.
                batching.max_batch_records = batching.max_batch_records.min(records);
            }
            let name = format!("{prefix}_MAX_EXPORT_BATCH_SIZE");
            if let Some(records) = vars.integer(&name, 1) {
                let most = batching.max_queue_records;
                if records <= most {
                    batching.max_batch_records = records;
                } else {
                    let expected = format!("no more than the {most} that may wait");
                    vars.warn(&name, &records.to_string(), expected);
                }
            }
        }
        if let Some(timeout) = vars.timeout("OTEL_METRIC_EXPORT_TIMEOUT") {
            self.batching.metrics.export_timeout = timeout;
        }
        let name = "OTEL_METRIC_EXPORT_INTERVAL";
        let expected = "milliseconds, a whole number from 1 to 2147483647";
        let interval = vars.parse(name, expected, |value| {
            value
                .parse()
                .ok()
                .filter(|millis| (1..=i32::MAX as u64).contains(millis))
        });
        if let Some(millis) = interval {
            self.metrics_interval = std::time::Duration::from_millis(millis);
        }
        let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        if let Some(temporality) = vars.parse(name, Temporality::EXPECTED, Temporality::parse) {
            self.metrics_temporality = temporality;
        }
        let name = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
        let expected = HistogramAggregation::EXPECTED;
        if let Some(form) = vars.parse(name, expected, HistogramAggregation::parse) {
            self.histogram_aggregation = form;
        }
    }
}

/// The `OTEL_EXPORTER_OTLP_*` variables of all signals, or with the infix of one, `TRACES_`.
fn otlp(vars: &mut Vars<'_>, infix: &str) -> Otlp {
    let name = |option: &str| format!("OTEL_EXPORTER_OTLP_{infix}{option}");
    let mut otlp = Otlp::new();
    let endpoint = name("ENDPOINT");
    if let Some(text) = vars.text(&endpoint) {
        match Address::parse(&text) {
            Some(mut address) => {
                address.variable = Some(endpoint);
                otlp.address = Some(address);
            }
            None => vars.warn(&endpoint, address::shown(&text), address::EXPECTED),
        }
    }
    let headers = name("HEADERS");
    if let Some(list) = vars.text(&headers) {
        match super::headers::parse(&list) {
            Ok(list) => otlp.headers = Some(list),
            Err(expected) => vars.warn(&headers, HIDDEN, expected),
        }
    }
    let expected = "grpc or http/protobuf";
    otlp.protocol = vars.parse(&name("PROTOCOL"), expected, |value| match value {
        "grpc" => Some(Protocol::Grpc),
        "http/protobuf" => Some(Protocol::HttpProtobuf),
        _ => None,
    });
    otlp.gzip = vars.parse(&name("COMPRESSION"), "gzip or none", |value| match value {
        "gzip" => Some(true),
        "none" => Some(false),
        _ => None,
    });
    otlp.insecure = vars.boolean(&name("INSECURE"));
    otlp.timeout = vars.timeout(&name("TIMEOUT"));
    otlp.ca = pem(vars, &name("CERTIFICATE"));
    let (certificate, key) = (name("CLIENT_CERTIFICATE"), name("CLIENT_KEY"));
    otlp.client = match (pem(vars, &certificate), pem(vars, &key)) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (Some(path), None) => {
            vars.warn(
                &certificate,
                &path.to_string_lossy(),
                format!("{key} beside it"),
            );
            None
        }
        (None, Some(path)) => {
            vars.warn(
                &key,
                &path.to_string_lossy(),
                format!("{certificate} beside it"),
            );
            None
        }
        (None, None) => None,
    };
    otlp
}

/// The path of a file that is there and has something in PEM in it.
fn pem(vars: &mut Vars<'_>, name: &str) -> Option<PathBuf> {
    vars.parse(name, "the path of a PEM file that can be read", |path| {
        let path = Path::new(path);
        let mut text = Vec::new();
        // A directory opens, and a pipe may never end: only files are read.
        let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
        let file = is_file.then(|| std::fs::File::open(path).ok()).flatten()?;
        file.take(MAX_PEM_LEN).read_to_end(&mut text).ok()?;
        let marker = b"-----BEGIN ";
        let is_pem = text.windows(marker.len()).any(|window| window == marker);
        is_pem.then(|| path.to_owned())
    })
}

fn attributes(list: &str) -> Result<Vec<KeyValue>, usize> {
    let members = super::list::members(list)?;
    let attributes = members.into_iter().enumerate().map(|(at, (key, value))| {
        let value = String::from_utf8(value).map_err(|_| at + 1)?;
        Ok(KeyValue::new(key, value))
    });
    attributes.collect()
}

fn upper(signal: Signal) -> String {
    signal.as_str().to_ascii_uppercase()
}
