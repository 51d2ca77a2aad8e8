//! Which families a client wants.

use crate::Kind;

/// Names that are read of one query; more are as if they were not there.
const MAX_NAMES: usize = 256;

/// The values of `name[]`; everything if there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter {
    names: Option<Box<[String]>>,
}

impl Filter {
    pub(super) fn from_query(query: &str) -> Self {
        let mut names: Vec<String> = form_urlencoded::parse(query.as_bytes())
            .filter(|(key, _)| key == "name[]")
            .map(|(_, name)| name.into_owned())
            .take(MAX_NAMES)
            .collect();
        // The same names in another order are the same filter.
        names.sort_unstable();
        names.dedup();
        Self {
            names: (!names.is_empty()).then(|| names.into()),
        }
    }

    /// True if every family is wanted.
    pub(super) fn is_everything(&self) -> bool {
        self.names.is_none()
    }

    /// True if the family of this name and kind is wanted: by its name, by what OpenMetrics calls it, or by the name of
    /// one of its samples.
    pub(super) fn selects(&self, family: &str, kind: Kind) -> bool {
        self.names.as_ref().is_none_or(|names| {
            names.iter().any(|name| {
                name == family || is_base_name(name, family, kind) || is_sample(name, family, kind)
            })
        })
    }
}

/// `http_requests` for the counter `http_requests_total`.
fn is_base_name(name: &str, family: &str, kind: Kind) -> bool {
    match family.strip_prefix(name) {
        Some("_total") => kind == Kind::Counter,
        Some("_info") => kind == Kind::Info,
        _ => false,
    }
}

fn is_sample(name: &str, family: &str, kind: Kind) -> bool {
    match (kind, name.strip_prefix(family)) {
        (Kind::Histogram, Some("_bucket" | "_sum" | "_count" | "_created")) => true,
        (Kind::Summary, Some("_sum" | "_count" | "_created")) => true,
        (Kind::Counter, _) => {
            let base = name.strip_suffix("_created");
            base.is_some_and(|base| family.strip_prefix(base) == Some("_total"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, family: &str, kind: Kind, expected: bool) {
        let filter = Filter::from_query(query);
        assert_eq!(filter.selects(family, kind), expected, "{query} {family}");
    }

    #[test]
    fn without_a_name_everything_is_selected() {
        for query in ["", "&", "=", "name=a", "names[]=a", "format=text"] {
            check(query, "a_total", Kind::Counter, true);
        }
    }

    #[test]
    fn a_family_is_selected_by_its_names_and_those_of_its_samples() {
        for name in ["a_total", "a", "a_created"] {
            check(&format!("name[]={name}"), "a_total", Kind::Counter, true);
        }
        for name in ["h", "h_bucket", "h_sum", "h_count", "h_created"] {
            check(&format!("name[]={name}"), "h", Kind::Histogram, true);
        }
        check("name[]=build", "build_info", Kind::Info, true);
        check("name[]=s_count", "s", Kind::Summary, true);
        check("name[]=s_bucket", "s", Kind::Summary, false);
        check("name[]=g_count", "g", Kind::Gauge, false);
        check("name[]=a", "a_total", Kind::Gauge, false);
        check("name[]=", "a_total", Kind::Counter, false);
        check("name[]=a_to", "a_total", Kind::Counter, false);
    }

    #[test]
    fn names_are_decoded_and_repeated() {
        check("name%5B%5D=a%5Ftotal", "a_total", Kind::Counter, true);
        check(
            "name[]=x&name[]=a_total&y=z",
            "a_total",
            Kind::Counter,
            true,
        );
        check("name[]=x%ZZ&name[]=%", "a_total", Kind::Counter, false);
        check("name[]=%FF", "a_total", Kind::Counter, false);
    }

    #[test]
    fn the_order_of_names_does_not_matter() {
        assert_eq!(
            Filter::from_query("name[]=a&name[]=b&name[]=a"),
            Filter::from_query("name[]=b&name[]=a")
        );
    }

    #[test]
    fn names_beyond_the_limit_are_not_read() {
        let query = "name[]=x&".repeat(MAX_NAMES) + "name[]=a_total";
        check(&query, "a_total", Kind::Counter, false);
    }
}
