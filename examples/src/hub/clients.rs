//! Which programs call. A metric set of the service's own, with a label that clients fill: it is cut down to a product's
//! name, and a cap bounds how many there can be.

use std::fmt;
use std::sync::Arc;

use http::header::USER_AGENT;
use http::{HeaderValue, Request};
use omtx_http::{End, Observer, Slot};
use omtx_metrics::{Counter, Error, Family, Labels, MetricSet, Registry};

/// Longer names are `other`.
const MAX_LEN: usize = 32;

#[derive(Labels)]
struct ClientLabels<'a> {
    client: &'a str,
}

/// Which programs call.
#[derive(MetricSet)]
struct ClientMetrics {
    /// Requests by the program that the client says it is.
    #[metric(max_series = 20)]
    client_requests_total: Family<ClientLabels<'static>, Counter>,
}

/// Counts requests by the program that sends them.
#[derive(Clone)]
pub struct Clients(Arc<ClientMetrics>);

impl Clients {
    /// Registers the family.
    ///
    /// # Errors
    ///
    /// When the registry has one of that name already.
    pub fn new(registry: &Registry) -> Result<Self, Error> {
        registry.register().map(Self)
    }
}

impl Observer for Clients {
    type State = ();

    fn on_request<B>(&self, request: &mut Request<B>, _: &mut Slot) {
        let client = product(request.headers().get(USER_AGENT));
        self.0
            .client_requests_total
            .with(ClientLabels { client })
            .inc();
    }

    fn on_end(&self, (): (), _: &mut Slot, _: &End) {}
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clients").finish_non_exhaustive()
    }
}

/// The first product of a `User-Agent`, without its version (RFC 9110, section 10.1.5): `curl` of `curl/8.5.0`. `none`
/// where there is none, and `other` where it is no name.
fn product(agent: Option<&HeaderValue>) -> &str {
    let Some(agent) = agent else { return "none" };
    let first = agent
        .to_str()
        .ok()
        .and_then(|agent| agent.split(['/', ' ']).next());
    let is_name = |name: &&str| {
        (1..=MAX_LEN).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    first.filter(is_name).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(agent: &'static [u8], expected: &str) {
        let agent = HeaderValue::from_bytes(agent).unwrap();
        assert_eq!(product(Some(&agent)), expected);
    }

    #[test]
    fn a_client_is_known_by_its_products_name() {
        check(b"curl/8.5.0", "curl");
        check(b"python-requests/2.31.0", "python-requests");
        check(
            b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101",
            "Mozilla",
        );
        check(b"kube-probe", "kube-probe");
        assert_eq!(product(None), "none");
    }

    #[test]
    fn what_is_no_name_is_other() {
        check(b"", "other");
        check(b"/8.5.0", "other");
        check(b"(compatible)", "other");
        check(b"a\"} 1", "other");
        check("cürl".as_bytes(), "other");
        check(&[b'a'; MAX_LEN + 1], "other");
    }
}
