//! A family as it is registered: its description with everything that the registry decided.

use std::sync::Arc;
use std::time::Duration;

use crate::Kind;
use crate::cell::{Bounds, CellConfig};
use crate::desc::LabelDesc;
use crate::encode::{OpenMetricsPieces, ProtobufPieces};
use crate::time::Timestamp;

/// What is fixed once a family is registered.
#[derive(Debug)]
pub struct Spec {
    /// With the namespace.
    pub(crate) name: Box<str>,
    pub(crate) help: Box<str>,
    pub(crate) kind: Kind,
    pub(crate) unit: Box<str>,
    /// The names of the labels, in declared order, renamed where the registration asked for it.
    pub(crate) label_names: Arc<[Box<str>]>,
    /// The closed values of the labels, in the same order.
    pub(crate) labels: &'static [LabelDesc],
    /// The label of a state set's states.
    pub(crate) state_label: Box<str>,
    /// The values of a state set's states.
    pub(crate) states: Option<&'static [&'static str]>,
    /// Escaped pairs that every series carries: `region="eu",zone="a"`; often empty.
    pub(crate) constant_labels: Arc<str>,
    pub(crate) cell: CellConfig,
    pub(crate) max_series: usize,
    pub(crate) zeroed: bool,
    /// How long a series may be idle, if it may not be for ever.
    pub(crate) expire_idle_after: Option<Duration>,
    /// When the family was registered: a cell without labels counts from then on.
    pub(crate) created: Timestamp,
    pub(crate) text: SpecText,
    pub(crate) openmetrics: OpenMetricsPieces,
    pub(crate) protobuf: ProtobufPieces,
}

/// The bytes that the text format repeats for every series of the family.
#[derive(Debug, Default)]
pub(crate) struct SpecText {
    /// `# HELP …` and `# TYPE …`, each with its newline.
    pub(crate) metadata: Box<str>,
    /// `name` alone, if no series of the family can have labels; else `name{constant="…",`.
    pub(crate) plain: Box<str>,
    /// The same for a histogram's `_bucket`, which always has a label.
    pub(crate) bucket: Box<str>,
    /// The same for `_sum` and `_count`.
    pub(crate) sum: Box<str>,
    pub(crate) count: Box<str>,
}

impl Spec {
    pub(crate) fn bounds(&self) -> &Bounds {
        &self.cell.layout.bounds
    }

    /// The name that OpenMetrics gives the family: a counter's and an info's without their suffix. Two families whose
    /// names differ only there would be one to a parser.
    pub(crate) fn exposed_name(&self) -> &str {
        let suffix = match self.kind {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            _ => "",
        };
        self.name.strip_suffix(suffix).unwrap_or(&self.name)
    }

    /// True if a scrape can show labels at all: declared, constant, or a state.
    pub(crate) fn has_labels(&self) -> bool {
        !self.label_names.is_empty() || !self.constant_labels.is_empty()
    }

    /// Fills in what scrapes repeat, from the rest.
    pub(crate) fn render(&mut self) {
        self.text = SpecText::of(self);
        self.openmetrics = OpenMetricsPieces::of(self);
        self.protobuf = ProtobufPieces::of(self);
    }

    /// How each of the lines of a sample begins: `name` alone if no series of the family can have labels, else
    /// `name{constant="…",`. `followed`: every line has another label behind those of the series.
    pub(crate) fn sample_start(&self, name: &str, followed: bool) -> Box<str> {
        let mut start = name.to_owned();
        let followed = followed || !self.label_names.is_empty();
        if followed || !self.constant_labels.is_empty() {
            start.push('{');
            start.push_str(&self.constant_labels);
            if followed && !self.constant_labels.is_empty() {
                start.push(',');
            }
        }
        start.into()
    }
}

impl SpecText {
    fn of(spec: &Spec) -> Self {
        let name = &spec.name;
        let mut metadata = format!("# HELP {name} ").into_bytes();
        crate::label::escape_help(&spec.help, &mut metadata);
        metadata.extend_from_slice(format!("\n# TYPE {name} {}\n", spec.kind.as_text()).as_bytes());
        Self {
            metadata: String::from_utf8(metadata)
                .expect("escaping inserts only ASCII into UTF-8")
                .into(),
            plain: spec.sample_start(name, spec.kind == Kind::StateSet),
            bucket: spec.sample_start(&format!("{name}_bucket"), true),
            sum: spec.sample_start(&format!("{name}_sum"), false),
            count: spec.sample_start(&format!("{name}_count"), false),
        }
    }
}
