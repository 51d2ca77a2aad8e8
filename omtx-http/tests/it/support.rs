//! An observer that sends every end to the test, and servers to put it in.

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use omtx_http::{Class, End, EndKind, ObserveLayer, Observer, RequestBody, Slot};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tower::{Layer, service_fn};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Long enough for any machine: only a test that fails waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Sends every end over a channel.
pub(crate) struct Recorder {
    ends: mpsc::UnboundedSender<Ended>,
    counts: Arc<Counts>,
}

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) started: AtomicU64,
    pub(crate) ended: AtomicU64,
    pub(crate) in_flight: AtomicI64,
}

/// A request in flight, as a metric would hold it: counted down by the drop, whoever drops it.
pub(crate) struct InFlight {
    counts: Arc<Counts>,
    first_bytes: u32,
    heads: u32,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.counts.in_flight.fetch_sub(1, SeqCst);
    }
}

/// One end, with what the slot held at that time.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) method: &'static str,
    pub(crate) endpoint: String,
    pub(crate) class: Class,
    pub(crate) head_status: Option<u16>,
    pub(crate) first_bytes: u32,
    pub(crate) heads: u32,
    pub(crate) end: End,
}

impl Ended {
    pub(crate) fn summary(&self) -> String {
        format!("{} {} {}", self.method, self.end.status(), self.end.kind())
    }

    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.end.request_bytes(), self.end.response_bytes())
    }
}

pub(crate) struct Ends {
    ends: mpsc::UnboundedReceiver<Ended>,
    pub(crate) counts: Arc<Counts>,
}

pub(crate) fn recorder() -> (Recorder, Ends) {
    let (sender, ends) = mpsc::unbounded_channel();
    let counts = Arc::<Counts>::default();
    (
        Recorder {
            ends: sender,
            counts: Arc::clone(&counts),
        },
        Ends { ends, counts },
    )
}

impl Ends {
    pub(crate) async fn next(&mut self) -> Ended {
        tokio::time::timeout(PATIENCE, self.ends.recv())
            .await
            .expect("a request that was started has ended")
            .expect("the recorder is alive")
    }

    /// The next end is this one, and the books balance if it was the last.
    #[track_caller]
    pub(crate) fn now(&mut self) -> Ended {
        self.ends.try_recv().expect("the request has ended by now")
    }

    /// Whether every request that was started has ended, and its end has been read.
    #[cfg(feature = "axum")]
    pub(crate) fn is_balanced(&self) -> bool {
        self.ends.is_empty()
            && self.counts.started.load(SeqCst) == self.counts.ended.load(SeqCst)
            && self.counts.in_flight.load(SeqCst) == 0
    }

    #[track_caller]
    pub(crate) fn assert_no_more(&mut self) {
        if let Ok(ended) = self.ends.try_recv() {
            panic!("one more end: {ended:?}");
        }
        assert_eq!(
            self.counts.started.load(SeqCst),
            self.counts.ended.load(SeqCst)
        );
        assert_eq!(self.counts.in_flight.load(SeqCst), 0);
    }
}

impl Observer for Recorder {
    type State = InFlight;

    fn on_request<B>(&self, _: &mut Request<B>, _: &mut Slot) -> InFlight {
        self.counts.started.fetch_add(1, SeqCst);
        self.counts.in_flight.fetch_add(1, SeqCst);
        InFlight {
            counts: Arc::clone(&self.counts),
            first_bytes: 0,
            heads: 0,
        }
    }

    fn on_response<B>(&self, state: &mut InFlight, _: &mut Response<B>, _: &mut Slot) {
        state.heads += 1;
    }

    fn on_first_byte(&self, state: &mut InFlight, slot: &mut Slot) {
        assert_eq!(
            slot.response_bytes(),
            0,
            "the first byte is announced before it is counted"
        );
        state.first_bytes += 1;
    }

    fn on_end(&self, state: InFlight, slot: &mut Slot, end: &End) {
        self.counts.ended.fetch_add(1, SeqCst);
        let (first_bytes, heads) = (state.first_bytes, state.heads);
        // The gauge is down before the test hears of the end.
        drop(state);
        let _ = self.ends.send(Ended {
            method: slot.method().as_str(),
            endpoint: slot.endpoint().as_str().to_owned(),
            class: slot.class(),
            head_status: slot.status().map(|status| status.as_u16()),
            first_bytes,
            heads,
            end: end.clone(),
        });
    }
}

pub(crate) type Reply = UnsyncBoxBody<Bytes, BoxError>;
pub(crate) type Incoming1 = Request<RequestBody<Incoming>>;

pub(crate) fn full(bytes: impl Into<Bytes>) -> Reply {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

pub(crate) fn empty() -> Reply {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body of these frames, one a poll; then it pends for ever if `open`.
pub(crate) fn frames(frames: Vec<Result<Frame<Bytes>, BoxError>>, open: bool) -> Reply {
    use futures_util::{StreamExt, stream};
    let tail = if open {
        stream::pending().left_stream()
    } else {
        stream::empty().right_stream()
    };
    StreamBody::new(stream::iter(frames).chain(tail)).boxed_unsync()
}

pub(crate) fn data(bytes: impl Into<Bytes>) -> Result<Frame<Bytes>, BoxError> {
    Ok(Frame::data(bytes.into()))
}

/// A service of hyper's own bodies, observed, behind a real socket. Speaks HTTP/1 and HTTP/2.
pub(crate) async fn serve<H, F>(recorder: Recorder, handler: H) -> SocketAddr
where
    H: Fn(Incoming1) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<Reply>, BoxError>> + Send + 'static,
{
    let service = ObserveLayer::new(recorder).layer(service_fn(handler));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                // An error is what most of these tests provoke.
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection_with_upgrades(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

/// Sends `request` as it stands and returns the open connection.
pub(crate) async fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Reads until `mark` has been seen.
pub(crate) async fn read_until(stream: &mut TcpStream, mark: &str) -> String {
    let mut seen = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&seen).contains(mark) {
            assert_ne!(
                stream.read_buf(&mut seen).await.unwrap(),
                0,
                "the server closed before {mark:?}"
            );
        }
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("the server sends what the test waits for");
    String::from_utf8(seen).unwrap()
}

/// Reads a body to its end and returns how much it held.
pub(crate) async fn drain<B: Body + Unpin>(body: &mut B) -> Result<u64, B::Error> {
    use bytes::Buf;
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            bytes += data.remaining() as u64;
        }
    }
    Ok(bytes)
}

/// The kinds are what most tests ask for.
#[track_caller]
pub(crate) fn check(ended: &Ended, summary: &str) {
    assert_eq!(ended.summary(), summary, "{ended:?}");
}

/// Whether an end of this kind may come before a response head.
pub(crate) fn needs_no_head(kind: EndKind) -> bool {
    matches!(
        kind,
        EndKind::Cancelled | EndKind::Panicked | EndKind::Error
    )
}

/// Drops `work` in a panic's unwind and makes sure that the same panic comes out.
#[track_caller]
pub(crate) fn drop_in_an_unwind<T>(work: T) {
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _dropped_in_the_unwind = work;
        panic!("the first");
    }));
    assert_eq!(
        *unwound.unwrap_err().downcast::<&str>().unwrap(),
        "the first"
    );
}
