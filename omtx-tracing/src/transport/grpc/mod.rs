//! OTLP/gRPC: a unary call over HTTP/2.
//!
//! The protocol is gRPC's `PROTOCOL-HTTP2.md`: a request is a POST whose body is the message behind five bytes, a response's last
//! word is `grpc-status` in its trailers, or in its head if there is nothing else.

mod status;

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{BufMut as _, Bytes, BytesMut};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};

use super::client::{Client, Version};
use super::headers::headers;
use super::payload::Payload;
use super::tcp::checked;
use super::{Answer, Compression, Transport};
use crate::config::Endpoint;
use crate::{Error, Signal};

pub(super) use status::answer;

const CONTENT_TYPE: &str = "application/grpc";

/// Before each message: whether it is compressed, and its length in four bytes.
const PREFIX: usize = 5;

/// `grpc-timeout` has at most eight digits.
const MAX_TIMEOUT: u128 = 99_999_999;

pub(super) struct Grpc {
    client: Client,
    base: Uri,
    headers: HeaderMap,
    compression: Compression,
}

impl Grpc {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        let mut headers = headers(&binary(&endpoint.headers), CONTENT_TYPE);
        // Asks proxies that cannot pass trailers on to refuse.
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        Ok(Self {
            client: Client::new(endpoint, Version::Http2)?,
            base: checked(&endpoint.uri)?,
            headers,
            compression: Compression::new(endpoint)?,
        })
    }

    async fn attempt(&mut self, signal: Signal, message: Bytes, deadline: Instant) -> Answer {
        let (message, encoding) = self.compression.encode(message);
        let Ok(len) = u32::try_from(message.len()) else {
            return Answer::refused(format!("{} bytes; expected less than 4 GiB", message.len()));
        };
        let mut prefix = BytesMut::with_capacity(PREFIX);
        prefix.put_u8(u8::from(encoding.is_some()));
        prefix.put_u32(len);

        let mut request = Request::new(Payload::new(prefix.freeze(), message));
        *request.method_mut() = Method::POST;
        *request.version_mut() = http::Version::HTTP_2;
        *request.uri_mut() = method(&self.base, signal);
        *request.headers_mut() = self.headers.clone();
        let headers = request.headers_mut();
        if let Some(encoding) = encoding {
            headers.insert("grpc-encoding", encoding);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = format!("{}m", left.as_millis().clamp(1, MAX_TIMEOUT));
        if let Ok(timeout) = HeaderValue::try_from(timeout) {
            headers.insert("grpc-timeout", timeout);
        }
        match self.client.exchange(request, deadline).await {
            Ok(reply) => answer(&reply),
            Err(mut lost) => {
                if lost.mistaken {
                    lost.cause += "; expected a port that speaks gRPC (4317), not OTLP/HTTP (4318)";
                }
                lost.into()
            }
        }
    }
}

impl Transport for Grpc {
    fn export<'a>(
        &'a mut self,
        signal: Signal,
        request: Bytes,
        deadline: Instant,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(self.attempt(signal, request, deadline))
    }
}

/// The URL of a signal's `Export`; a path that the endpoint has stands before it.
fn method(base: &Uri, signal: Signal) -> Uri {
    let path = match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    };
    let mut parts = base.clone().into_parts();
    let before = base.path().trim_end_matches('/');
    parts.path_and_query = if before.is_empty() {
        Some(PathAndQuery::from_static(path))
    } else {
        PathAndQuery::try_from(format!("{before}{path}")).ok()
    };
    Uri::from_parts(parts).unwrap_or_else(|_| base.clone())
}

/// Metadata as it travels: the values of `-bin` keys in base64.
fn binary(configured: &[(HeaderName, HeaderValue)]) -> Vec<(HeaderName, HeaderValue)> {
    let encode = |(name, value): &(HeaderName, HeaderValue)| {
        let encoded = name
            .as_str()
            .ends_with("-bin")
            .then(|| HeaderValue::try_from(STANDARD_NO_PAD.encode(value.as_bytes())).ok());
        (
            name.clone(),
            encoded.flatten().unwrap_or_else(|| value.clone()),
        )
    };
    configured.iter().map(encode).collect()
}
