//! `#[derive(Labels)]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, GenericParam, Ident, Type};

use crate::attributes::{at, crate_path, named_fields, text};

struct Label<'a> {
    field: &'a Ident,
    name: String,
    /// The enum of a closed label; `None` for `&str`.
    closed: Option<&'a Type>,
}

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let krate = crate_path(input, "labels")?;
    let struct_name = &input.ident;
    let labels = labels(input)?;
    let generics: Vec<&GenericParam> = input.generics.params.iter().collect();
    let (static_type, borrowed_type) = match generics.as_slice() {
        [] => (quote!(#struct_name), quote!(#struct_name)),
        [GenericParam::Lifetime(_)] => {
            (quote!(#struct_name<'static>), quote!(#struct_name<'labels>))
        }
        _ => {
            return Err(syn::Error::new(
                input.generics.span(),
                "a set of labels has at most one lifetime and no other parameters",
            ));
        }
    };

    let descs = labels.iter().map(|label| {
        let name = &label.name;
        let values = match label.closed {
            Some(ty) => quote!(::core::option::Option::Some(<#ty as #krate::LabelValue>::VALUES)),
            None => quote!(::core::option::Option::None),
        };
        quote!(#krate::__private::LabelDesc::declared(#name, #values))
    });
    let checks = labels.iter().map(|label| {
        let name = &label.name;
        let here = at(&krate, label.field.span());
        quote_spanned!(label.field.span()=> #here::__private::check_label(#name);)
    });
    let closed: Vec<_> = labels
        .iter()
        .filter_map(|label| Some((label.field, label.closed?)))
        .collect();
    let closed_types: Vec<_> = closed.iter().map(|(_, ty)| ty).collect();
    let closed_fields: Vec<_> = closed.iter().map(|(field, _)| field).collect();
    let open = labels.len() - closed.len();
    let visits = labels.iter().map(|label| {
        let field = label.field;
        match label.closed {
            Some(_) => quote!(visitor.closed(#krate::LabelValue::as_str(of.#field));),
            None => quote!(visitor.open(of.#field);),
        }
    });
    let from_closed_index = if open > 0 {
        quote!(::core::option::Option::None)
    } else {
        // Names that no field has, so that a label may be called like one of ours.
        let names: Vec<_> = (0..closed.len())
            .map(|index| format_ident!("__omtx_{index}"))
            .collect();
        // The last label is the least significant digit.
        let reversed_names = names.iter().rev();
        let reversed_types = closed_types.iter().rev();
        quote! {
            let mut __omtx_rest = index;
            #(
                let #reversed_names = <#reversed_types as #krate::LabelValue>::from_index(
                    __omtx_rest % <#reversed_types as #krate::LabelValue>::VALUES.len(),
                );
                __omtx_rest /= <#reversed_types as #krate::LabelValue>::VALUES.len();
            )*
            let _ = __omtx_rest;
            ::core::option::Option::Some(#struct_name { #(#closed_fields: #names),* })
        }
    };

    Ok(quote! {
        const _: () = { #(#checks)* };

        impl #krate::Labels for #static_type {
            type Of<'labels> = #borrowed_type;

            const LABELS: &'static [#krate::__private::LabelDesc] = &[#(#descs),*];
            const CLOSED: usize = 1 #(* <#closed_types as #krate::LabelValue>::VALUES.len())*;
            const OPEN: usize = #open;

            #[inline]
            fn closed_index(of: &Self::Of<'_>) -> usize {
                let index = 0;
                #(
                    let index = index * <#closed_types as #krate::LabelValue>::VALUES.len()
                        + #krate::LabelValue::index(of.#closed_fields);
                )*
                let _ = of;
                index
            }

            #[inline]
            fn visit<V: #krate::__private::LabelVisitor>(of: &Self::Of<'_>, visitor: &mut V) {
                #(#visits)*
            }

            fn from_closed_index(index: usize) -> ::core::option::Option<Self::Of<'static>> {
                let _ = index;
                #from_closed_index
            }
        }
    })
}

fn labels(input: &DeriveInput) -> syn::Result<Vec<Label<'_>>> {
    let mut labels: Vec<Label<'_>> = Vec::new();
    for field in named_fields(input, "a set of labels")? {
        let ident = field.ident.as_ref().expect("named fields have names");
        let mut name = ident.to_string().trim_start_matches("r#").to_owned();
        for attribute in field
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("label"))
        {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    name = text(&meta)?.value();
                    Ok(())
                } else {
                    Err(meta.error("unknown option; expected `name = \"…\"`"))
                }
            })?;
        }
        if labels.iter().any(|label| label.name == name) {
            return Err(syn::Error::new(
                ident.span(),
                format!("two labels are called {name:?}"),
            ));
        }
        labels.push(Label {
            field: ident,
            name,
            closed: (!is_str(&field.ty)).then_some(&field.ty),
        });
    }
    if labels.is_empty() {
        return Err(syn::Error::new(
            input.ident.span(),
            "a set of labels has at least one; for none use the cell itself, without `Family`",
        ));
    }
    Ok(labels)
}

fn is_str(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => {
            matches!(&*reference.elem, Type::Path(path) if path.path.is_ident("str"))
        }
        _ => false,
    }
}
