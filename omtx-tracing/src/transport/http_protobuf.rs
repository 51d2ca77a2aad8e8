//! OTLP/HTTP with protobuf bodies, over HTTP/1.1.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, header};
use prost::Message as _;

use super::client::{Client, Reply, Version};
use super::headers::{content_type, headers, is_of_type};
use super::meaning::{MAX_AFTER, accepted, failure};
use super::payload::Payload;
use super::tcp::checked;
use super::{Answer, Compression, Transport};
use crate::config::Endpoint;
use crate::{Error, Signal};

const PROTOBUF: &str = "application/x-protobuf";

pub(super) struct HttpProtobuf {
    client: Client,
    uri: Uri,
    headers: HeaderMap,
    compression: Compression,
}

impl HttpProtobuf {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        Ok(Self {
            client: Client::new(endpoint, Version::Http1)?,
            uri: checked(&endpoint.uri)?,
            headers: headers(&endpoint.headers, PROTOBUF),
            compression: Compression::new(endpoint)?,
        })
    }

    async fn attempt(&mut self, request: Bytes, deadline: Instant) -> Answer {
        let (body, encoding) = self.compression.encode(request);
        let mut request = Request::new(Payload::new(Bytes::new(), body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        if let Some(encoding) = encoding {
            request
                .headers_mut()
                .insert(header::CONTENT_ENCODING, encoding);
        }
        match self.client.exchange(request, deadline).await {
            Ok(reply) => answer(&reply, SystemTime::now()),
            Err(lost) if lost.mistaken => Answer::refused(format!(
                "{}; expected a port that speaks OTLP/HTTP (4318), not gRPC (4317)",
                lost.cause
            )),
            Err(lost) => lost.into(),
        }
    }
}

impl Transport for HttpProtobuf {
    fn export<'a>(
        &'a mut self,
        _: Signal, // the URL is the signal's
        request: Bytes,
        deadline: Instant,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(self.attempt(request, deadline))
    }
}

/// What a response means (OTLP/HTTP, "OTLP/HTTP Response").
pub(super) fn answer(reply: &Reply, now: SystemTime) -> Answer {
    let status = reply.status;
    if status.is_success() {
        return success(reply);
    }
    if status.is_redirection() {
        // Followed, it would take the headers, and so the credentials, to somebody else.
        let to = reply.headers.get(header::LOCATION);
        let to = to.map_or("nowhere".into(), |to| {
            String::from_utf8_lossy(to.as_bytes())
        });
        let to = format!("redirected to {to}, which is not followed");
        return failure(status, None, &to);
    }
    let after = retry_after(&reply.headers, now);
    failure(status, after, &said(reply))
}

fn success(reply: &Reply) -> Answer {
    if let Some(broken) = &reply.broken {
        return Answer::unknown(format!("{}, and {broken}", reply.status));
    }
    // Some collectors leave the body out, and some answer in JSON whatever they were asked in.
    if reply.body.is_empty() || is_of_type(&reply.headers, "application/json") {
        return accepted(&[]);
    }
    if is_of_type(&reply.headers, PROTOBUF) || !reply.headers.contains_key(header::CONTENT_TYPE) {
        return accepted(&reply.body);
    }
    // A web page, say: whoever answers is no collector.
    Answer::refused(format!(
        "{} with a body of {}; expected {PROTOBUF}",
        reply.status,
        content_type(&reply.headers)
    ))
}

/// What a failure's body says: a `google.rpc.Status`, or text.
fn said(reply: &Reply) -> String {
    #[derive(Clone, PartialEq, prost::Message)]
    struct Status {
        #[prost(string, tag = "2")]
        message: String,
    }

    let prefix = &reply.body[..reply.body.len().min(1024)];
    if is_of_type(&reply.headers, PROTOBUF) {
        let status = Status::decode(&*reply.body);
        status.map_or_else(|_| String::new(), |status| status.message)
    } else if is_of_type(&reply.headers, "text/html") {
        String::new() // of no use in one line
    } else {
        String::from_utf8_lossy(prefix).into_owned()
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). What is neither is not there.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let after = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a u64 has are a long time too.
        value.parse().map_or(MAX_AFTER, Duration::from_secs)
    } else {
        let date = httpdate::parse_http_date(value).ok()?;
        date.duration_since(now).unwrap_or(Duration::ZERO)
    };
    Some(after.min(MAX_AFTER))
}
