//! Traffic of its own: every kind of request that a service meets, good and bad, so that everything that is observed
//! can be seen to move.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use http::{Method, StatusCode};
use omtx_metrics::testing::Exposition;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::client::{Answer, Client, ClientError};
use super::webhook;

/// Between two looks at a job that is not over.
const POLL: Duration = Duration::from_millis(20);

/// For the last attempt of a webhook that is refused.
const PATIENCE: Duration = Duration::from_secs(5);

/// One step of the demonstration, as it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it shows.
    pub what: &'static str,
    /// What came of it: a status, or a job's state.
    pub outcome: String,
}

/// Runs one round against the service at `address` and hands each step to `tell`.
///
/// # Errors
///
/// When the service does not answer.
pub async fn round(
    address: SocketAddr,
    seed: u64,
    mut tell: impl FnMut(Step),
) -> Result<(), ClientError> {
    let client = Client::new(address);
    let receiver = Receiver::start().await?;
    let mut dna = Dna(seed);
    let mut step = |what, outcome: &dyn std::fmt::Display| {
        tell(Step {
            what,
            outcome: outcome.to_string(),
        })
    };

    let genes = dna.fasta(20, 3_000);
    let reads = dna.fasta(4, 300);
    step(
        "k-mer spectrum",
        &job(&client, "job_type=kmer&k=11", &genes).await?,
    );
    step(
        "GC content and reading frames",
        &job(&client, "job_type=gc", &genes).await?,
    );
    step(
        "alignment of every pair",
        &job(&client, "job_type=align", &reads).await?,
    );
    step(
        "sequences too short for k: the job fails",
        &job(&client, "job_type=kmer&k=31", ">a\nACGT\n").await?,
    );
    step(
        "an injected panic",
        &job(&client, "job_type=gc&fault=panic", &reads).await?,
    );

    let post = async |path: &str, body: &str| {
        client
            .post(path, body.to_owned())
            .await
            .map(|answer| answer.status)
    };
    step(
        "a body that is no FASTA",
        &post("/api/v1/jobs?job_type=gc", "hello").await?,
    );
    step(
        "a letter that is no nucleotide",
        &post("/api/v1/jobs?job_type=gc", ">a\nAC!T\n").await?,
    );
    step(
        "an unknown job type",
        &post("/api/v1/jobs?job_type=fold", &reads).await?,
    );
    let long = dna.fasta(2, 6_000);
    step(
        "more work than one job may be",
        &post("/api/v1/jobs?job_type=align", &long).await?,
    );
    step(
        "a callback to a host that is not allowed",
        &post(
            "/api/v1/jobs?job_type=gc&callback_url=http://169.254.169.254/",
            &reads,
        )
        .await?,
    );
    step(
        "an unknown path",
        &client.get("/wp-login.php").await?.status,
    );
    step(
        "a method that is not allowed",
        &client
            .request(Method::PUT, "/api/v1/login", "")
            .await?
            .status,
    );
    client.hang_up().await?;
    step("a client that hangs up in the middle of the body", &"gone");

    step(
        "a wrong password",
        &post("/api/v1/login", r#"{"user":"demo","password":"12345"}"#).await?,
    );
    let login = client
        .post("/api/v1/login", r#"{"user":"demo","password":"demo"}"#)
        .await?;
    step("the right password", &login.status);
    let session = Client::new(address).with_token(login.text("token"));
    let callback = |path| format!("job_type=gc&callback_url=http://{}{path}", receiver.address);
    step("a webhook", &job(&session, &callback("/ok"), &reads).await?);
    step(
        "a webhook whose receiver fails",
        &job(&session, &callback("/broken"), &reads).await?,
    );

    let large = dna.fasta(1, 2_000_000);
    let submitted = session.post("/api/v1/jobs?job_type=kmer", large).await?;
    let id = submitted.text("job_id");
    session
        .request(Method::DELETE, &format!("/api/v1/jobs/{id}"), "")
        .await?;
    step("a job that is cancelled", &state(&session, &id).await?);

    for (what, path) in [
        ("health", "/health"),
        ("readiness", "/ready"),
        ("liveness", "/live"),
    ] {
        step(what, &client.get(path).await?.status);
    }
    receiver.has_refused(webhook::ATTEMPTS).await;
    Ok(())
}

/// What the service at `address` exposes now.
///
/// # Errors
///
/// When it does not answer with an exposition.
pub async fn scrape(address: SocketAddr) -> Result<Exposition, ClientError> {
    let answer = Client::new(address).get("/metrics").await?;
    let text = String::from_utf8_lossy(&answer.body);
    Exposition::parse(&text).map_err(|error| ClientError::from(io::Error::other(error.to_string())))
}

/// Submits a job and waits for its end.
async fn job(client: &Client, query: &str, fasta: &str) -> Result<String, ClientError> {
    let submitted: Answer = client
        .post(&format!("/api/v1/jobs?{query}"), fasta.to_owned())
        .await?;
    match submitted.status {
        StatusCode::ACCEPTED => state(client, &submitted.text("job_id")).await,
        refused => Ok(refused.to_string()),
    }
}

/// The state of a job, once it is over.
async fn state(client: &Client, id: &str) -> Result<String, ClientError> {
    loop {
        let answer = client.get(&format!("/api/v1/jobs/{id}")).await?;
        match answer.text("state").as_str() {
            "queued" | "running" => tokio::time::sleep(POLL).await,
            "" => return Ok(answer.status.to_string()),
            over => return Ok(over.to_owned()),
        }
    }
}

/// Somebody else's service, which takes webhooks, or does not.
struct Receiver {
    address: SocketAddr,
    refusals: Arc<Semaphore>,
    _serving: JoinSet<()>,
}

impl Receiver {
    async fn start() -> Result<Self, ClientError> {
        let bound = async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            Ok::<_, io::Error>((listener.local_addr()?, listener))
        };
        let (address, listener) = bound.await.map_err(ClientError::from)?;
        let refusals = Arc::new(Semaphore::new(0));
        let told = refusals.clone();
        let refuse = async move || {
            told.add_permits(1);
            StatusCode::INTERNAL_SERVER_ERROR
        };
        let router = Router::new()
            .route("/ok", post(async || StatusCode::NO_CONTENT))
            .route("/broken", post(refuse));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            refusals,
            _serving: serving,
        })
    }

    /// Waits until it has refused so many attempts, but not for ever: the queue of webhooks may be full.
    async fn has_refused(&self, attempts: u32) {
        let _ = timeout(PATIENCE, self.refusals.acquire_many(attempts)).await;
    }
}

/// Random sequences, the same for the same seed (xorshift64, Marsaglia 2003).
struct Dna(u64);

impl Dna {
    fn fasta(&mut self, sequences: usize, length: usize) -> String {
        let mut out = String::with_capacity(sequences * (length + 16));
        for n in 1..=sequences {
            let _ = writeln!(out, ">seq{n}"); // a String takes everything
            out.extend((0..length).map(|_| self.letter()));
            out.push('\n');
        }
        out
    }

    fn letter(&mut self) -> char {
        let mut x = self.0 | 1 << 63;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0 = x;
        char::from(b"ACGT"[(x >> 33 & 3) as usize])
    }
}
