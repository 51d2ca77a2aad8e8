//! Elastic Common Schema, written as the ECS loggers write it: dotted keys at the top level.

use super::place::{Origin, Place};

/// The version of the schema that the keys are those of.
pub(super) const VERSION: &str = "8.11.0";

const RESERVED: &[&str] = &[
    "@timestamp",
    "log.level",
    "log.logger",
    "log.origin.file.name",
    "log.origin.file.line",
    "message",
    "ecs.version",
    "service.name",
    "service.version",
    "service.environment",
    "trace.id",
    "span.id",
    "labels.suppressed",
    "labels.truncated",
];

/// The schema's field sets (ECS 8.11, "Field sets"). A dotted name that begins with one is a field of the schema.
const FIELD_SETS: &[&str] = &[
    "agent",
    "as",
    "client",
    "cloud",
    "code_signature",
    "container",
    "data_stream",
    "destination",
    "device",
    "dll",
    "dns",
    "ecs",
    "elf",
    "email",
    "error",
    "event",
    "faas",
    "file",
    "geo",
    "group",
    "hash",
    "host",
    "http",
    "interface",
    "log",
    "macho",
    "network",
    "observer",
    "orchestrator",
    "organization",
    "os",
    "package",
    "pe",
    "process",
    "registry",
    "related",
    "risk",
    "rule",
    "server",
    "service",
    "source",
    "span",
    "threat",
    "tls",
    "trace",
    "transaction",
    "url",
    "user",
    "user_agent",
    "vlan",
    "volume",
    "vulnerability",
    "x509",
];

pub(super) fn place(name: &str, origin: Origin) -> Place {
    if name == "message" && origin == Origin::Event {
        return Place::message();
    }
    let key = key(name);
    if RESERVED.contains(&&*key) {
        return Place::top(label(&format!("fields.{name}"))).moved();
    }
    Place::top(key)
}

fn key(name: &str) -> String {
    match name {
        "request_id" => return "http.request.id".to_owned(),
        "user_id" => return "user.id".to_owned(),
        // A scalar where the schema has an object would be refused by the index.
        "error" => return "error.message".to_owned(),
        _ => {}
    }
    match name.split_once('.') {
        Some(("labels", rest)) => label(rest),
        Some((set, rest)) if FIELD_SETS.contains(&set) && !rest.is_empty() => name.to_owned(),
        _ => label(name),
    }
}

/// Keys of labels have neither dots, nor asterisks, nor backslashes (ECS Logging, "labels").
fn label(name: &str) -> String {
    format!("labels.{}", name.replace(['.', '*', '\\'], "_"))
}
