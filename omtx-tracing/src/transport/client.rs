//! One HTTP exchange with a collector: what was sent, and what came back.

use std::error::Error as _;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::TokioTimer;

use super::Answer;
use super::meaning::chain;
use super::payload::Payload;
use super::tasks::Tasks;
use super::tcp::{self, Connector};
use crate::Error;
use crate::config::Endpoint;

/// A response body beyond this is not read: a collector's is a few bytes.
pub(super) const MAX_RESPONSE: usize = 256 << 10;

/// What HTTP/2 lets a peer send unread, and how long a head of HTTP/1.1 may be. The usual megabytes are for downloads.
const RECEIVE_WINDOW: u32 = 64 << 10;

/// HTTP/1.1 connections that were idle this long are not used again: many servers and balancers close them after 60 s, and a
/// request that meets the close is lost in between.
#[cfg(feature = "http-protobuf")]
const HTTP1_IDLE: std::time::Duration = std::time::Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    #[cfg(feature = "http-protobuf")]
    Http1,
    #[cfg(feature = "grpc")]
    Http2,
}

impl Version {
    fn is_http2(self) -> bool {
        match self {
            #[cfg(feature = "http-protobuf")]
            Self::Http1 => false,
            #[cfg(feature = "grpc")]
            Self::Http2 => true,
        }
    }
}

/// Connections to one collector, made when they are needed and kept while they work.
pub(super) struct Client {
    connector: Connector,
    version: Version,
    pool: Pool<Connector, Payload>,
    tasks: Tasks,
}

/// A response, complete or not.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// What had come when it was over.
    pub(super) body: Bytes,
    pub(super) trailers: Option<HeaderMap>,
    /// Why the body is not complete.
    pub(super) broken: Option<String>,
}

/// No response.
#[derive(Debug)]
pub(super) struct Lost {
    /// Whether a part of the request may have reached the collector.
    pub(super) sent: bool,
    pub(super) cause: String,
    /// Whether the server seems to speak another version of HTTP.
    pub(super) mistaken: bool,
}

impl From<Lost> for Answer {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost {
                sent: true, cause, ..
            } => Self::unknown(cause),
            Lost {
                sent: false, cause, ..
            } => Self::Retry { after: None, cause },
        }
    }
}

impl Client {
    pub(super) fn new(endpoint: &Endpoint, version: Version) -> Result<Self, Error> {
        let connector = tcp::connector(endpoint, version)?;
        let tasks = Tasks::default();
        Ok(Self {
            pool: pool(&connector, version, &tasks),
            tasks,
            connector,
            version,
        })
    }

    /// Sends a request and reads its response, until `deadline`.
    pub(super) async fn exchange(
        &mut self,
        request: Request<Payload>,
        deadline: Instant,
    ) -> Result<Reply, Lost> {
        let sent = request.body().sent();
        let response = tokio::time::timeout_at(deadline.into(), self.pool.request(request)).await;
        let lost = match response {
            Ok(Ok(response)) => {
                let reply = read(response, deadline).await;
                if reply.broken.is_some() {
                    self.renew();
                }
                return Ok(reply);
            }
            Ok(Err(error)) => lost(&error, sent.get(), self.version),
            Err(_) if sent.get() => Lost {
                sent: true,
                cause: "no answer in time".to_owned(),
                mistaken: false,
            },
            Err(_) => Lost {
                sent: false,
                cause: "no connection in time".to_owned(),
                mistaken: false,
            },
        };
        self.renew();
        Err(lost)
    }

    /// The next request gets a new connection. One without an answer may be one to a machine that is gone; nothing but a
    /// timeout tells, and with HTTP/2 all later requests would wait on it as well. (Pings tell too, but servers close connections
    /// that send more than one in five minutes: grpc-go, `keepalive.EnforcementPolicy`.)
    fn renew(&mut self) {
        self.tasks.abort();
        self.tasks = Tasks::default();
        self.pool = pool(&self.connector, self.version, &self.tasks);
    }
}

/// A connection's task knows the others, to begin more of them: none would be dropped with the last handle.
impl Drop for Client {
    fn drop(&mut self) {
        self.tasks.abort();
    }
}

fn pool(connector: &Connector, version: Version, tasks: &Tasks) -> Pool<Connector, Payload> {
    let mut builder = Pool::builder(tasks.clone());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new());
    match version {
        #[cfg(feature = "http-protobuf")]
        Version::Http1 => builder
            .http1_max_buf_size(RECEIVE_WINDOW as usize)
            .pool_idle_timeout(HTTP1_IDLE),
        // Stays: its end is a frame that no request can cross unnoticed, and TCP's keep-alive finds a dead peer.
        #[cfg(feature = "grpc")]
        Version::Http2 => builder
            .http2_only(true)
            .http2_initial_stream_window_size(RECEIVE_WINDOW)
            .http2_initial_connection_window_size(RECEIVE_WINDOW)
            .pool_idle_timeout(None),
    };
    builder.build(connector.clone())
}

async fn read(response: http::Response<Incoming>, deadline: Instant) -> Reply {
    let (head, mut body) = response.into_parts();
    let mut reply = Reply {
        status: head.status,
        headers: head.headers,
        body: Bytes::new(),
        trailers: None,
        broken: None,
    };
    let mut read = BytesMut::new();
    loop {
        let frame = match tokio::time::timeout_at(deadline.into(), body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => {
                reply.broken = Some(format!("the response broke off: {}", chain(&error)));
                break;
            }
            Err(_) => {
                reply.broken = Some("the response did not end in time".to_owned());
                break;
            }
        };
        match frame.into_data() {
            Ok(data) if read.len() + data.len() > MAX_RESPONSE => {
                reply.broken = Some(format!("the response is longer than {MAX_RESPONSE} bytes"));
                break;
            }
            Ok(data) => read.extend_from_slice(&data),
            Err(frame) => reply.trailers = frame.into_trailers().ok(),
        }
    }
    reply.body = read.freeze();
    reply
}

fn lost(error: &hyper_util::client::legacy::Error, sent: bool, version: Version) -> Lost {
    let mut lost = Lost {
        sent,
        // Its own words are "client error (SendRequest)".
        cause: error.source().map_or_else(|| chain(error), chain),
        // Connected, and closed at the first bytes.
        mistaken: version.is_http2() && !sent && !error.is_connect(),
    };
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        #[cfg(feature = "http-protobuf")]
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            lost.mistaken |= error.is_parse_version_h2();
        }
        #[cfg(feature = "grpc")]
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            // RFC 9113, 8.7: "the stream is being closed prior to any processing having occurred".
            if error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM) {
                lost.sent = false;
            }
            // Text where frames should be.
            lost.mistaken |= error.is_library() && error.reason().is_some();
        }
        source = error.source();
    }
    lost
}
