//! `OTEL_TRACES_SAMPLER` and its argument.

use super::Vars;
use crate::Sampler;

const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";

pub(crate) fn sampler(vars: &mut Vars<'_>) -> Option<Sampler> {
    let expected =
        "always_on, always_off, traceidratio, or one of them with parentbased_ before it";
    let (name, root) = vars.parse(SAMPLER, expected, |name| {
        let root = name.strip_prefix("parentbased_").unwrap_or(name);
        let is_known = ["always_on", "always_off", "traceidratio"].contains(&root);
        is_known.then(|| (name.to_owned(), root.to_owned()))
    })?;
    let is_parent_based = name != root;
    let root = match &*root {
        "always_on" => Sampler::always_on(),
        "always_off" => Sampler::always_off(),
        _ => ratio(vars),
    };
    Some(if is_parent_based {
        Sampler::parent_based(root)
    } else {
        root
    })
}

/// The share that is sampled: all, if the argument is not set or no ratio ("behave as if OTEL_TRACES_SAMPLER_ARG is not set").
fn ratio(vars: &mut Vars<'_>) -> Sampler {
    let expected = "a number from 0 to 1";
    let sampler = vars.parse(ARGUMENT, expected, |ratio| {
        Sampler::trace_id_ratio(ratio.parse().ok()?).ok()
    });
    sampler.unwrap_or_else(Sampler::always_on)
}
