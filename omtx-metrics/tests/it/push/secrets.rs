//! Credentials arrive, and show up nowhere else.

use omtx_metrics::Registry;
use omtx_metrics::push::{Pushgateway, PushgatewayBuilder};

use super::server::{Answer, Server};

const BASIC: &str = "Basic cHVzaGVyOmh1bnRlcjI="; // pusher:hunter2

/// The `Authorization` header that a push of `builder` has.
fn authorization(server: &Server, builder: PushgatewayBuilder) -> Option<String> {
    builder.build(&Registry::new()).unwrap().push().unwrap();
    server.next().header("authorization").map(str::to_owned)
}

#[test]
fn credentials_are_sent_as_they_were_given() {
    let server = Server::ok();
    let with_credentials = server.url().replace("http://", "http://pusher:hunter2@");
    let in_url = || Pushgateway::builder(with_credentials.clone()).job("nightly");
    for (builder, expected) in [
        (server.builder(), None),
        (
            server.builder().basic_auth("pusher", "hunter2"),
            Some(BASIC),
        ),
        (in_url(), Some(BASIC)),
        (in_url().bearer("t0k"), Some("Bearer t0k")),
        (server.builder().bearer("t0k"), Some("Bearer t0k")),
    ] {
        assert_eq!(authorization(&server, builder).as_deref(), expected);
    }
}

#[test]
fn headers_are_sent_as_they_were_given() {
    let server = Server::ok();
    let builder = server.builder().header("X-Scope-OrgID", "tenant");
    builder.build(&Registry::new()).unwrap().push().unwrap();
    assert_eq!(server.next().header("x-scope-orgid"), Some("tenant"));
}

#[test]
fn no_error_and_no_debug_shows_a_secret() {
    let refusing = Server::answering(&[Answer::Status(403, "forbidden")]);
    let gone = Server::answering(&[Answer::HangUp]);
    for server in [refusing, gone] {
        let url = server.url().replace("http://", "http://pusher:hunter2@");
        let builders = [
            Pushgateway::builder(url),
            server.builder().basic_auth("pusher", "hunter2"),
            server.builder().bearer("hunter2"),
            server.builder().header("x-key", "hunter2"),
        ];
        for builder in builders {
            let builder = builder.job("nightly").retries(0);
            let mut said = format!("{builder:?} {builder:#?}");
            let gateway = builder.build(&Registry::new()).unwrap();
            let error = gateway.push().unwrap_err();
            said += &format!("{gateway:?} {error} {error:?} {}", gateway.url());
            said += &format!("{:?}", gateway.push_on_drop().finish());
            assert!(
                !said.contains("hunter2") && !said.contains("cHVzaGVy"),
                "{said}"
            );
        }
    }
}
