//! `#[derive(LabelValue)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields};

use crate::attributes::{check_plain, crate_path, snake_case, text};

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let krate = crate_path(input, "label")?;
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new(
            name.span(),
            "a label value is an enum without fields; for an open set use `&'a str`",
        ));
    };
    if data.variants.is_empty() {
        return Err(syn::Error::new(
            name.span(),
            "a label value has at least one variant",
        ));
    }
    let mut values: Vec<String> = Vec::new();
    let mut variants = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new(
                variant.ident.span(),
                "a variant with fields is no label value: the set would not be closed",
            ));
        }
        let mut value = snake_case(&variant.ident.to_string());
        for attribute in variant
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("label"))
        {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("rename") {
                    value = text(&meta)?.value();
                    Ok(())
                } else {
                    Err(meta.error("unknown option; expected `rename = \"…\"`"))
                }
            })?;
        }
        check_plain(&value, &variant.ident)?;
        if values.contains(&value) {
            return Err(syn::Error::new(
                variant.ident.span(),
                format!("two variants have the value {value:?}; their series would be the same"),
            ));
        }
        values.push(value);
        variants.push(&variant.ident);
    }
    let indexes = 0..variants.len();
    let from = 0..variants.len();
    let expected = format!("a variant of {name}");
    Ok(quote! {
        #[diagnostic::do_not_recommend] // someone else's enum is no help to who used a wrong type
        impl #krate::LabelValue for #name {
            const VALUES: &'static [&'static str] = &[#(#values),*];

            #[inline]
            fn index(self) -> usize {
                match self {
                    #(Self::#variants => #indexes,)*
                }
            }

            fn from_index(index: usize) -> Self {
                match index {
                    #(#from => Self::#variants,)*
                    _ => ::core::panic!("index {index}; expected {}", #expected),
                }
            }
        }
    })
}
