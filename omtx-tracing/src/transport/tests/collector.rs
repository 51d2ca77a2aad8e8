//! Against the Python receiver, over gRPC and HTTP alike.

use http::{HeaderName, HeaderValue};

use super::receiver::Receiver;
use super::*;

const BOTH: [Protocol; 2] = [Protocol::Grpc, Protocol::HttpProtobuf];

fn uri(receiver: &Receiver, protocol: Protocol) -> String {
    match protocol {
        Protocol::Grpc => receiver.grpc_endpoint(),
        _ => format!("{}/v1/traces", receiver.http_endpoint()),
    }
}

#[tokio::test]
async fn every_answer_of_a_collector_is_told_apart() {
    for protocol in BOTH {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        let mut transport = transport(protocol, &uri(&receiver, protocol));
        let by_protocol = |grpc, http| {
            if protocol == Protocol::Grpc {
                grpc
            } else {
                http
            }
        };
        let mut held = 0;
        for (command, expected, takes) in [
            ("accept", ("accepted", None), 3),
            ("partial 2 no such service", ("accepted", None), 1),
            ("exhausted 7", ("retry", Some(7)), 0),
            // Without RetryInfo, gRPC's is final; HTTP's is not (OTLP, "Failures").
            (
                "exhausted",
                by_protocol(("refused", None), ("retry", None)),
                0,
            ),
            ("unavailable 3", ("retry", Some(3)), 0),
            ("unavailable", ("retry", None), 0),
            ("status INVALID_ARGUMENT 400", ("refused", None), 0),
            ("status UNAUTHENTICATED 401", ("refused", None), 0),
            ("status INTERNAL 500", ("refused", None), 0),
            ("status DEADLINE_EXCEEDED 504", ("unknown", None), 0),
            ("status CANCELLED 502", ("unknown", None), 0),
            ("garbage", ("unknown", None), 0),
            ("close_midstream", ("unknown", None), 0),
            ("accept", ("accepted", None), 3),
        ] {
            receiver.tell(command);
            let answer = export(&mut *transport, spans(3)).await;
            assert_eq!(
                kind(&answer),
                expected,
                "{protocol:?}, {command}: {answer:?}"
            );
            if command.starts_with("partial") {
                let partial = Answer::Accepted {
                    rejected: 2,
                    message: Some("no such service".into()),
                };
                assert_eq!(answer, partial);
            }
            held += takes;
            assert_eq!(
                receiver.wait_for_spans(held).len(),
                held,
                "{protocol:?}, {command}"
            );
        }
    }
}

#[tokio::test]
async fn a_collector_that_never_answers_may_have_the_request() {
    for protocol in BOTH {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        let mut transport = transport(protocol, &uri(&receiver, protocol));
        // A connection first, so that the short deadline is spent on waiting for the answer.
        assert_eq!(export(&mut *transport, spans(1)).await, all_accepted());
        for (command, held) in [("hang", 1), ("swallow", 3)] {
            receiver.tell(command);
            let short = Duration::from_millis(500);
            let answer = export_within(&mut *transport, spans(2), short).await;
            assert_eq!(kind(&answer), ("unknown", None), "{protocol:?}: {answer:?}");
            assert_eq!(receiver.wait_for_spans(held).len(), held);
        }
        receiver.tell("accept");
        assert_eq!(export(&mut *transport, spans(1)).await, all_accepted());
    }
}

#[tokio::test]
async fn a_collector_that_is_away_has_nothing_and_comes_back() {
    for protocol in BOTH {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        let mut transport = transport(protocol, &uri(&receiver, protocol));
        receiver.tell("refuse");
        for _ in 0..3 {
            let answer = export(&mut *transport, spans(1)).await;
            assert_eq!(kind(&answer), ("retry", None), "{protocol:?}: {answer:?}");
            assert!(cause(&answer).contains("refused"), "{answer:?}");
        }
        receiver.tell("resume");
        assert_eq!(export(&mut *transport, spans(1)).await, all_accepted());
        assert_eq!(receiver.wait_for_requests(1).len(), 1);
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_no_attempt() {
    for protocol in BOTH {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        let mut transport = transport(protocol, &uri(&receiver, protocol));
        for _ in 0..3 {
            assert_eq!(export(&mut *transport, spans(1)).await, all_accepted());
            receiver.tell("reset");
            look_around().await;
        }
        assert_eq!(receiver.wait_for_spans(3).len(), 3);
    }
}

#[tokio::test]
async fn all_signals_have_their_services_and_their_headers() {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;

    for protocol in BOTH {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        let deadline = Instant::now() + PATIENCE;
        for (signal, request) in [
            (Signal::Traces, spans(1)),
            (
                Signal::Metrics,
                ExportMetricsServiceRequest::default()
                    .encode_to_vec()
                    .into(),
            ),
            (
                Signal::Logs,
                ExportLogsServiceRequest::default().encode_to_vec().into(),
            ),
        ] {
            let uri = uri(&receiver, protocol).replace("traces", signal.as_str());
            let mut endpoint = endpoint(protocol, &uri);
            endpoint.headers = [("x-api-key", "secret"), ("x-scope-bin", "\u{1f600}")]
                .map(|(name, value)| {
                    let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                    (HeaderName::from_static(name), value)
                })
                .into();
            let mut transport = crate::transport::connect(&endpoint).unwrap();
            let answer = transport.export(signal, request, deadline).await;
            assert_eq!(answer, all_accepted(), "{protocol:?}, {signal}");
        }
        for (request, signal) in receiver
            .wait_for_requests(3)
            .iter()
            .zip(["traces", "metrics", "logs"])
        {
            assert_eq!(request["signal"], signal);
            let headers = &request["headers"];
            assert_eq!(headers["x-api-key"], "secret");
            let agent = concat!("omtx-tracing/", env!("CARGO_PKG_VERSION"), " (Rust)");
            assert_eq!(headers["user-agent"], agent);
            if protocol == Protocol::Grpc {
                // Raw bytes again, at the other end (gRPC, "Custom-Metadata").
                assert_eq!(headers["x-scope-bin"]["bytes"], "f09f9880");
            }
        }
    }
}

#[cfg(feature = "gzip")]
#[tokio::test]
async fn a_compressed_request_is_the_same_request() {
    for protocol in BOTH {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        let mut endpoint = endpoint(protocol, &uri(&receiver, protocol));
        endpoint.gzip = true;
        let mut transport = crate::transport::connect(&endpoint).unwrap();
        assert_eq!(export(&mut *transport, spans(100)).await, all_accepted());
        let held = receiver.wait_for_spans(100);
        assert_eq!(held[99]["name"], "span 100");
        if protocol == Protocol::HttpProtobuf {
            assert_eq!(receiver.requests()[0]["encoding"], "gzip");
        }
    }
}

#[tokio::test]
async fn requests_larger_than_the_windows_of_http2_arrive_whole() {
    for protocol in BOTH {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        let mut transport = transport(protocol, &uri(&receiver, protocol));
        let span = Span {
            trace_id: vec![7; 16],
            span_id: vec![1; 8],
            name: "n".repeat(3 << 20),
            ..Span::default()
        };
        let request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                scope_spans: vec![ScopeSpans {
                    spans: vec![span],
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            }],
        };
        let request = Bytes::from(request.encode_to_vec());
        let len = request.len();
        assert_eq!(export(&mut *transport, request).await, all_accepted());
        assert_eq!(receiver.wait_for_requests(1)[0]["bytes"], len);
    }
}
