//! From a declaration to the families as they will be registered: every rule is checked here, once, at start-up.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::builder::{Config, ConstantLabels, check_expire_idle_after, check_namespace};
use crate::__private::MAX_CLOSED;
use crate::cell::{Bounds, CellConfig, Layout, NativeBuckets, NativeLayout, buckets};
use crate::desc::{FamilyDesc, LabelDesc};
use crate::encode::{OpenMetricsPieces, ProtobufPieces};
use crate::family::{Declared, Spec, SpecText};
use crate::set::SetOptions;
use crate::time::Timestamp;
use crate::{Error, Kind, name};

/// The specs of a set's families, in declared order.
pub(super) fn specs(
    families: &'static [FamilyDesc],
    bare: bool,
    options: &SetOptions,
    config: &Config,
) -> Result<Vec<Arc<Spec>>, Error> {
    check_options(families, options)?;
    let namespace = match &options.namespace {
        Some(own) => own.as_deref(),
        None if bare && !options.force_namespaced => None,
        None => config.namespace.as_deref(),
    };
    if let Some(namespace) = namespace {
        check_namespace(namespace)?;
    }
    let constant_labels = config.constant_labels.with(&options.constant_labels)?;
    families
        .iter()
        .map(|desc| {
            let find = |pairs: &'_ [(_, _)]| {
                pairs
                    .iter()
                    .rfind(|(from, _): &&(Cow<'_, str>, _)| *from == desc.name)
                    .map(|(_, to): &(_, Cow<'static, str>)| to.to_string())
            };
            let name = find(&options.renamed).unwrap_or_else(|| desc.name.to_owned());
            let own_buckets = options
                .buckets
                .iter()
                .rfind(|(family, _)| *family == desc.name);
            spec(
                Draft {
                    name: match namespace {
                        Some(namespace) => format!("{namespace}_{name}"),
                        None => name,
                    },
                    help: desc.help,
                    kind: desc.kind,
                    unit: desc.unit,
                    labels: desc.labels,
                    label_names: desc
                        .labels
                        .iter()
                        .map(|label| renamed_label(label.name, options).into())
                        .collect(),
                    states: desc.states.map(|states| {
                        let label = renamed_label(states.name, options);
                        // Unnamed by the declaration, the label follows the family's name, prefix included, as
                        // OpenMetrics asks (1.0, "StateSet").
                        let follows = states.name == desc.name && label == states.name;
                        ((!follows).then_some(label), states.values)
                    }),
                    buckets: own_buckets.map_or(desc.buckets, |(_, buckets)| buckets),
                    max_series: options.max_series.unwrap_or(desc.max_series),
                    zeroed: desc.zeroed,
                    exemplars: desc.exemplars,
                    expire_idle_after: options.expire_idle_after.or(desc.expire_idle_after),
                    native: options
                        .native
                        .iter()
                        .rfind(|(family, _)| *family == desc.name)
                        .map(|(_, native)| *native)
                        .or(desc.native),
                },
                &constant_labels,
                config,
            )
        })
        .collect()
}

/// A family that no set declares, as its builder has it.
#[derive(Debug)]
pub(super) struct Undeclared {
    name: Cow<'static, str>,
    help: Cow<'static, str>,
    pub(super) unit: Cow<'static, str>,
    pub(super) buckets: Option<Vec<f64>>,
    pub(super) max_series: Option<usize>,
    pub(super) zeroed: bool,
    pub(super) bare: bool,
    pub(super) state: Option<Cow<'static, str>>,
    pub(super) native: Option<NativeBuckets>,
    pub(super) exemplars: bool,
    pub(super) expire_idle_after: Option<Duration>,
}

impl Undeclared {
    pub(super) fn new(name: Cow<'static, str>, help: Cow<'static, str>) -> Self {
        Self {
            name,
            help,
            unit: "".into(),
            buckets: None,
            max_series: None,
            zeroed: false,
            bare: false,
            state: None,
            native: None,
            exemplars: false,
            expire_idle_after: None,
        }
    }
}

/// The spec of a family that belongs to no set.
pub(super) fn single<D: Declared>(
    family: &Undeclared,
    config: &Config,
) -> Result<Arc<Spec>, Error> {
    let name = match config.namespace.as_deref().filter(|_| !family.bare) {
        Some(namespace) => format!("{namespace}_{}", family.name),
        None => family.name.to_string(),
    };
    if family.buckets.as_ref().is_some_and(Vec::is_empty) {
        let expected = format!("at least one bound for family \"{name}\"");
        return Err(Error::invalid("buckets", "[]", &expected));
    }
    if let Some(after) = family.expire_idle_after {
        check_expire_idle_after(after)?;
    }
    if family.max_series == Some(0) {
        return Err(Error::invalid("max_series", 0, "at least 1"));
    }
    if family.zeroed && D::OPEN > 0 {
        return Err(Error::invalid(
            "zeroed family",
            &name,
            "closed labels only: the values of a `&str` are not known beforehand",
        ));
    }
    if D::CLOSED > MAX_CLOSED {
        return Err(Error::invalid(
            "number of combinations of closed labels",
            D::CLOSED,
            &format!("{MAX_CLOSED} at most for family \"{name}\"; make one of the labels a `&str`"),
        ));
    }
    let state = family.state.as_deref().map(str::to_owned);
    spec(
        Draft {
            states: D::STATES.map(|states| (state, Some(states))),
            name,
            help: &family.help,
            kind: D::KIND,
            unit: &family.unit,
            labels: D::LABELS,
            label_names: D::LABELS.iter().map(|label| label.name.into()).collect(),
            buckets: family.buckets.as_deref().unwrap_or_default(),
            max_series: family.max_series.unwrap_or_default(),
            zeroed: family.zeroed,
            native: family.native,
            exemplars: family.exemplars,
            expire_idle_after: family.expire_idle_after,
        },
        &config.constant_labels,
        config,
    )
}

type StateValues = Option<&'static [&'static str]>;

/// What a family is to be, before it is checked.
struct Draft<'a> {
    name: String,
    help: &'a str,
    kind: Kind,
    unit: &'a str,
    labels: &'static [LabelDesc],
    label_names: Vec<Box<str>>,
    /// A state set's states, and the label that carries them if it is not the family's name.
    states: Option<(Option<String>, StateValues)>,
    buckets: &'a [f64],
    max_series: usize,
    zeroed: bool,
    native: Option<NativeBuckets>,
    exemplars: bool,
    expire_idle_after: Option<Duration>,
}

fn spec(
    draft: Draft<'_>,
    constant_labels: &ConstantLabels,
    config: &Config,
) -> Result<Arc<Spec>, Error> {
    let Draft { name, kind, .. } = draft;
    if !name::is_metric_name(&name) {
        return Err(Error::invalid("metric name", &name, name::METRIC_NAME));
    }
    if !name::suffix_fits(&name, kind) {
        return Err(Error::invalid(
            "metric name",
            &name,
            name::suffix_rule(kind),
        ));
    }
    if !draft.unit.is_empty() && !name::has_unit(&name, draft.unit, kind) {
        return Err(Error::invalid(
            "metric name",
            &name,
            &format!("a name that ends in its unit, \"_{}\"", draft.unit),
        ));
    }
    if draft.help.trim().is_empty() {
        return Err(Error::invalid(
            "help text of family",
            &name,
            "a text that is not empty",
        ));
    }
    let state_label = draft
        .states
        .as_ref()
        .map(|(label, _)| label.as_deref().unwrap_or(&name).to_owned());
    let all_labels = draft
        .label_names
        .iter()
        .map(|label| &**label)
        .chain(state_label.as_deref());
    for (index, label) in all_labels.clone().enumerate() {
        if !name::is_label_name(label) {
            return Err(Error::invalid("label name", label, name::LABEL_NAME));
        }
        if constant_labels.has(label) || all_labels.clone().take(index).any(|other| other == label)
        {
            return Err(Error::invalid(
                "label name",
                label,
                &format!("a label that family \"{name}\" has once, and that is no constant label"),
            ));
        }
    }
    let closed = draft.labels.iter().filter_map(|label| label.values);
    let states = draft.states.as_ref().and_then(|(_, values)| *values);
    if let Some(values) = closed
        .chain(states)
        .find(|values| !name::are_values(values))
    {
        return Err(Error::invalid(
            "closed label values",
            format_args!("{values:?}"),
            name::VALUES,
        ));
    }
    let upper = if draft.buckets.is_empty() {
        buckets::DURATION_SECONDS
    } else {
        draft.buckets
    };
    if !name::are_bounds(upper) {
        return Err(Error::invalid(
            "buckets",
            format_args!("{upper:?}"),
            &format!("finite, strictly increasing bounds for family \"{name}\""),
        ));
    }
    // An option of the family's own, or else the registry's for durations.
    let durations = config.native_durations && draft.unit == "seconds";
    let native = draft
        .native
        .or_else(|| durations.then(NativeBuckets::new))
        .filter(|_| kind == Kind::Histogram);
    if let Some((setting, value, expected)) = native.as_ref().and_then(NativeBuckets::fault) {
        let expected = format!("{expected} for family \"{name}\"");
        return Err(Error::invalid(setting, value, &expected));
    }
    let has_classic =
        kind == Kind::Histogram && native.as_ref().is_none_or(NativeBuckets::has_classic);
    let mut spec = Spec {
        name: name.into(),
        help: draft.help.into(),
        kind,
        unit: draft.unit.into(),
        label_names: draft.label_names.into(),
        labels: draft.labels,
        state_label: state_label.unwrap_or_default().into(),
        states: draft.states.and_then(|(_, values)| values),
        constant_labels: constant_labels.text(),
        cell: CellConfig {
            layout: Arc::new(Layout {
                bounds: Bounds::new(if has_classic { upper } else { &[] }),
                native: native.as_ref().map(NativeLayout::new),
                exemplars: draft.exemplars,
            }),
        },
        max_series: match draft.max_series {
            0 => config.max_series,
            max_series => max_series,
        },
        zeroed: draft.zeroed,
        expire_idle_after: draft
            .expire_idle_after
            .or(config.expire_idle_after)
            .filter(|after| *after != Duration::MAX),
        created: Timestamp::now(),
        text: SpecText::default(),
        openmetrics: OpenMetricsPieces::default(),
        protobuf: ProtobufPieces::default(),
    };
    spec.render();
    Ok(Arc::new(spec))
}

fn renamed_label(label: &str, options: &SetOptions) -> String {
    let renamed = options
        .renamed_labels
        .iter()
        .rfind(|(from, _)| *from == label);
    renamed.map_or_else(|| label.to_owned(), |(_, to)| to.to_string())
}

/// An option that names what the set does not have would silently do nothing.
fn check_options(families: &[FamilyDesc], options: &SetOptions) -> Result<(), Error> {
    let known = || {
        families
            .iter()
            .map(|desc| desc.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let renamed = options.renamed.iter().map(|(from, _)| from);
    let bucketed = options.buckets.iter().map(|(family, _)| family);
    let native = options.native.iter().map(|(family, _)| family);
    for family in renamed.chain(bucketed).chain(native) {
        if !families.iter().any(|desc| *family == desc.name) {
            return Err(Error::invalid(
                "family",
                family,
                &format!("one of {}", known()),
            ));
        }
    }
    for (family, bounds) in &options.buckets {
        if bounds.is_empty() {
            let expected = format!("at least one bound for family \"{family}\"");
            return Err(Error::invalid("buckets", "[]", &expected));
        }
        if families
            .iter()
            .any(|desc| *family == desc.name && desc.kind != Kind::Histogram)
        {
            return Err(Error::invalid(
                "buckets of family",
                family,
                "no buckets: it is no histogram",
            ));
        }
    }
    for (family, _) in &options.native {
        if families
            .iter()
            .any(|desc| *family == desc.name && desc.kind != Kind::Histogram)
        {
            return Err(Error::invalid(
                "native buckets of family",
                family,
                "none: it is no histogram",
            ));
        }
    }
    for (label, _) in &options.renamed_labels {
        let mut labels = families
            .iter()
            .flat_map(|desc| desc.labels.iter().chain(&desc.states));
        if !labels.any(|desc| *label == desc.name) {
            return Err(Error::invalid(
                "label",
                label,
                "a label that a family of the set has",
            ));
        }
    }
    if let Some(after) = options.expire_idle_after {
        check_expire_idle_after(after)?;
    }
    if options.max_series == Some(0) {
        return Err(Error::invalid("max_series", 0, "at least 1"));
    }
    Ok(())
}
