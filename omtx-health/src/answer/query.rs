//! What a query asks for. It comes from anybody, so all of it is bounded.

use crate::Report;
use crate::render::View;

/// Of a longer query, the rest is not read.
const MAX_QUERY_BYTES: usize = 4096;

/// Of more unknown names, the rest is not told.
const MAX_WARNINGS: usize = 8;

/// Of a longer unknown name, the rest is not told; longer than any check's.
const MAX_ECHO: usize = 64;

/// Reads `?verbose` and `?exclude=`, as the Kubernetes API server has them. Other keys mean nothing.
pub(super) fn parse(query: Option<&str>, report: &Report) -> View {
    let mut view = View::default();
    let Some(query) = query else { return view };
    let (read, rest) = query.as_bytes().split_at(query.len().min(MAX_QUERY_BYTES));
    if !rest.is_empty() {
        let limit = format!("query: only its first {MAX_QUERY_BYTES} bytes were read");
        view.warnings.push(limit);
    }
    for (key, value) in form_urlencoded::parse(read) {
        match &*key {
            "verbose" => view.verbose = !matches!(&*value, "0" | "false"),
            "exclude" => exclude(&mut view, &value, report),
            _ => {}
        }
    }
    view
}

fn exclude(view: &mut View, name: &str, report: &Report) {
    if report.check(name).is_none() {
        if view.warnings.len() < MAX_WARNINGS {
            let name = echo(name);
            let warning = format!("exclude: there is no check \"{name}\"");
            view.warnings.push(warning);
        }
    } else if !view.excluded.iter().any(|excluded| excluded == name) {
        view.excluded.push(name.to_owned());
    }
}

/// A client's text as a name would be.
fn echo(text: &str) -> String {
    text.chars()
        .take(MAX_ECHO)
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() || "_.-".contains(c) => c,
            _ => '?',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::report;

    #[track_caller]
    fn check(query: &str, verbose: bool, excluded: &[&str], warnings: &[&str]) {
        let view = parse(Some(query), &report(&["db", "cache"]));
        assert_eq!(
            (view.verbose, &*view.excluded, &*view.warnings),
            (
                verbose,
                &*excluded.iter().map(ToString::to_string).collect::<Vec<_>>(),
                &*warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
            )
        );
    }

    #[test]
    fn verbose_needs_no_value() {
        check("verbose", true, &[], &[]);
        check("verbose=true", true, &[], &[]);
        check("verbose=0", false, &[], &[]);
        check("verbosely", false, &[], &[]);
    }

    #[test]
    fn exclude_may_be_repeated_and_encoded() {
        check(
            "exclude=db&exclude=%63ache&exclude=db",
            false,
            &["db", "cache"],
            &[],
        );
    }

    #[test]
    fn an_unknown_name_warns() {
        check(
            "exclude=redis&exclude=%22%0a",
            false,
            &[],
            &[
                "exclude: there is no check \"redis\"",
                "exclude: there is no check \"??\"",
            ],
        );
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_asked_the_view_is_small(query in ".{0,6000}") {
            let view = parse(Some(&query), &report(&["db"]));
            proptest::prop_assert!(view.excluded.len() <= 1 && view.warnings.len() <= MAX_WARNINGS);
            proptest::prop_assert!(view.warnings.iter().all(|warning| warning.len() < 110 && warning.is_ascii()));
        }

        #[test]
        fn many_excludes_are_bounded(names in proptest::collection::vec("[a-z]{1,80}", 0..300)) {
            let query: String = names.iter().map(|name| format!("exclude={name}&")).collect();
            let view = parse(Some(&query), &report(&["db"]));
            proptest::prop_assert!(view.warnings.len() <= MAX_WARNINGS);
        }
    }
}
