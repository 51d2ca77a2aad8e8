//! Both transports against a collector that is not ours, and against peers that misbehave.

mod answers;
mod any_peer;
mod collector;
mod http2_peers;
mod http_peers;
mod proxies;
#[path = "../../../tests/it/receiver.rs"]
mod receiver;
mod stdout;
#[cfg(feature = "tls")]
mod tls;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use super::{Answer, Transport};
use crate::Signal;
use crate::config::{Endpoint, Protocol, Tls};

/// How long an attempt may take that is to succeed: long, for machines that have other things to do.
const PATIENCE: Duration = receiver::PATIENCE;

fn endpoint(protocol: Protocol, uri: &str) -> Endpoint {
    Endpoint {
        protocol,
        uri: uri.parse().unwrap(),
        headers: Vec::new(),
        gzip: false,
        timeout: PATIENCE,
        tls: Tls::default(),
    }
}

fn transport(protocol: Protocol, uri: &str) -> Box<dyn Transport> {
    super::connect(&endpoint(protocol, uri)).unwrap()
}

fn http_at(address: SocketAddr) -> Box<dyn Transport> {
    transport(
        Protocol::HttpProtobuf,
        &format!("http://{address}/v1/traces"),
    )
}

fn grpc_at(address: SocketAddr) -> Box<dyn Transport> {
    transport(Protocol::Grpc, &format!("http://{address}"))
}

/// A request with so many spans.
fn spans(n: u8) -> Bytes {
    let span = |id: u8| Span {
        trace_id: vec![7; 16],
        span_id: vec![id; 8],
        name: format!("span {id}"),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: (1..=n).map(span).collect(),
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }
        .encode_to_vec()
        .into()
}

async fn export(transport: &mut dyn Transport, request: Bytes) -> Answer {
    export_within(transport, request, PATIENCE).await
}

async fn export_within(transport: &mut dyn Transport, request: Bytes, time: Duration) -> Answer {
    let deadline = Instant::now() + time;
    transport.export(Signal::Traces, request, deadline).await
}

fn all_accepted() -> Answer {
    Answer::Accepted {
        rejected: 0,
        message: None,
    }
}

/// The answer's kind and wait, without the cause, whose words are not a promise.
fn kind(answer: &Answer) -> (&'static str, Option<u64>) {
    match answer {
        Answer::Accepted { .. } => ("accepted", None),
        Answer::Retry { after, .. } => ("retry", after.map(|after| after.as_secs())),
        Answer::Refused { .. } => ("refused", None),
        Answer::Unknown { after, .. } => ("unknown", after.map(|after| after.as_secs())),
    }
}

fn cause(answer: &Answer) -> &str {
    match answer {
        Answer::Accepted { .. } => panic!("expected a failure"),
        Answer::Retry { cause, .. } | Answer::Refused { cause } | Answer::Unknown { cause, .. } => {
            cause
        }
    }
}

/// Returns when the runtime has looked at all its sockets, so that connections know what became of them.
async fn look_around() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for _ in 0..3 {
        let (accepted, connected) =
            tokio::join!(listener.accept(), tokio::net::TcpStream::connect(address));
        accepted.unwrap();
        connected.unwrap();
    }
}
