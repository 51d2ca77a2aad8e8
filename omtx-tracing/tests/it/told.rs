//! The receiver that other tests rely on does as it is told.

use std::io::{Read, Write};
use std::net::TcpStream;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use crate::receiver::Receiver;

fn two_spans() -> Vec<u8> {
    let span = |id: u8| Span {
        trace_id: vec![1; 16],
        span_id: vec![id; 8],
        name: format!("span {id}"),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span(1), span(2)],
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

/// The status line of what the receiver answers, or what went wrong.
fn post(receiver: &Receiver) -> String {
    let body = two_spans();
    let mut head =
        String::from("POST /v1/traces HTTP/1.1\r\nhost: receiver\r\nconnection: close\r\n");
    head += "content-type: application/x-protobuf\r\n";
    head += &format!("content-length: {}\r\n\r\n", body.len());
    let exchange = || {
        let mut stream = TcpStream::connect(("127.0.0.1", receiver.http))?;
        stream.write_all(head.as_bytes())?;
        stream.write_all(&body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    match exchange() {
        Ok(answer) => {
            let answer = String::from_utf8_lossy(&answer);
            answer.lines().next().unwrap_or_default().to_owned()
        }
        Err(error) => error.kind().to_string(),
    }
}

#[test]
fn the_receiver_holds_what_it_accepted_and_nothing_else() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    assert_eq!(post(&receiver), "HTTP/1.1 200 OK");
    let spans = receiver.wait_for_spans(2);
    assert_eq!(spans[1]["name"], "span 2");
    assert_eq!(spans[1]["trace_id"], "01".repeat(16));

    for (command, answer, held) in [
        ("partial 1 no", "HTTP/1.1 200 OK", 3),
        ("exhausted 7", "HTTP/1.1 429 Too Many Requests", 3),
        ("unavailable", "HTTP/1.1 503 Service Unavailable", 3),
        ("status NOT_FOUND 404", "HTTP/1.1 404 Not Found", 3),
        ("garbage", "HTTP/1.1 200 OK", 3),
        ("close_midstream", "connection reset", 3),
        ("refuse", "connection refused", 3),
    ] {
        receiver.tell(command);
        assert_eq!(post(&receiver), answer, "{command}");
        assert_eq!(receiver.wait_for_spans(held).len(), held, "{command}");
    }
    receiver.tell("resume");
    receiver.tell("accept");
    receiver.tell("for 1 unavailable");
    assert_eq!(post(&receiver), "HTTP/1.1 503 Service Unavailable");
    assert_eq!(post(&receiver), "HTTP/1.1 200 OK");
    assert_eq!(receiver.wait_for_spans(5).len(), 5);
}
