//! From variables to the endpoints and bounds that they mean, as the specification's tables have it.

mod bounds;
mod endpoints;
mod hostile;
mod methods;

use std::ffi::OsString;

use super::{Endpoint, Settings, Vars};
use crate::Signal;

/// The settings of a service with these variables, and where its signals go.
#[track_caller]
fn with(vars: &[(&str, &str)]) -> (Settings, Vec<(Signal, Endpoint)>) {
    with_defaults(Settings::new("hub".to_owned()), vars)
}

#[track_caller]
fn with_defaults(
    mut settings: Settings,
    vars: &[(&str, &str)],
) -> (Settings, Vec<(Signal, Endpoint)>) {
    let read = |name: &str| {
        let found = vars.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| OsString::from(value))
    };
    settings.apply(&mut Vars::new(&read)).unwrap();
    let mut found = settings.resolve().unwrap();
    let endpoints = Signal::ALL.into_iter().flat_map(|signal| {
        let endpoints = std::mem::take(found.get_mut(signal));
        endpoints
            .into_iter()
            .map(move |endpoint| (signal, endpoint))
    });
    let endpoints = endpoints.collect();
    (settings, endpoints)
}

/// The traces' endpoint, as `protocol uri`, and what is said about the variables.
#[track_caller]
fn check(vars: &[(&str, &str)], expected: &str, warnings: &[&str]) {
    let (settings, endpoints) = with(vars);
    let traces: Vec<String> = endpoints
        .iter()
        .filter(|(signal, _)| *signal == Signal::Traces)
        .map(|(_, endpoint)| format!("{} {}", endpoint.protocol, endpoint.uri))
        .collect();
    assert_eq!(traces.join(", "), expected, "{vars:?}");
    let said: Vec<String> = settings.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(said, warnings, "{vars:?}");
}

const GENERAL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
