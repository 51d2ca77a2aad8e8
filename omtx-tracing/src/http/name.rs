//! The name of a server span: method and route, never the path.

use std::cell::Cell;

thread_local! {
    /// A sampler is told the name before it is known whether a span will keep it; most requests give it back.
    static SPARE: Cell<String> = const { Cell::new(String::new()) };
}

/// A route that is longer makes the name grow.
const CAPACITY: usize = 64;

/// `{method} {route}`, or `{method}` where no route was matched; a method that is not known is `HTTP` (conventions for HTTP
/// spans, "Name").
pub(super) fn compose(method: Option<&str>, route: Option<&str>) -> String {
    let mut name = SPARE.try_with(Cell::take).unwrap_or_default();
    name.clear();
    name.reserve(CAPACITY);
    name.push_str(method.unwrap_or("HTTP"));
    if let Some(route) = route {
        name.push(' ');
        name.push_str(route);
    }
    name
}

/// Takes a name back that nobody kept.
pub(super) fn recycle(name: String) {
    // While the thread ends there is nobody left to keep it.
    let _ = SPARE.try_with(|spare| spare.set(name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: Option<&str>, route: Option<&str>, expected: &str) {
        let name = compose(method, route);
        assert_eq!(name, expected);
        recycle(name);
    }

    #[test]
    fn a_name_is_method_and_route() {
        check(Some("GET"), Some("/users/{id}"), "GET /users/{id}");
        check(Some("GET"), None, "GET");
        check(None, None, "HTTP");
        check(None, Some("/"), "HTTP /");
        check(
            Some("GET"),
            Some(&"/a".repeat(100)),
            &format!("GET {}", "/a".repeat(100)),
        );
    }
}
