//! Observers that panic or meddle, and work that panics as it goes: every job still has its one end.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use omtx_context::testing::JobRecorder;
use omtx_context::{
    JobEnd, JobInfo, JobObserver, JobSpec, Jobs, Losses, RunningJob, Scope, StageTime, stage,
};

use crate::observers::{Log, Named, log};

/// Panics in the hook of this name.
struct Breaks(&'static str);

impl Breaks {
    fn at(&self, hook: &str) {
        if self.0 == hook {
            resume_unwind(Box::new("no message on stderr"));
        }
    }
}

impl JobObserver for Breaks {
    type State = ();

    fn on_submit(&self, _: &JobInfo) {
        self.at("submit");
    }

    fn on_start(&self, (): &mut (), _: &JobInfo, _: Duration) {
        self.at("start");
    }

    fn on_stage(&self, (): &(), _: &JobInfo, _: Option<StageTime>, _: &'static str) {
        self.at("stage");
    }

    fn on_end(&self, (): &(), _: &JobInfo, _: &JobEnd) {
        self.at("end");
    }

    fn in_scope<R>(&self, (): &(), _: &JobInfo, f: impl FnOnce() -> R) -> R {
        self.at("in_scope");
        f()
    }
}

#[track_caller]
fn check_broken(hook: &'static str, panics: bool, expected: &[&str]) {
    for after in [false, true] {
        let recorder = JobRecorder::default();
        let (first, last) = if after {
            (None, Some(recorder.clone()))
        } else {
            (Some(recorder.clone()), None)
        };
        let jobs = Jobs::new((first, Breaks(hook), last));
        let out = catch_unwind(AssertUnwindSafe(|| {
            let job = jobs.submit(JobSpec::new("kmer").id("j")).begin();
            job.stage("s");
            job.succeed();
        }));
        assert_eq!(out.is_err(), panics);
        // Who comes after an observer that breaks in `on_submit` never hears of the job.
        let expected = if after && hook == "submit" {
            &[]
        } else {
            expected
        };
        assert_eq!(recorder.take(), expected, "recorder after: {after}");
    }
}

#[test]
fn an_observer_that_panics_costs_no_other_its_end() {
    check_broken(
        "none",
        false,
        &["j submit", "j start", "j stage s", "j end completed in s"],
    );
    check_broken("submit", true, &["j submit", "j end panicked(panic)"]);
    check_broken(
        "start",
        true,
        &["j submit", "j start", "j end panicked(panic)"],
    );
    check_broken(
        "stage",
        true,
        &[
            "j submit",
            "j start",
            "j stage s",
            "j end panicked(panic) in s",
        ],
    );
    check_broken(
        "end",
        false,
        &["j submit", "j start", "j stage s", "j end completed in s"],
    );
}

#[test]
fn an_observer_that_cannot_be_entered_costs_the_work_but_not_the_end() {
    let recorder = JobRecorder::default();
    let jobs = Jobs::new((recorder.clone(), Breaks("in_scope")));
    let job = jobs.submit(JobSpec::new("kmer").id("j"));
    let out = catch_unwind(AssertUnwindSafe(|| job.run_blocking(|| Ok::<_, ()>(()))));
    assert!(out.is_err());
    assert_eq!(
        recorder.take(),
        ["j submit", "j start", "j end panicked(panic)"]
    );
}

/// Drops `work` while a panic unwinds, and says whether that panic is the one that came out.
fn dropped_in_an_unwind<T>(work: T) -> bool {
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _dropped_in_the_unwind = work;
        resume_unwind(Box::new("the first"));
    }));
    unwound
        .unwrap_err()
        .downcast::<&str>()
        .is_ok_and(|payload| *payload == "the first")
}

/// Behaves until it is told to break; its panics have a payload whose own destructor panics.
#[derive(Default)]
struct BreaksLater {
    stage_only: AtomicBool,
    everywhere: AtomicBool,
}

struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        resume_unwind(Box::new("from the payload"));
    }
}

impl BreaksLater {
    fn throw_if(&self, told: bool) {
        if told {
            resume_unwind(Box::new(Grenade));
        }
    }
}

impl JobObserver for BreaksLater {
    type State = ();

    fn on_submit(&self, _: &JobInfo) {}

    fn on_stage(&self, (): &(), _: &JobInfo, _: Option<StageTime>, _: &'static str) {
        self.throw_if(self.stage_only.load(Relaxed) || self.everywhere.load(Relaxed));
    }

    fn on_end(&self, (): &(), _: &JobInfo, _: &JobEnd) {
        self.throw_if(self.everywhere.load(Relaxed));
    }

    fn in_scope<R>(&self, (): &(), _: &JobInfo, f: impl FnOnce() -> R) -> R {
        self.throw_if(self.everywhere.load(Relaxed));
        f()
    }
}

/// Notes whether the job's scope is current when it is dropped.
struct NotesScope(Log);

impl Drop for NotesScope {
    fn drop(&mut self) {
        let job = Scope::current().and_then(|scope| scope.get("job_id"));
        self.0.lock().unwrap().push(format!("dropped in {job:?}"));
    }
}

#[test]
fn an_observer_that_breaks_while_a_run_is_dropped_in_an_unwind_does_not_abort() {
    let (recorder, broken, log) = (
        JobRecorder::default(),
        Arc::new(BreaksLater::default()),
        log(),
    );
    let jobs = Jobs::new((broken.clone(), recorder.clone(), broken.clone()));
    let local = NotesScope(log.clone());
    let mut run = Box::pin(jobs.submit(JobSpec::new("kmer").id("j")).run(async move {
        let _local = local;
        pending::<Result<(), ()>>().await
    }));
    assert!(
        run.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    broken.everywhere.store(true, Relaxed);
    assert!(dropped_in_an_unwind(run));
    assert_eq!(
        recorder.take(),
        ["j submit", "j start", "j end panicked(panic)"]
    );
    assert_eq!(log.lock().unwrap().len(), 1, "the future is dropped once");
    assert!(
        log.lock().unwrap()[0].contains("Some"),
        "inside the job's scope: {log:?}"
    );
}

#[test]
fn payloads_that_panic_when_dropped_cost_no_other_observer_its_calls() {
    let (recorder, broken) = (JobRecorder::default(), Arc::new(BreaksLater::default()));
    let jobs = Jobs::new((
        (recorder.clone(), broken.clone()),
        broken.clone(),
        recorder.clone(),
    ));
    let job = jobs.submit(JobSpec::new("kmer").id("j")).begin();
    drop(recorder.take());
    broken.stage_only.store(true, Relaxed);
    let staged = catch_unwind(AssertUnwindSafe(|| job.stage("s")));
    std::mem::forget(staged.expect_err("the first one's panic goes on"));
    assert_eq!(recorder.take(), ["j stage s", "j stage s"]);
    broken.everywhere.store(true, Relaxed);
    drop(job);
    assert_eq!(
        recorder.take(),
        ["j end cancelled in s", "j end cancelled in s"]
    );
}

#[test]
fn a_stage_whose_hook_breaks_in_an_unwind_does_not_abort() {
    struct StageWhenDropped(RunningJob<(Arc<BreaksLater>, JobRecorder)>);
    impl Drop for StageWhenDropped {
        fn drop(&mut self) {
            self.0.stage("cleanup");
        }
    }
    let (recorder, broken) = (JobRecorder::default(), Arc::new(BreaksLater::default()));
    let job = Jobs::new((broken.clone(), recorder.clone())).submit(JobSpec::new("kmer").id("j"));
    let job = StageWhenDropped(job.begin());
    broken.everywhere.store(true, Relaxed);
    assert!(dropped_in_an_unwind(job));
    assert_eq!(
        recorder.take().last().unwrap(),
        "j end panicked(panic) in cleanup"
    );
}

#[test]
fn a_run_that_was_never_polled_drops_its_future_in_the_scope_and_then_ends() {
    for in_an_unwind in [false, true] {
        let log = log();
        let local = NotesScope(log.clone());
        let run = Jobs::new(Named("a", log.clone()))
            .submit(JobSpec::new("kmer").id("j"))
            .run(async move {
                let _local = local;
                Ok::<_, ()>(())
            });
        if in_an_unwind {
            assert!(dropped_in_an_unwind(run));
        } else {
            drop(run);
        }
        let log = log.lock().unwrap();
        assert_eq!((&*log[0], &*log[2]), ("a submit", "a cancelled"), "{log:?}");
        assert!(log[1].starts_with("dropped in Some("), "{log:?}");
    }
}

#[test]
fn a_run_that_was_never_polled_ends_as_panicked_when_its_future_panics_in_the_drop() {
    let (recorder, grenade) = (JobRecorder::default(), Grenade);
    let run = Jobs::new(recorder.clone())
        .submit(JobSpec::new("kmer").id("j"))
        .run(async move {
            let _grenade = grenade;
            Ok::<_, ()>(())
        });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(run))).is_err());
    assert_eq!(recorder.take(), ["j submit", "j end panicked(panic)"]);
}

/// A future that panics when it is polled, and notes when it goes.
struct Unpollable(#[expect(dead_code, reason = "dropped with it")] NotesScope);

impl Future for Unpollable {
    type Output = Result<(), ()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        resume_unwind(Box::new("no message on stderr"));
    }
}

#[test]
fn a_future_that_panics_is_dropped_before_the_end_is_told() {
    let log = log();
    let jobs = Jobs::new(Named("a", log.clone()));
    let work = Unpollable(NotesScope(log.clone()));
    {
        let mut run = pin!(jobs.submit(JobSpec::new("kmer").id("j")).run(work));
        let polled = catch_unwind(AssertUnwindSafe(|| {
            run.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
        }));
        assert!(polled.is_err());
    }
    let told: Vec<_> = log
        .lock()
        .unwrap()
        .iter()
        .filter(|l| !l.contains("! ent") && !l.contains("! lea"))
        .cloned()
        .collect();
    assert!(told[2].starts_with("dropped in Some("), "{told:?}");
    assert_eq!(told[3..], ["a! panicked"], "{told:?}");
}

#[test]
fn a_future_is_dropped_before_the_end_when_the_start_panics() {
    let (log, recorder) = (log(), JobRecorder::default());
    let local = NotesScope(log.clone());
    let jobs = Jobs::new((Breaks("start"), recorder.clone()));
    let run = jobs.submit(JobSpec::new("kmer").id("j")).run(async move {
        let _local = local;
        Ok::<_, ()>(())
    });
    let mut run = Box::pin(run);
    let polled = catch_unwind(AssertUnwindSafe(|| {
        run.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    }));
    assert!(polled.is_err());
    assert_eq!(
        recorder.take(),
        ["j submit", "j start", "j end panicked(panic)"]
    );
    assert!(log.lock().unwrap()[0].contains("Some"), "{log:?}");
}

/// Enters a stage of the job that it is told of, against the rules.
struct Meddles;

impl JobObserver for Meddles {
    type State = ();

    fn on_submit(&self, _: &JobInfo) {}

    fn on_stage(&self, (): &(), _: &JobInfo, _: Option<StageTime>, _: &'static str) {
        stage("meddled");
    }

    fn on_end(&self, (): &(), _: &JobInfo, _: &JobEnd) {
        stage("meddled");
    }
}

#[test]
fn a_hook_that_enters_a_stage_of_its_own_job_is_ignored_and_counted() {
    let before = Losses::total().stages_refused;
    let recorder = JobRecorder::default();
    let job = Jobs::new((Meddles, recorder.clone()))
        .submit(JobSpec::new("kmer").id("j"))
        .begin();
    job.stage("parse");
    job.stage("count");
    job.succeed();
    assert_eq!(
        recorder.take(),
        [
            "j submit",
            "j start",
            "j stage parse",
            "j stage count",
            "j end completed in count"
        ]
    );
    assert_eq!(Losses::total().stages_refused, before + 3);
}

/// Ends the job from the hook that tells of a stage.
#[derive(Clone, Default)]
struct Revokes(Arc<Mutex<Option<Revocable>>>);

type Revocable = RunningJob<(Revokes, JobRecorder)>;

impl JobObserver for Revokes {
    type State = ();

    fn on_submit(&self, _: &JobInfo) {}

    fn on_stage(&self, (): &(), _: &JobInfo, _: Option<StageTime>, _: &'static str) {
        let job = self.0.lock().unwrap().take();
        drop(job);
    }

    fn on_end(&self, (): &(), _: &JobInfo, _: &JobEnd) {}
}

#[test]
fn an_end_that_a_hook_brings_about_follows_the_hook() {
    let (recorder, revokes) = (JobRecorder::default(), Revokes::default());
    let job = Jobs::new((revokes.clone(), recorder.clone()))
        .submit(JobSpec::new("kmer").id("j"))
        .begin();
    let handle = job.handle();
    *revokes.0.lock().unwrap() = Some(job);
    handle.stage("parse");
    handle.stage("too late");
    assert_eq!(
        recorder.take(),
        [
            "j submit",
            "j start",
            "j stage parse",
            "j end cancelled in parse"
        ]
    );
}
