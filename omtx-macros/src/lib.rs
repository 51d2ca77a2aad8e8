//! Derive macros of [`omtx-metrics`](https://docs.rs/omtx-metrics), which re-exports and documents them.
//!
//! Do not depend on this crate: what the macros expand to calls hidden items of the `omtx-metrics` of the same release.

mod attributes;
mod label_value;
mod labels;
mod metric_set;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes an enum without fields a closed set of label values; see `omtx_metrics::LabelValue`.
#[proc_macro_derive(LabelValue, attributes(label))]
pub fn label_value(input: TokenStream) -> TokenStream {
    expand(label_value::derive, input)
}

/// Makes a struct a set of labels; see `omtx_metrics::Labels`.
#[proc_macro_derive(Labels, attributes(labels, label))]
pub fn labels(input: TokenStream) -> TokenStream {
    expand(labels::derive, input)
}

/// Makes a struct a set of metric families; see `omtx_metrics::MetricSet`.
#[proc_macro_derive(MetricSet, attributes(metrics, metric))]
pub fn metric_set(input: TokenStream) -> TokenStream {
    expand(metric_set::derive, input)
}

fn expand(
    derive: fn(&DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
    input: TokenStream,
) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive(&input)
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}
