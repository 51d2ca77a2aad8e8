//! `/api/v1/jobs`: submit, show, cancel.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use bytes::Bytes;
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderMap, StatusCode, Uri};
use omtx_context::{JobSpec, Scope};
use omtx_metrics::sets::WebhookOutcome;
use serde_json::json;

use super::App;
use super::query::Submit;
use super::upload::Upload;
use crate::hub::compute::{Analysis, align};
use crate::hub::fasta::{self, Record};
use crate::hub::jobs::{Cancelled, Full, JobView, Pending, Work};
use crate::hub::problem::Problem;
use crate::hub::{auth, webhook};

/// The name of the one queue.
const QUEUE: &str = "default";

/// The event at which a callback that may not be called is refused: the job has no other.
const SUBMITTED: &str = "job.submitted";

/// `POST /api/v1/jobs?job_type=kmer|gc|align` with a FASTA body.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    submit: Result<Submit, Problem>,
    headers: HeaderMap,
    body: Result<Upload, Problem>,
) -> Result<impl IntoResponse, Problem> {
    let user = user(&app, &headers)?;
    let Submit {
        analysis,
        callback_url,
        fault,
    } = submit?;
    let callback = callback(&app, callback_url.as_deref())?;
    if fault.is_some() && !app.config.faults {
        return Err(Problem::invalid_request(
            "fault is allowed only where HUB_FAULTS=true",
        ));
    }
    let Upload(body) = body?;
    let records = parse(body).await?;
    check_work(&analysis, &records)?;

    let letters = records.iter().map(|record| record.letters.len()).sum();
    let permit = app.queue.reserve(letters).map_err(full)?;
    let mut spec = JobSpec::new(analysis.job_type()).queue(QUEUE);
    if let Some(user) = user {
        spec = spec.user(&*user);
    }
    let job = app.jobs.submit(spec);
    let id = job.info().id().to_owned();
    let work = Work {
        analysis,
        records,
        control: Arc::default(),
        fault,
    };
    let with_callback = callback.is_some();
    app.store.attach(&id, work.control.clone(), callback);
    permit
        .push(id.clone(), Pending { job, work })
        .map_err(|_| full(Full::Closed))?;

    app.metrics.feature(analysis.job_type());
    if with_callback {
        app.metrics.feature("callback");
    }
    let location = [(LOCATION, format!("/api/v1/jobs/{id}"))];
    Ok((
        StatusCode::ACCEPTED,
        location,
        Json(json!({ "job_id": id, "state": "queued" })),
    ))
}

/// `GET /api/v1/jobs/{id}`: its state, and its result once it has one.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<JobView>, Problem> {
    app.store.get(&id).map(Json).ok_or_else(no_such_job)
}

/// `DELETE /api/v1/jobs/{id}`: stops it, whether it waits or runs.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<JobView>), Problem> {
    // One that waits ends here and now; one that runs ends when it next looks at its brakes.
    drop(app.queue.remove(&id));
    match (app.store.cancel(&id), app.store.get(&id)) {
        (Cancelled::Asked, Some(view)) => Ok((StatusCode::ACCEPTED, Json(view))),
        (Cancelled::TooLate, Some(view)) if view.state == crate::hub::jobs::State::Cancelled => {
            Ok((StatusCode::OK, Json(view)))
        }
        (Cancelled::TooLate, Some(_)) => Err(Problem::job_is_over("")),
        _ => Err(no_such_job()),
    }
}

/// Whose request this is: nobody's in particular, or that of a session.
fn user(app: &App, headers: &HeaderMap) -> Result<Option<Arc<str>>, Problem> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let token = header
        .to_str()
        .ok()
        .and_then(|header| header.strip_prefix("Bearer "));
    let user = token.and_then(|token| app.auth.user(token));
    let user =
        user.ok_or_else(|| Problem::unauthorized("expected the token of a session: Bearer …"))?;
    auth::identify(&user);
    Ok(Some(user))
}

fn callback(app: &App, url: Option<&str>) -> Result<Option<Uri>, Problem> {
    let allowed = url
        .map(|url| webhook::allowed(url, &app.config.webhook_hosts))
        .transpose();
    allowed.map_err(|error| {
        app.metrics
            .webhook(SUBMITTED, WebhookOutcome::Refused, None);
        Problem::invalid_request(error.to_string())
    })
}

/// Off the async workers: a large body takes tens of milliseconds.
async fn parse(body: Bytes) -> Result<Vec<Record>, Problem> {
    let read =
        move || fasta::parse(&body).map_err(|error| Problem::invalid_fasta(error.to_string()));
    let read = match Scope::current() {
        Some(scope) => tokio::task::spawn_blocking(scope.wrap(read)),
        None => tokio::task::spawn_blocking(read),
    };
    read.await
        .unwrap_or_else(|_| Err(Problem::busy("the body could not be read")))
}

fn check_work(analysis: &Analysis, records: &[Record]) -> Result<(), Problem> {
    if !matches!(analysis, Analysis::Align(_)) {
        return Ok(());
    }
    if records.len() < 2 {
        return Err(Problem::invalid_request(
            "one sequence; expected two at least for job_type=align",
        ));
    }
    let (all, pair) = align::cells(records);
    if pair > align::MAX_CELLS || all > align::MAX_TOTAL_CELLS {
        return Err(Problem::too_much_work(format!(
            "{all} cells to fill, {pair} for one pair; expected at most {} and {}",
            align::MAX_TOTAL_CELLS,
            align::MAX_CELLS,
        )));
    }
    Ok(())
}

fn full(full: Full) -> Problem {
    match full {
        Full::Busy => Problem::busy("the queue is full").retry_after(1),
        Full::Closed => Problem::shutting_down("").retry_after(10),
    }
}

fn no_such_job() -> Problem {
    Problem::no_such_job("it never existed, or was forgotten to make room for newer ones")
}
