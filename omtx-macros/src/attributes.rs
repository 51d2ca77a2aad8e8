//! What the three macros read from attributes alike.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Expr, Field, Lit, LitStr, Meta, Path, parse_quote};

/// Where `omtx_metrics` is, if `crate = …` does not say otherwise.
pub(crate) fn default_crate() -> Path {
    parse_quote!(::omtx_metrics)
}

/// `path` as if it stood at `span`. A check that fails in a constant is reported where its call begins, and that is the
/// path: with the span of a field, the compiler points at the field.
pub(crate) fn at(path: &Path, span: Span) -> TokenStream {
    let tokens = path.to_token_stream().into_iter();
    tokens
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}

/// The path given by `#[option(crate = path)]`, for macros that have no other option.
pub(crate) fn crate_path(input: &DeriveInput, option: &str) -> syn::Result<Path> {
    let mut krate = default_crate();
    for attribute in input
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident(option))
    {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("crate") {
                krate = meta.value()?.call(Path::parse_mod_style)?;
                Ok(())
            } else {
                Err(meta.error("unknown option; expected `crate = path`"))
            }
        })?;
    }
    Ok(krate)
}

/// The fields of a struct with named fields.
pub(crate) fn named_fields<'a>(input: &'a DeriveInput, what: &str) -> syn::Result<Vec<&'a Field>> {
    match &input.data {
        Data::Struct(data) if matches!(data.fields, syn::Fields::Named(_)) => {
            Ok(data.fields.iter().collect())
        }
        _ => Err(syn::Error::new(
            input.ident.span(),
            format!("{what} is a struct with named fields"),
        )),
    }
}

/// The first paragraph of the comment, on one line.
pub(crate) fn first_paragraph(attributes: &[Attribute]) -> Option<String> {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(literal) => match &literal.lit {
                    Lit::Str(text) => Some(text.value()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
    let text = lines.collect::<Vec<_>>().join("\n");
    let paragraph = text
        .lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    (!paragraph.is_empty()).then_some(paragraph)
}

/// A label's name or value: refuses what could not stand in an exposition without an escape.
pub(crate) fn check_plain(text: &str, of: &impl Spanned) -> syn::Result<()> {
    if text.is_empty() || text.contains(['"', '\\', '\n']) {
        return Err(syn::Error::new(
            of.span(),
            format!(
                "invalid label value {text:?}; expected a text that is not empty, without `\"`, `\\` and line feeds"
            ),
        ));
    }
    Ok(())
}

/// The text of `key = "text"`.
pub(crate) fn text(meta: &syn::meta::ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    meta.value()?.parse()
}

/// `HTTPServer` → `http_server`, `PayAsYouGo` → `pay_as_you_go`, `Http2` → `http2`.
pub(crate) fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (index, &char) in chars.iter().enumerate() {
        if char.is_uppercase() {
            let after_lower =
                index > 0 && !chars[index - 1].is_uppercase() && chars[index - 1] != '_';
            let before_lower = index > 0
                && chars[index - 1].is_uppercase()
                && chars.get(index + 1).is_some_and(|next| next.is_lowercase());
            if after_lower || before_lower {
                out.push('_');
            }
            out.extend(char.to_lowercase());
        } else {
            out.push(char);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_become_snake_case() {
        for (name, value) in [
            ("Ok", "ok"),
            ("PayAsYouGo", "pay_as_you_go"),
            ("HTTPServer", "http_server"),
            ("Http2", "http2"),
            ("GPU", "gpu"),
            ("A", "a"),
            ("Already_Split", "already_split"),
        ] {
            assert_eq!(snake_case(name), value);
        }
    }

    #[test]
    fn help_is_the_first_paragraph_on_one_line() {
        let field: syn::ItemStruct = parse_quote! {
            /// One line
            /// and another.
            ///
            /// Not this.
            struct S;
        };
        assert_eq!(
            first_paragraph(&field.attrs).as_deref(),
            Some("One line and another.")
        );
    }
}
