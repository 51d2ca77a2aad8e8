//! Requests and jobs, entered in every way.

use std::sync::Arc;

use omtx_logging::testing::Lines;
use omtx_logging::{JobContext, Logging, RequestContext, Scope, WithScope};
use serde_json::Value;
use tracing::{Instrument, info, info_span};

use crate::support::{builder, fields_of, lines_of, valid};

#[test]
fn nested_contexts_merge_and_the_inner_wins() {
    let fields = fields_of(|| {
        let request = RequestContext::builder("req-1")
            .user("user-1")
            .with("tenant", "acme")
            .build();
        request.in_scope(|| {
            JobContext::builder("job-1", "boltz2")
                .user("user-2")
                .build()
                .in_scope(|| info!("m"));
        });
    });
    assert_eq!(
        fields,
        r#""request_id":"req-1","user_id":"user-2","tenant":"acme","job_id":"job-1","job_type":"boltz2""#
    );
}

#[test]
fn a_user_who_becomes_known_is_on_all_later_lines() {
    let lines = lines_of(builder(), || {
        let request = RequestContext::new("req-1");
        request.in_scope(|| {
            info!("before");
            JobContext::new("job-1", "kmer").in_scope(|| {
                RequestContext::current().unwrap().set_user("user-1");
                info!("inside");
            });
            info!("after");
        });
    });
    assert!(valid(&lines[0]).get("user_id").is_none());
    assert_eq!(valid(&lines[1])["user_id"], "user-1");
    assert_eq!(valid(&lines[2])["user_id"], "user-1");
}

#[test]
fn guards_wrapped_closures_and_clones_are_the_same_context() {
    let lines = lines_of(builder(), || {
        let request = RequestContext::new("req-1");
        {
            let _guard = request.enter();
            info!("guard");
        }
        request.clone().wrap(|| info!("wrapped"))();
        request.scope().in_scope(|| info!("scope"));
        assert_eq!(request.request_id(), "req-1");
        info!("outside");
    });
    for line in &lines[..3] {
        assert_eq!(valid(line)["request_id"], "req-1");
    }
    assert!(valid(&lines[3]).get("request_id").is_none());
}

#[test]
fn a_scope_without_a_request_is_no_request() {
    assert!(RequestContext::current().is_none());
    let scope = Scope::root().with("job_id", "j-1").build();
    assert!(RequestContext::from_scope(scope).is_none());
}

#[test]
fn the_trace_is_on_the_line() {
    use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
    let trace = TraceContext::new(
        TraceId::new(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c).unwrap(),
        SpanId::new(0xb7ad_6b71_6920_3331).unwrap(),
        TraceFlags::SAMPLED,
    );
    let fields = fields_of(|| trace.in_scope(|| info!(n = 1, "m")));
    assert_eq!(
        fields,
        r#""trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","n":1"#
    );
}

/// What a task is to find on its own lines.
fn check_ids(line: &Value) {
    let task = line["task"].as_u64().unwrap();
    assert_eq!(line["request_id"], format!("r-{task}"), "{line}");
    assert_eq!(line["user_id"], format!("u-{task}"), "{line}");
    let has_job = line["message"] != "request";
    assert_eq!(line.get("job_id").is_some(), has_job, "{line}");
    if has_job {
        assert_eq!(line["job_id"], format!("j-{task}"), "{line}");
    }
}

const TASKS: u64 = 2_000;

/// Every third job waits at its end until it is cancelled.
fn is_cancelled(task: u64) -> bool {
    task % 3 == 0
}

/// The ways of handing the scope on to a task: ours, that of code which knows only spans, and a thread's.
async fn child(task: u64) {
    let log = move || info!(task, "child");
    let spawned = match task % 4 {
        0 => tokio::spawn(async move { log() }.in_current_scope()),
        1 => tokio::spawn(
            async move {
                tokio::task::yield_now().await;
                log();
            }
            .instrument(info_span!("child")),
        ),
        2 => {
            let span = info_span!("around");
            let _entered = span.enter();
            tokio::spawn(async move { log() }.in_current_span())
        }
        _ => tokio::task::spawn_blocking(Scope::current().unwrap().wrap(log)),
    };
    spawned.await.unwrap();
}

async fn job(task: u64, at_the_gate: tokio::sync::oneshot::Sender<()>) -> Result<(), ()> {
    for step in 0..3 {
        info!(task, step, "job");
        tokio::task::yield_now().await;
    }
    child(task).await;
    if is_cancelled(task) {
        at_the_gate.send(()).unwrap();
        std::future::pending::<()>().await;
    }
    Ok(())
}

async fn request(task: u64) {
    let user = format!("u-{task}");
    RequestContext::current().unwrap().set_user(user);
    info!(task, "request");
    let (gate, at_the_gate) = tokio::sync::oneshot::channel();
    let run = JobContext::new(format!("j-{task}"), "kmer").run(job(task, gate));
    if is_cancelled(task) {
        tokio::select! {
            _ = run => unreachable!("it waits"),
            arrived = at_the_gate => arrived.unwrap(),
        }
    } else {
        run.await.unwrap();
    }
    {
        let _guard = RequestContext::new("another's").enter();
    }
    info!(task, "request");
}

/// Two thousand tasks at once, each in a request and a job, that wait, spawn, and are cancelled.
#[test]
fn no_line_of_two_thousand_tasks_has_anothers_id_or_lacks_its_own() {
    let lines = Lines::default();
    let logging: Logging = builder().sink(lines.clone()).build().unwrap();
    let dispatch = tracing::Dispatch::new(logging.subscriber());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .on_thread_start(move || {
            // The runtime's threads log there as long as they live.
            std::mem::forget(tracing::dispatcher::set_default(&dispatch));
        })
        .build()
        .unwrap();
    runtime.block_on(async {
        let all_there = Arc::new(tokio::sync::Barrier::new(TASKS as usize));
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let all_there = all_there.clone();
                let work = async move {
                    all_there.wait().await;
                    request(task).await;
                };
                tokio::spawn(work.in_scope(RequestContext::new(format!("r-{task}"))))
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    drop(runtime);
    let lines: Vec<Value> = lines.take().iter().map(|line| valid(line)).collect();
    let with = |key: &'static str| lines.iter().filter(move |line| line.get(key).is_some());
    let (of_tasks, closing) = (with("task"), with("outcome"));
    // Two of the request, three of the job, one of the child.
    assert_eq!(of_tasks.clone().count() as u64, TASKS * 6);
    of_tasks.for_each(check_ids);
    assert_eq!(with("request_id").count(), lines.len(), "none is outside");
    let mut ended: Vec<u64> = closing
        .map(|line| {
            let id = line["job_id"].as_str().unwrap().strip_prefix("j-").unwrap();
            let task = id.parse().unwrap();
            assert_eq!(line["request_id"], format!("r-{id}"), "{line}");
            assert_eq!(line["user_id"], format!("u-{id}"), "{line}");
            let outcome = if is_cancelled(task) {
                "cancelled"
            } else {
                "completed"
            };
            assert_eq!(line["outcome"], outcome, "{line}");
            task
        })
        .collect();
    ended.sort_unstable();
    assert!(
        ended.into_iter().eq(0..TASKS),
        "each job has one closing line"
    );
}
