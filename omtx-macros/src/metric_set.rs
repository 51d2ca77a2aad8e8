//! `#[derive(MetricSet)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Expr, Field, Ident, Lit, LitInt, LitStr, Path, Token, Type, Visibility};

use crate::attributes::{at, default_crate, first_paragraph, named_fields, text};

struct SetOptions {
    krate: Path,
    bare: bool,
}

struct Family<'a> {
    field: &'a Ident,
    vis: &'a Visibility,
    ty: &'a Type,
    name: LitStr,
    help: String,
    unit: Option<LitStr>,
    buckets: Option<Expr>,
    max_series: Option<LitInt>,
    state: Option<LitStr>,
    zeroed: bool,
    native: Option<Native>,
    exemplars: bool,
    idle: Option<LitStr>,
}

/// What `native` is followed by.
enum Native {
    Default,
    Buckets(Expr),
}

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new(
            input.ident.span(),
            "a metric set has no parameters",
        ));
    }
    let SetOptions { krate, bare } = set_options(input)?;
    let set = &input.ident;
    let fields = named_fields(input, "a metric set")?;
    let families: Vec<Family<'_>> = fields.into_iter().map(family).collect::<Result<_, _>>()?;
    if families.is_empty() {
        return Err(syn::Error::new(
            set.span(),
            "a metric set has at least one family",
        ));
    }

    let descs = families
        .iter()
        .map(|family| family.desc(&krate))
        .collect::<syn::Result<Vec<_>>>()?;
    let checks = families.iter().enumerate().map(|(index, family)| {
        let (ty, has_buckets) = (family.ty, family.buckets.is_some());
        let here = at(&krate, family.field.span());
        let state_check = family.state.as_ref().map(|state| {
            quote_spanned! {state.span()=>
                ::core::assert!(<#ty as #krate::__private::Declared>::STATES.is_some(), "only a state set has a `state` label");
            }
        });
        quote_spanned! {family.field.span()=>
            const _: () = {
                #here::__private::check_family(
                    &<#set as #krate::MetricSet>::FAMILIES[#index],
                    <#ty as #krate::__private::Declared>::CLOSED,
                    <#ty as #krate::__private::Declared>::OPEN,
                    #has_buckets,
                );
                #state_check
            };
        }
    });
    let refs = families.iter().enumerate().map(|(index, family)| {
        let Family { vis, ty, name, .. } = family;
        let constant = Ident::new(&name.value().to_uppercase(), family.field.span());
        let doc = format!(
            "`{}` as a constant, for code that refers to it without recording.",
            name.value()
        );
        quote! {
            #[doc = #doc]
            #[allow(dead_code)]
            #vis const #constant: #krate::__private::FamilyRef<#ty> =
                #krate::__private::FamilyRef::new(&<#set as #krate::MetricSet>::FAMILIES[#index]);
        }
    });
    let idents: Vec<_> = families.iter().map(|family| family.field).collect();
    let indexes = 0..families.len();
    let dropped_indexes = 0..families.len();

    Ok(quote! {
        impl #krate::MetricSet for #set {
            const FAMILIES: &'static [#krate::__private::FamilyDesc] = &[#(#descs),*];
            const BARE: bool = #bare;

            fn build(specs: &mut #krate::__private::Specs) -> Self {
                Self { #(#idents: specs.build_next()),* }
            }

            fn collect(&self, family: usize, samples: &mut #krate::__private::Samples<'_>) {
                match family {
                    #(#indexes => #krate::__private::Declared::collect(&self.#idents, samples),)*
                    _ => {}
                }
            }

            fn dropped(&self, family: usize) -> ::core::option::Option<u64> {
                match family {
                    #(#dropped_indexes => #krate::__private::Declared::dropped(&self.#idents),)*
                    _ => ::core::option::Option::None,
                }
            }
        }

        impl #set {
            #(#refs)*
        }

        #(#checks)*
    })
}

impl Family<'_> {
    fn desc(&self, krate: &Path) -> syn::Result<TokenStream> {
        let Self { ty, name, help, .. } = self;
        let unit = self.unit.as_ref().map(|unit| quote!(.with_unit(#unit)));
        // A constant of its own, so that `&f()` lives as long as the program; the name keeps out of the way of the
        // caller's, which the expression may use.
        let buckets = self.buckets.as_ref().map(|buckets| {
            let reference = matches!(buckets, Expr::Array(_)).then(|| quote!(&));
            quote!(.with_buckets({
                const __OMTX_BUCKETS: &[f64] = #reference #buckets;
                __OMTX_BUCKETS
            }))
        });
        let native = self.native.as_ref().map(|native| match native {
            Native::Default => quote!(.with_native(#krate::NativeBuckets::new())),
            // A number alone is the factor.
            Native::Buckets(Expr::Lit(literal)) if is_number(&literal.lit) => {
                quote!(.with_native(#krate::NativeBuckets::new().factor(#literal)))
            }
            Native::Buckets(expr) => quote!(.with_native({
                const __OMTX_NATIVE: #krate::NativeBuckets = #expr;
                __OMTX_NATIVE
            })),
        });
        let max_series = self
            .max_series
            .as_ref()
            .map(|max_series| quote!(.with_max_series(#max_series)));
        let state = self.state.as_ref().map(|state| quote!(.with_state(#state)));
        let zeroed = self.zeroed.then(|| quote!(.with_zeroed()));
        let exemplars = self.exemplars.then(|| quote!(.with_exemplars()));
        let idle = match &self.idle {
            Some(idle) => {
                let after = duration(idle)?;
                Some(quote!(.with_expire_idle_after(#after)))
            }
            None => None,
        };
        Ok(quote! {
            #krate::__private::FamilyDesc::declared::<#ty>(#name, #help)
                #unit #buckets #native #exemplars #idle #max_series #state #zeroed
        })
    }
}

fn family(field: &Field) -> syn::Result<Family<'_>> {
    let ident = field.ident.as_ref().expect("named fields have names");
    let help = first_paragraph(&field.attrs).ok_or_else(|| {
        syn::Error::new(
            ident.span(),
            format!(
                "`{ident}` has no comment; expected `/// …`, which becomes the family's HELP text"
            ),
        )
    })?;
    let mut family = Family {
        field: ident,
        vis: &field.vis,
        ty: &field.ty,
        name: LitStr::new(ident.to_string().trim_start_matches("r#"), ident.span()),
        help,
        unit: None,
        buckets: None,
        max_series: None,
        state: None,
        zeroed: false,
        native: None,
        exemplars: false,
        idle: None,
    };
    for attribute in field
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("metric"))
    {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                family.name = text(&meta)?;
            } else if meta.path.is_ident("unit") {
                family.unit = Some(text(&meta)?);
            } else if meta.path.is_ident("buckets") {
                family.buckets = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("max_series") {
                family.max_series = Some(positive(meta.value()?.parse()?)?);
            } else if meta.path.is_ident("state") {
                family.state = Some(text(&meta)?);
            } else if meta.path.is_ident("zeroed") {
                family.zeroed = true;
            } else if meta.path.is_ident("exemplars") {
                family.exemplars = true;
            } else if meta.path.is_ident("idle") {
                family.idle = Some(text(&meta)?);
            } else if meta.path.is_ident("native") {
                family.native = Some(if meta.input.peek(Token![=]) {
                    Native::Buckets(meta.value()?.parse()?)
                } else {
                    Native::Default
                });
            } else {
                return Err(meta.error(
                    "unknown option; expected one of `name`, `unit`, `buckets`, `native`, `exemplars`, `idle`, `max_series`, `state`, `zeroed`",
                ));
            }
            Ok(())
        })?;
    }
    let upper = family.name.value().to_uppercase();
    if syn::parse_str::<Ident>(&upper).is_err() {
        return Err(syn::Error::new(
            family.name.span(),
            format!(
                "invalid metric name {:?}; expected [a-zA-Z_][a-zA-Z0-9_]*",
                family.name.value()
            ),
        ));
    }
    Ok(family)
}

/// `90s`, `5m`, `1h`, `7d` or `never`.
fn duration(text: &LitStr) -> syn::Result<TokenStream> {
    let value = text.value();
    if value == "never" {
        return Ok(quote!(::core::time::Duration::MAX));
    }
    let unit = |suffix, seconds: u64| {
        let number: u64 = value.strip_suffix(suffix)?.parse().ok()?;
        number.checked_mul(seconds)
    };
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let seconds = units
        .into_iter()
        .find_map(|(suffix, seconds)| unit(suffix, seconds));
    match seconds {
        Some(seconds) => Ok(quote!(::core::time::Duration::from_secs(#seconds))),
        None => Err(syn::Error::new(
            text.span(),
            format!("invalid duration {value:?}; expected `90s`, `5m`, `1h`, `7d` or `never`"),
        )),
    }
}

fn is_number(literal: &Lit) -> bool {
    matches!(literal, Lit::Float(_) | Lit::Int(_))
}

fn positive(number: LitInt) -> syn::Result<LitInt> {
    match number.base10_parse::<usize>() {
        Ok(0) => Err(syn::Error::new(number.span(), "`max_series` is at least 1")),
        Ok(_) => Ok(number),
        Err(error) => Err(error),
    }
}

fn set_options(input: &DeriveInput) -> syn::Result<SetOptions> {
    let mut options = SetOptions {
        krate: default_crate(),
        bare: false,
    };
    for attribute in input
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("metrics"))
    {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("bare") {
                options.bare = true;
                Ok(())
            } else if meta.path.is_ident("crate") {
                options.krate = meta.value()?.call(Path::parse_mod_style)?;
                Ok(())
            } else {
                Err(meta.error("unknown option; expected `bare` or `crate = path`"))
            }
        })?;
    }
    Ok(options)
}
