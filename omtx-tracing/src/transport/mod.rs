//! How a request gets to a collector, and what the answer means.
//!
//! ```text
//! client.rs    one HTTP exchange: what was sent, what came back       payload.rs   a body that knows whether it was sent
//! tcp.rs       connections, through a proxy if there is one           tls.rs       certificates
//! tasks.rs     what runs behind connections, and ends with them
//! answer.rs    what became of an attempt         meaning.rs   what OTLP means by a response     gzip.rs headers.rs
//! tee.rs       a collector and the console at once
//! grpc/        HTTP/2 and trailers      http_protobuf.rs   HTTP/1.1 and status codes      stdout/   lines for a developer
//! ```

mod answer;
#[cfg(any(feature = "grpc", feature = "http-protobuf"))]
mod client;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(any(feature = "grpc", feature = "http-protobuf"))]
mod headers;
#[cfg(feature = "http-protobuf")]
mod http_protobuf;
#[cfg(any(feature = "grpc", feature = "http-protobuf"))]
mod meaning;
#[cfg(any(feature = "grpc", feature = "http-protobuf"))]
mod payload;
#[cfg(test)]
mod start;
mod stdout;
#[cfg(any(feature = "grpc", feature = "http-protobuf"))]
mod tasks;
#[cfg(any(feature = "grpc", feature = "http-protobuf"))]
mod tcp;
mod tee;
#[cfg(all(test, feature = "grpc", feature = "http-protobuf"))]
mod tests;
#[cfg(all(feature = "tls", any(feature = "grpc", feature = "http-protobuf")))]
mod tls;

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use bytes::Bytes;

pub(crate) use answer::Answer;
pub(crate) use stdout::Stdout;
pub(crate) use tee::connect_all;

use crate::config::{Endpoint, Protocol};
use crate::{Error, Signal};

/// Takes encoded `Export…ServiceRequest` messages to a collector. Lives on the exporter's own thread and runtime.
pub(crate) trait Transport: Send {
    /// One attempt, over at `deadline`. It neither retries nor counts: that is the exporter's part.
    ///
    /// Dropping the future abandons the attempt; the collector may have taken it. Names are resolved on the runtime's blocking
    /// threads, so that a runtime that is dropped, rather than shut down in the background, waits for a resolver that hangs.
    fn export<'a>(
        &'a mut self,
        signal: Signal,
        request: Bytes,
        deadline: Instant,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;
}

/// The transport that an endpoint asks for. It connects when it has something to send, so that a collector that is away is
/// not an error; may be called outside of a runtime.
///
/// # Errors
///
/// If the build lacks what the endpoint asks for, if its URL has no host or holds credentials, or if its PEM files cannot be
/// used.
pub(crate) fn connect(endpoint: &Endpoint) -> Result<Box<dyn Transport>, Error> {
    match endpoint.protocol {
        Protocol::Grpc => grpc(endpoint),
        Protocol::HttpProtobuf => http_protobuf(endpoint),
        Protocol::Stdout => Ok(Box::new(Stdout::default())),
    }
}

#[cfg(feature = "grpc")]
fn grpc(endpoint: &Endpoint) -> Result<Box<dyn Transport>, Error> {
    Ok(Box::new(grpc::Grpc::new(endpoint)?))
}

#[cfg(not(feature = "grpc"))]
fn grpc(_: &Endpoint) -> Result<Box<dyn Transport>, Error> {
    Err(Error::unsupported("the protocol \"grpc\"", "grpc"))
}

#[cfg(feature = "http-protobuf")]
fn http_protobuf(endpoint: &Endpoint) -> Result<Box<dyn Transport>, Error> {
    Ok(Box::new(http_protobuf::HttpProtobuf::new(endpoint)?))
}

#[cfg(not(feature = "http-protobuf"))]
fn http_protobuf(_: &Endpoint) -> Result<Box<dyn Transport>, Error> {
    Err(Error::unsupported(
        "the protocol \"http/protobuf\"",
        "http-protobuf",
    ))
}

/// What this build does to a request body.
#[cfg(any(feature = "grpc", feature = "http-protobuf"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    None,
    #[cfg(feature = "gzip")]
    Gzip,
}

#[cfg(any(feature = "grpc", feature = "http-protobuf"))]
impl Compression {
    fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        match endpoint.gzip {
            false => Ok(Self::None),
            #[cfg(feature = "gzip")]
            true => Ok(Self::Gzip),
            #[cfg(not(feature = "gzip"))]
            true => Err(Error::unsupported("the compression \"gzip\"", "gzip")),
        }
    }

    /// The body, and the name of its coding if it has one.
    fn encode(self, body: Bytes) -> (Bytes, Option<http::HeaderValue>) {
        match self {
            Self::None => (body, None),
            #[cfg(feature = "gzip")]
            Self::Gzip => (
                gzip::encode(&body),
                Some(http::HeaderValue::from_static("gzip")),
            ),
        }
    }
}
