//! What is sent, how often, and what becomes of the answer.

use std::net::TcpListener;
use std::time::Duration;

use omtx_metrics::push::Pushgateway;
use omtx_metrics::{Counter, Registry, Rows};

use super::server::{Answer, Server};
use super::{pushes, registry};

const LONG: &str = "pushed metrics are invalid\nor\tinconsistent with existing metrics";

#[test]
fn a_push_puts_the_whole_exposition() {
    let (registry, _) = registry();
    let server = Server::ok();
    server.gateway(&registry).push().unwrap();
    let request = server.next();
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("PUT", "/metrics/job/nightly")
    );
    assert_eq!(
        request.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert_eq!(
        request.body,
        "\
# HELP import_rows Rows of the last import.
# TYPE import_rows gauge
import_rows 7
# HELP omtx_pushes_total Pushes to a Pushgateway, each with all of its attempts.
# TYPE omtx_pushes_total counter
omtx_pushes_total{outcome=\"success\"} 0
omtx_pushes_total{outcome=\"failure\"} 0
"
    );
    assert_eq!(pushes(&registry, "success"), 1.0);
}

#[test]
fn the_other_methods_are_post_and_delete() {
    let (registry, _) = registry();
    let server = Server::answering(&[Answer::Status(202, "")]);
    let gateway = server.gateway(&registry);
    gateway.push_add().unwrap();
    gateway.delete().unwrap();
    let (post, delete) = (server.next(), server.next());
    assert_eq!(
        (post.method.as_str(), post.body.is_empty()),
        ("POST", false)
    );
    assert_eq!(
        (delete.method.as_str(), delete.body.as_str()),
        ("DELETE", "")
    );
    // A deletion is no push.
    assert_eq!(pushes(&registry, "success"), 1.0);
}

#[test]
fn an_answer_that_may_pass_is_asked_for_again() {
    let (registry, _) = registry();
    let server = Server::answering(&[
        Answer::Status(503, "starting"),
        Answer::HangUp,
        Answer::Status(200, ""),
    ]);
    server.gateway(&registry).push().unwrap();
    let bodies: Vec<String> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies.len(), 3);
    assert_eq!(bodies[0], bodies[2]);
    assert_eq!(pushes(&registry, "success"), 1.0);
    assert_eq!(pushes(&registry, "failure"), 0.0);
}

#[test]
fn a_server_that_goes_on_failing_is_given_up() {
    let (registry, _) = registry();
    let server = Server::answering(&[Answer::Status(500, "no disk")]);
    let gateway = server.builder().retries(2).build(&registry).unwrap();
    let error = gateway.push().unwrap_err();
    assert_eq!(server.seen().len(), 3);
    assert_eq!(error.status(), Some(500));
    assert_eq!(
        error.to_string(),
        format!(
            "{}/metrics/job/nightly answered 500 to PUT in 3 attempts: no disk; expected 200 or 202",
            server.url()
        )
    );
    assert_eq!(pushes(&registry, "failure"), 1.0);
}

#[test]
fn a_refusal_is_final_and_says_why_on_one_line() {
    for (status, body, said) in [
        (
            400,
            LONG,
            "pushed metrics are invalid or inconsistent with existing metrics",
        ),
        (401, "", "(no text)"),
        (404, "404 page not found\n", "404 page not found"),
        (204, "", "(no text)"),
    ] {
        let (registry, _) = registry();
        let server = Server::answering(&[Answer::Status(status, body)]);
        let error = server.gateway(&registry).push().unwrap_err();
        assert_eq!(server.seen().len(), 1, "{status}");
        assert_eq!(error.status(), Some(status));
        assert!(!error.is_unreachable() && !error.is_clash());
        assert_eq!(
            error.to_string(),
            format!(
                "{}/metrics/job/nightly answered {status} to PUT: {said}; expected 200 or 202",
                server.url()
            )
        );
    }
}

#[test]
fn a_refusal_without_end_is_cut() {
    let body: &'static str = Box::leak("x".repeat(100_000).into_boxed_str());
    let (registry, _) = registry();
    let server = Server::answering(&[Answer::Status(400, body)]);
    let error = server.gateway(&registry).push().unwrap_err().to_string();
    assert_eq!(error.matches('x').count(), 1024 + 1); // one in "expected"
}

/// A redirected PUT would arrive as a GET, and look like a success.
#[test]
fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let (registry, _) = registry();
        let server = Server::answering(&[Answer::Redirect(status), Answer::Status(200, "")]);
        let error = server.gateway(&registry).push().unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert_eq!(server.seen().len(), 1);
    }
}

#[test]
fn nobody_there_is_an_error_that_names_the_address() {
    let (registry, _) = registry();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let gateway = Pushgateway::builder(address.to_string())
        .job("nightly")
        .retries(1)
        .build(&registry)
        .unwrap();
    let error = gateway.push().unwrap_err();
    assert!(error.is_unreachable());
    let start = format!("cannot reach http://{address}/metrics/job/nightly in 2 attempts: ");
    assert!(error.to_string().starts_with(&start), "{error}");
    let source = std::error::Error::source(&error).unwrap();
    assert!(
        source.downcast_ref::<std::io::Error>().is_some(),
        "{source}"
    );
    assert_eq!(pushes(&registry, "failure"), 1.0);
}

#[test]
fn a_server_that_never_answers_costs_the_timeout_and_no_more() {
    let (registry, _) = registry();
    let server = Server::answering(&[Answer::Silence]);
    let gateway = server
        .builder()
        .timeout(Duration::from_millis(200))
        .retries(1_000)
        .build(&registry)
        .unwrap();
    let error = gateway.push().unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    assert_eq!(pushes(&registry, "failure"), 1.0);
}

#[test]
fn a_label_of_the_grouping_key_in_a_family_is_refused_before_anything_is_sent() {
    #[derive(omtx_metrics::Labels)]
    struct InstanceLabels<'a> {
        instance: &'a str,
    }
    let (registry, _) = registry();
    let server = Server::ok();
    let build = || server.builder().grouping("instance", "a").build(&registry);
    let gateway = build().unwrap();
    registry
        .family::<InstanceLabels<'static>, Counter>("seen_total", "Seen.")
        .register()
        .unwrap();

    // Registered after the Pushgateway was set up…
    let error = gateway.push().unwrap_err();
    assert!(error.is_clash());
    assert_eq!(
        error.to_string(),
        format!(
            "cannot push to {}/metrics/job/nightly/instance/a: family \"seen_total\" has the label \"instance\" of the grouping key; expected grouping labels that no family has",
            server.url()
        )
    );
    // …and before.
    assert_eq!(
        build().unwrap_err().to_string(),
        r#"invalid grouping label "instance"; expected a label that no family has; family "seen_total" has it"#
    );
    assert_eq!(server.seen(), []);
    assert_eq!(pushes(&registry, "failure"), 1.0);
}

#[test]
fn labels_of_collectors_and_constant_labels_clash_too() {
    let server = Server::ok();
    let registry = Registry::builder()
        .constant_label("zone", "a")
        .build()
        .unwrap();
    registry
        .family::<(), Counter>("seen_total", "Seen.")
        .register()
        .unwrap();
    let error = server.builder().grouping("zone", "b").build(&registry);
    assert!(error.is_err());

    let rows = |rows: &mut Rows| {
        rows.gauge("pool", "Pool.").row(&[("job", "x\",y=\"")], 1.0);
    };
    registry.register_collector("pool", rows).unwrap();
    let error = server.gateway(&registry).push().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("family \"pool\" has the label \"job\""),
        "{error}"
    );
    assert_eq!(server.seen(), []);
}

/// The Pushgateway refuses a push with a single timestamp in it.
#[cfg(feature = "prometheus")]
#[test]
fn timestamps_of_collectors_rows_are_left_out() {
    use prometheus::core::{Collector, Desc};
    use prometheus::proto::MetricFamily;

    struct Stamped(prometheus::IntGauge);
    impl Collector for Stamped {
        fn desc(&self) -> Vec<&Desc> {
            self.0.desc()
        }
        fn collect(&self) -> Vec<MetricFamily> {
            let mut families = self.0.collect();
            families[0].mut_metric()[0].set_timestamp_ms(1_700_000_000_000);
            families
        }
    }
    let theirs = prometheus::Registry::new();
    let stamped = prometheus::IntGauge::new("stamped", "Stamped.").unwrap();
    theirs.register(Box::new(Stamped(stamped))).unwrap();
    let registry = Registry::new();
    registry.register_prometheus("theirs", theirs).unwrap();
    assert!(registry.to_text().contains("stamped 0 1700000000000\n"));

    let server = Server::ok();
    server.gateway(&registry).push().unwrap();
    assert!(server.next().body.contains("\nstamped 0\n"));
}
