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
    match name {
        "message" if origin == Origin::Event => return Place::message(),
        "request_id" => return Place::top("http.request.id"),
        "user_id" => return Place::top("user.id"),
        // A scalar where the schema has an object would be refused by the index.
        "error" => return Place::top("error.message"),
        _ => {}
    }
    if RESERVED.contains(&name) {
        return Place::top(label(&format!("fields.{name}"))).moved();
    }
    if let Some(rest) = name.strip_prefix("labels.") {
        return Place::top(label(rest));
    }
    match name.split_once('.') {
        Some((set, rest)) if FIELD_SETS.contains(&set) && !rest.is_empty() => {
            Place::top(name.to_owned())
        }
        _ => Place::top(label(name)),
    }
}

/// Keys of labels have neither dots, nor asterisks, nor backslashes (ECS Logging, "labels").
fn label(name: &str) -> String {
    format!("labels.{}", name.replace(['.', '*', '\\'], "_"))
}
