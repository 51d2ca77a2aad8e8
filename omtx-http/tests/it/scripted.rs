//! Any script of a handler and a body, dropped at any point: exactly one end, and the right one.

use crate::support::*;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Empty;
use omtx_http::{EndKind, ObserveLayer, RequestBody};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tower::{Layer, Service, service_fn};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Pending,
    Data(usize),
    Trailers,
    Error,
    Panic,
}

/// How the handler comes to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Respond(u16),
    Fail,
    Panic,
}

#[derive(Clone, Debug)]
struct Script {
    head: bool,
    pending: usize,
    outcome: Outcome,
    steps: Vec<Step>,
    /// Whether the body says by itself that it is at its end.
    knows_its_end: bool,
    /// A `content-length`, in bytes more or fewer than the body really has.
    declared: Option<i8>,
    /// Polls after which the caller drops whatever there is.
    patience: usize,
}

struct Scripted {
    steps: VecDeque<Step>,
    knows_its_end: bool,
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.steps.pop_front() {
            Some(Step::Pending) => Poll::Pending,
            Some(Step::Data(length)) => Poll::Ready(Some(data(vec![0; length]))),
            Some(Step::Trailers) => Poll::Ready(Some(Ok(Frame::trailers(HeaderMap::new())))),
            Some(Step::Error) => Poll::Ready(Some(Err("scripted".into()))),
            Some(Step::Panic) => std::panic::resume_unwind(Box::new("scripted")),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.knows_its_end && self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// What the specification says of a script, told a second time in the plainest way.
fn expected(script: &Script) -> (EndKind, u16) {
    let mut polls = 0;
    let mut poll = || {
        polls += 1;
        polls <= script.patience
    };
    for _ in 0..script.pending {
        if !poll() {
            return (EndKind::Cancelled, 499);
        }
    }
    if !poll() {
        return (EndKind::Cancelled, 499);
    }
    let status = match script.outcome {
        Outcome::Respond(status) => status,
        Outcome::Fail => return (EndKind::Error, 500),
        Outcome::Panic => return (EndKind::Panicked, 500),
    };
    let complete = (
        if status >= 500 {
            EndKind::Error
        } else {
            EndKind::Ok
        },
        status,
    );
    let declared = declared(script);
    if script.head
        || status == 204
        || status == 304
        || declared == Some(0)
        || (script.knows_its_end && script.steps.is_empty())
    {
        return complete;
    }
    let mut delivered = 0;
    for (index, step) in script.steps.iter().enumerate() {
        if !poll() {
            return (EndKind::Aborted, status);
        }
        match step {
            Step::Pending => {}
            Step::Data(length) => {
                delivered += length;
                let last = script.knows_its_end && index + 1 == script.steps.len();
                if last || declared.is_some_and(|declared| delivered >= declared) {
                    return complete;
                }
            }
            Step::Trailers => return complete,
            Step::Error => return (EndKind::BodyError, status),
            Step::Panic => return (EndKind::Panicked, 500),
        }
    }
    if poll() {
        complete
    } else {
        (EndKind::Aborted, status)
    }
}

fn length(script: &Script) -> usize {
    script
        .steps
        .iter()
        .map(|step| {
            if let Step::Data(length) = step {
                *length
            } else {
                0
            }
        })
        .sum()
}

fn declared(script: &Script) -> Option<usize> {
    script
        .declared
        .map(|off| length(script).saturating_add_signed(off.into()))
}

/// Plays the script as a server would, and drops everything when its patience is over.
fn play(script: &Script) -> Ended {
    let (recorder, mut ends) = recorder();
    let mut service =
        ObserveLayer::new(recorder).layer(service_fn(|_: Request<RequestBody<Empty<Bytes>>>| {
            let mut pending = script.pending;
            std::future::poll_fn(move |_| {
                if pending > 0 {
                    pending -= 1;
                    return Poll::Pending;
                }
                Poll::Ready(match script.outcome {
                    Outcome::Panic => std::panic::resume_unwind(Box::new("scripted")),
                    Outcome::Fail => Err("scripted"),
                    Outcome::Respond(status) => {
                        let body = Scripted {
                            steps: script.steps.clone().into(),
                            knows_its_end: script.knows_its_end,
                        };
                        let mut response = Response::builder().status(status);
                        if let Some(declared) = declared(script) {
                            response = response.header("content-length", declared);
                        }
                        Ok(response.body(body).unwrap())
                    }
                })
            })
        }));
    let mut request = Request::new(Empty::new());
    if script.head {
        *request.method_mut() = http::Method::HEAD;
    }
    let mut patience = script.patience;
    let mut spend = || {
        let left = patience > 0;
        patience = patience.saturating_sub(1);
        left
    };
    // A scripted panic is not the test's.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let mut cx = Context::from_waker(Waker::noop());
        let response = {
            let mut future = pin!(service.call(request));
            loop {
                if !spend() {
                    return;
                }
                match future.as_mut().poll(&mut cx) {
                    Poll::Pending => {}
                    Poll::Ready(Ok(response)) => break response,
                    Poll::Ready(Err(_)) => return,
                }
            }
        };
        let mut body = pin!(response.into_body());
        while spend() {
            if let Poll::Ready(None | Some(Err(_))) = body.as_mut().poll_frame(&mut cx) {
                return;
            }
        }
    }));
    drop(service);
    let ended = ends.now();
    ends.assert_no_more();
    ended
}

fn scripts() -> impl Strategy<Value = Script> {
    let step = prop_oneof![
        3 => Just(Step::Pending),
        5 => (0_usize..5).prop_map(Step::Data),
        1 => Just(Step::Trailers),
        1 => Just(Step::Error),
        1 => Just(Step::Panic),
    ];
    let outcome = prop_oneof![
        8 => prop::sample::select(vec![200, 201, 204, 206, 304, 404, 500, 503]).prop_map(Outcome::Respond),
        1 => Just(Outcome::Fail),
        1 => Just(Outcome::Panic),
    ];
    (
        prop::bool::weighted(0.1),
        0_usize..3,
        outcome,
        prop::collection::vec(step, 0..6),
        any::<bool>(),
        prop::option::weighted(0.3, -2_i8..3),
        prop_oneof![1 => 0_usize..10, 1 => Just(100)],
    )
        .prop_map(
            |(head, pending, outcome, steps, knows_its_end, declared, patience)| Script {
                head,
                pending,
                outcome,
                steps,
                knows_its_end,
                declared,
                patience,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_script_has_exactly_one_end_of_the_right_kind(script in scripts()) {
        let ended = play(&script);
        prop_assert_eq!((ended.end.kind(), ended.end.status()), expected(&script));
        prop_assert!(ended.first_bytes <= 1 && ended.heads <= 1);
        prop_assert_eq!(ended.first_bytes == 1, ended.end.response_bytes() > 0);
        prop_assert!(ended.end.response_bytes() <= length(&script) as u64);
        prop_assert!(ended.head_status.is_some() || needs_no_head(ended.end.kind()));
    }
}
