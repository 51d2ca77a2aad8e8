//! Jobs: exactly one end, whatever happens.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use omtx_context::testing::{JobRecorder, ManualClock};
use omtx_context::{
    Failure, JobEnd, JobHandle, JobInfo, JobObserver, JobSpec, Jobs, MAX_LABEL_LEN, Scope, SpanId,
    TraceContext, TraceFlags, TraceId, stage,
};
use proptest::prelude::*;

fn recorded() -> (JobRecorder, Jobs<JobRecorder>) {
    let recorder = JobRecorder::default();
    (recorder.clone(), Jobs::new(recorder))
}

fn spec() -> JobSpec {
    JobSpec::new("kmer").id("j")
}

fn panic_now() {
    resume_unwind(Box::new("no message on stderr"));
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn a_future_that_returns_ok_completes() {
    let (recorder, jobs) = recorded();
    let out = jobs.submit(spec()).run(async { Ok::<_, ()>(42) }).await;
    assert_eq!(out, Ok(42));
    assert_eq!(recorder.take(), ["j submit", "j start", "j end completed"]);
}

#[tokio::test]
async fn a_future_that_returns_an_error_fails_with_its_reason() {
    let (recorder, jobs) = recorded();
    let _ = jobs
        .submit(spec())
        .run_with(async { Err::<(), _>("late") }, |_| "timeout")
        .await;
    let _ = jobs
        .submit(spec())
        .run_with(async { Err::<(), _>("stop") }, |_| Failure::Cancelled)
        .await;
    let ends: Vec<_> = recorder
        .take()
        .into_iter()
        .filter(|line| line.contains("end"))
        .collect();
    assert_eq!(ends, ["j end failed(timeout)", "j end cancelled"]);
}

#[tokio::test]
async fn a_panic_is_reported_and_goes_on() {
    let (recorder, jobs) = recorded();
    let job = jobs.submit(spec());
    let task = tokio::spawn(job.run(async {
        tokio::task::yield_now().await;
        panic_now();
        Ok::<_, ()>(())
    }));
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(
        recorder.take(),
        ["j submit", "j start", "j end panicked(panic)"]
    );
}

#[test]
fn a_classifier_that_panics_is_a_panic_of_the_job() {
    let (recorder, jobs) = recorded();
    let out = catch_unwind(AssertUnwindSafe(|| {
        jobs.submit(spec()).run_blocking_with(
            || Err::<(), _>(()),
            |()| {
                panic_now();
                "unreachable"
            },
        )
    }));
    assert!(out.is_err());
    assert_eq!(recorder.take().last().unwrap(), "j end panicked(panic)");
}

#[test]
fn a_job_that_never_started_is_cancelled_when_dropped() {
    let (recorder, jobs) = recorded();
    drop(jobs.submit(spec()));
    drop(jobs.submit(spec()).run(async { Ok::<_, ()>(()) }));
    assert_eq!(
        recorder.take(),
        ["j submit", "j end cancelled", "j submit", "j end cancelled"]
    );
}

#[test]
fn a_run_that_is_dropped_half_way_is_cancelled_even_while_another_panic_unwinds() {
    let (recorder, jobs) = recorded();
    let mut run = Box::pin(
        jobs.submit(spec())
            .run(std::future::pending::<Result<(), ()>>()),
    );
    assert!(poll_once(run.as_mut()).is_pending());
    let out = catch_unwind(AssertUnwindSafe(move || {
        let _run = run;
        panic_now();
    }));
    assert!(out.is_err());
    assert_eq!(recorder.take(), ["j submit", "j start", "j end cancelled"]);
}

#[test]
fn a_destructor_that_panics_while_the_run_is_dropped_is_a_panic() {
    struct PanicsWhenDropped;
    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic_now();
        }
    }
    let (recorder, jobs) = recorded();
    let bomb = PanicsWhenDropped;
    let mut run = Box::pin(jobs.submit(spec()).run(async move {
        let _bomb = bomb;
        std::future::pending::<Result<(), ()>>().await
    }));
    assert!(poll_once(run.as_mut()).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(move || drop(run))).is_err());
    assert_eq!(recorder.take().last().unwrap(), "j end panicked(panic)");
}

#[test]
fn blocking_work_ends_like_a_future() {
    let (recorder, jobs) = recorded();
    assert_eq!(jobs.submit(spec()).run_blocking(|| Ok::<_, ()>(1)), Ok(1));
    assert_eq!(jobs.submit(spec()).run_blocking(|| Err::<(), _>(2)), Err(2));
    let panicking = || {
        jobs.submit(spec()).run_blocking(|| {
            panic_now();
            Ok::<_, ()>(())
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
    let ends: Vec<_> = recorder
        .take()
        .into_iter()
        .filter(|line| line.contains("end"))
        .collect();
    assert_eq!(
        ends,
        [
            "j end completed",
            "j end failed(error)",
            "j end panicked(panic)"
        ]
    );
}

#[test]
fn a_job_begun_by_hand_ends_as_told_or_as_it_is_dropped() {
    let (recorder, jobs) = recorded();
    let begin = || jobs.submit(spec()).begin();
    begin().succeed();
    begin().fail("bad_input");
    begin().cancel();
    drop(begin());
    let unwinding = || {
        let _job = begin();
        panic_now();
    };
    assert!(catch_unwind(AssertUnwindSafe(unwinding)).is_err());
    let ends: Vec<_> = recorder
        .take()
        .into_iter()
        .filter(|line| line.contains("end"))
        .collect();
    assert_eq!(
        ends,
        [
            "j end completed",
            "j end failed(bad_input)",
            "j end cancelled",
            "j end cancelled",
            "j end panicked(panic)"
        ],
    );
}

#[test]
fn a_job_begun_and_dropped_while_an_older_panic_unwinds_is_cancelled() {
    struct BeginsWhenDropped(Jobs<JobRecorder>);
    impl Drop for BeginsWhenDropped {
        fn drop(&mut self) {
            drop(self.0.submit(spec()).begin());
        }
    }
    let (recorder, jobs) = recorded();
    let unwinding = || {
        let _begins = BeginsWhenDropped(jobs);
        panic_now();
    };
    assert!(catch_unwind(AssertUnwindSafe(unwinding)).is_err());
    assert_eq!(recorder.take(), ["j submit", "j start", "j end cancelled"]);
}

#[tokio::test]
async fn stages_come_from_the_scope_wherever_it_is_carried() {
    let (recorder, jobs) = recorded();
    let work = async {
        stage("parse");
        let counting = Scope::current().unwrap().wrap(|| stage("count"));
        tokio::task::spawn_blocking(counting).await.unwrap();
        Ok::<_, ()>(())
    };
    jobs.submit(spec()).run(work).await.unwrap();
    stage("outside a job: nothing");
    assert_eq!(
        recorder.take(),
        [
            "j submit",
            "j start",
            "j stage parse",
            "j stage count",
            "j end completed in count"
        ],
    );
}

#[test]
fn a_handle_does_nothing_after_the_end() {
    let (recorder, jobs) = recorded();
    let running = jobs.submit(spec()).begin();
    let handle = running.handle();
    assert_eq!(handle.info().unwrap().id(), "j");
    running.succeed();
    handle.stage("too late");
    assert!(handle.info().is_none());
    assert_eq!(recorder.take(), ["j submit", "j start", "j end completed"]);
}

#[test]
fn an_inner_job_is_the_current_one_inside_and_the_outer_one_is_after_it() {
    let (_, jobs) = recorded();
    let id = || {
        JobHandle::current()
            .unwrap()
            .info()
            .unwrap()
            .id()
            .to_owned()
    };
    let out = jobs.submit(JobSpec::new("outer").id("o")).run_blocking(|| {
        let inner = jobs
            .submit(JobSpec::new("inner").id("i"))
            .run_blocking(|| Ok::<_, ()>(id()))?;
        Ok::<_, ()>((inner, id()))
    });
    assert_eq!(out.unwrap(), ("i".to_owned(), "o".to_owned()));
}

#[test]
fn a_job_takes_scope_user_and_trace_from_where_it_is_submitted_to_where_it_runs() {
    let trace = TraceContext::new(
        TraceId::new(1).unwrap(),
        SpanId::new(2).unwrap(),
        TraceFlags::SAMPLED,
    );
    let request = Scope::root()
        .with("request_id", "r-1")
        .with("user_id", "u-7")
        .build();
    let jobs = Jobs::new(());
    let job = request.in_scope(|| trace.in_scope(|| jobs.submit(spec())));
    assert_eq!(job.info().user(), Some("u-7"));
    let thread = std::thread::spawn(move || {
        job.run_blocking(|| {
            assert_eq!(TraceContext::current(), Some(trace));
            Ok::<_, ()>(format!("{:?}", Scope::current().unwrap()))
        })
    });
    assert_eq!(
        thread.join().unwrap().unwrap(),
        r#"{"request_id": "r-1", "user_id": "u-7", "job_id": "j", "job_type": "kmer"}"#,
    );
}

#[test]
fn labels_are_bounded_and_ids_are_made_up_where_none_is_given() {
    let jobs = Jobs::new(());
    let long = jobs.submit(JobSpec::new("t".repeat(500)).queue("q".repeat(500)));
    assert_eq!(long.info().job_type().len(), MAX_LABEL_LEN);
    assert_eq!(long.info().queue().unwrap().len(), MAX_LABEL_LEN);
    assert_eq!(jobs.submit(JobSpec::new("")).info().job_type(), "unknown");
    let other = jobs.submit(JobSpec::new("kmer"));
    assert_eq!(other.info().id().len(), 16);
    assert_ne!(long.info().id(), other.info().id());
}

struct Ends(std::sync::Mutex<Vec<JobEnd>>);

impl JobObserver for Ends {
    type State = ();
    fn on_submit(&self, _: &JobInfo) {}
    fn on_end(&self, (): &(), _: &JobInfo, end: &JobEnd) {
        self.0.lock().unwrap().push(*end);
    }
}

#[test]
fn times_are_those_of_the_clock() {
    let (clock, ends) = (
        ManualClock::default(),
        std::sync::Arc::new(Ends(Default::default())),
    );
    let jobs = Jobs::new(ends.clone()).with_clock(clock.reader());
    let seconds = |n| clock.advance(Duration::from_secs(n));

    let never_started = jobs.submit(spec());
    seconds(1);
    drop(never_started);

    let job = jobs.submit(spec());
    seconds(2);
    let job = job.begin();
    seconds(3);
    job.stage("parse");
    seconds(4);
    job.stage("count");
    seconds(5);
    job.succeed();

    let ends = ends.0.lock().unwrap();
    let s = Duration::from_secs;
    assert_eq!(
        (ends[0].queued, ends[0].run, ends[0].stage),
        (s(1), None, None)
    );
    assert_eq!((ends[1].queued, ends[1].run), (s(2), Some(s(12))));
    assert_eq!(
        ends[1].stage.map(|stage| (stage.name, stage.elapsed)),
        Some(("count", s(5)))
    );
}

/// What one poll of the job's work does.
#[derive(Clone, Copy, Debug)]
enum Poll1 {
    Wait,
    Stage,
    Succeed,
    Fail,
    Panic,
}

struct Script(std::vec::IntoIter<Poll1>);

impl Future for Script {
    type Output = Result<(), ()>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.0.next() {
            None | Some(Poll1::Wait) => Poll::Pending,
            Some(Poll1::Stage) => {
                stage("s");
                Poll::Pending
            }
            Some(Poll1::Succeed) => Poll::Ready(Ok(())),
            Some(Poll1::Fail) => Poll::Ready(Err(())),
            Some(Poll1::Panic) => resume_unwind(Box::new(())),
        }
    }
}

proptest! {
    #[test]
    fn dropped_at_any_poll_a_job_ends_exactly_once(
        script in prop::collection::vec(
            prop_oneof![
                4 => Just(Poll1::Wait),
                2 => Just(Poll1::Stage),
                1 => Just(Poll1::Succeed),
                1 => Just(Poll1::Fail),
                1 => Just(Poll1::Panic),
            ],
            0..8,
        ),
        polls in 0..10_usize,
    ) {
        let (recorder, jobs) = recorded();
        let last = script.iter().take(polls).find(|step| !matches!(step, Poll1::Wait | Poll1::Stage)).copied();
        {
            let mut run = pin!(jobs.submit(spec()).run(Script(script.into_iter())));
            for _ in 0..polls {
                match catch_unwind(AssertUnwindSafe(|| poll_once(run.as_mut()))) {
                    Ok(Poll::Pending) => {}
                    Ok(Poll::Ready(_)) | Err(_) => break,
                }
            }
        }
        let lines = recorder.take();
        let ends: Vec<_> = lines.iter().filter(|line| line.contains(" end ")).collect();
        prop_assert_eq!(ends.len(), 1, "{:?}", lines);
        prop_assert!(lines.last().unwrap().contains(" end "), "nothing follows the end: {:?}", lines);
        let expected = match last {
            Some(Poll1::Succeed) => "completed",
            Some(Poll1::Fail) => "failed(error)",
            Some(Poll1::Panic) => "panicked(panic)",
            _ => "cancelled",
        };
        prop_assert!(ends[0].contains(expected), "{:?}", lines);
        prop_assert!(Scope::current().is_none());
    }
}
