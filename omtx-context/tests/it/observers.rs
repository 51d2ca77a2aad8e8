//! Observers side by side.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use omtx_context::{JobEnd, JobInfo, JobObserver, JobSpec, Jobs, Scope, StageTime};

pub(crate) type Log = Arc<Mutex<Vec<String>>>;

/// Writes what it is told under its own name, and keeps its name in its state.
pub(crate) struct Named(pub(crate) &'static str, pub(crate) Log);

impl Named {
    fn write(&self, state: &str, what: &str) {
        assert!(
            Scope::current().unwrap().get("job_id").is_some(),
            "hooks run inside the job's scope"
        );
        self.1.lock().unwrap().push(format!("{state} {what}"));
    }
}

impl JobObserver for Named {
    type State = String;

    fn on_submit(&self, _: &JobInfo) -> String {
        self.write(self.0, "submit");
        self.0.to_owned()
    }

    fn on_start(&self, state: &mut String, _: &JobInfo, _: Duration) {
        self.write(state, "start");
        state.push('!');
    }

    fn on_stage(&self, state: &String, _: &JobInfo, left: Option<StageTime>, to: &'static str) {
        self.write(
            state,
            &format!("stage {:?} to {to}", left.map(|left| left.name)),
        );
    }

    fn on_end(&self, state: &String, _: &JobInfo, end: &JobEnd) {
        self.write(state, end.status.as_str());
    }

    fn in_scope<R>(&self, state: &String, _: &JobInfo, f: impl FnOnce() -> R) -> R {
        self.write(state, "enter");
        let out = f();
        self.write(state, "leave");
        out
    }
}

pub(crate) fn log() -> Log {
    Log::default()
}

#[test]
fn a_tuple_is_called_in_order_entered_in_order_and_ended_in_reverse() {
    let log = log();
    let jobs = Jobs::new((
        Named("a", log.clone()),
        (),
        Some(Named("b", log.clone())),
        None::<Named>,
    ));
    jobs.submit(JobSpec::new("kmer"))
        .run_blocking(|| {
            log.lock().unwrap().push("work".into());
            Ok::<_, ()>(())
        })
        .unwrap();
    assert_eq!(
        *log.lock().unwrap(),
        [
            "a submit",
            "b submit",
            "a start",
            "b start", //
            "a! enter",
            "b! enter",
            "work",
            "b! leave",
            "a! leave", //
            "a! enter",
            "b! enter",
            "b! completed",
            "a! completed",
            "b! leave",
            "a! leave",
        ],
    );
}

#[test]
fn a_stage_names_the_one_that_it_leaves() {
    let log = log();
    let job = Jobs::new(Arc::new(Named("a", log.clone())))
        .submit(JobSpec::new("kmer"))
        .begin();
    log.lock().unwrap().clear();
    job.stage("parse");
    job.stage("count");
    job.succeed();
    let told: Vec<_> = log
        .lock()
        .unwrap()
        .iter()
        .filter(|l| !l.ends_with("enter") && !l.ends_with("leave"))
        .cloned()
        .collect();
    assert_eq!(
        told,
        [
            "a! stage None to parse",
            "a! stage Some(\"parse\") to count",
            "a! completed"
        ]
    );
}

#[test]
fn six_observers_each_hear_everything() {
    let log = log();
    let n = |name| Named(name, log.clone());
    drop(Jobs::new((n("1"), n("2"), n("3"), n("4"), n("5"), n("6"))).submit(JobSpec::new("kmer")));
    assert_eq!(
        *log.lock().unwrap(),
        [
            "1 submit",
            "2 submit",
            "3 submit",
            "4 submit",
            "5 submit",
            "6 submit", //
            "6 cancelled",
            "5 cancelled",
            "4 cancelled",
            "3 cancelled",
            "2 cancelled",
            "1 cancelled",
        ],
    );
}

#[test]
fn the_state_is_dropped_with_the_job_even_while_a_handle_lives() {
    let state = Arc::new(());
    struct Keeps(Arc<()>);
    impl JobObserver for Keeps {
        type State = Arc<()>;
        fn on_submit(&self, _: &JobInfo) -> Arc<()> {
            self.0.clone()
        }
        fn on_end(&self, _: &Arc<()>, _: &JobInfo, _: &JobEnd) {}
    }
    let running = Jobs::new(Keeps(state.clone()))
        .submit(JobSpec::new("kmer"))
        .begin();
    let (_handle, _scope) = (running.handle(), running.info().scope().clone());
    running.succeed();
    assert_eq!(Arc::strong_count(&state), 1);
}
