//! The bytes that OpenMetrics repeats for every scrape of a family.

use super::type_name;
use crate::Kind;
use crate::family::Spec;
use crate::label::escape_value;

/// What differs from text 0.0.4. The samples themselves have the same names.
#[derive(Debug, Default)]
pub(crate) struct OpenMetricsPieces {
    /// `# TYPE …`, `# UNIT …` and `# HELP …`, each with its line feed.
    pub(crate) metadata: Box<str>,
    /// `name_created` alone, if no series of the family can have labels; else `name_created{constant="…",`.
    pub(crate) created: Box<str>,
}

impl OpenMetricsPieces {
    pub(crate) fn of(spec: &Spec) -> Self {
        // "StateSet": the label that carries the states is called like the family. One that is called otherwise is a
        // gauge, as it is in text 0.0.4.
        let kind = match spec.kind {
            Kind::StateSet if *spec.state_label != *spec.name => Kind::Gauge,
            kind => kind,
        };
        let name = spec.exposed_name();
        let mut metadata = Vec::new();
        write_line(["TYPE", name, type_name(kind)], &mut metadata);
        // "Unit": infos and state sets have none.
        if !spec.unit.is_empty() && !matches!(kind, Kind::Info | Kind::StateSet) {
            write_line(["UNIT", name, &spec.unit], &mut metadata);
        }
        write_help(name, &spec.help, &mut metadata);
        Self {
            metadata: String::from_utf8(metadata)
                .expect("escaping inserts only ASCII into UTF-8")
                .into(),
            created: spec.sample_start(&format!("{name}_created"), false),
        }
    }
}

/// The metadata of a family whose base name is another's: its full name, and a type whose samples have no suffix.
pub(super) fn write_metadata_of_taken(name: &str, help: &str, kind: Kind, out: &mut Vec<u8>) {
    let kind = match kind {
        Kind::Counter => Kind::Unknown,
        Kind::Info => Kind::Gauge,
        kind => kind,
    };
    write_line(["TYPE", name, type_name(kind)], out);
    write_help(name, help, out);
}

pub(super) fn write_line(words: [&str; 3], out: &mut Vec<u8>) {
    out.push(b'#');
    for word in words {
        out.push(b' ');
        out.extend_from_slice(word.as_bytes());
    }
    out.push(b'\n');
}

/// Unlike in text 0.0.4, quotes are escaped here too ("ABNF", `escaped-string`).
pub(super) fn write_help(name: &str, help: &str, out: &mut Vec<u8>) {
    for part in ["# HELP ", name, " "] {
        out.extend_from_slice(part.as_bytes());
    }
    escape_value(help, out);
    out.push(b'\n');
}
