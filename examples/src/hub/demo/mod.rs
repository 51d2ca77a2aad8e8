//! Traffic of its own: every kind of request that a service meets, good and bad, so that everything that is observed
//! can be seen to move.

mod dna;
mod receiver;
mod watch;

use std::net::SocketAddr;
use std::time::Duration;

use http::{Method, StatusCode};

use super::client::{Answer, Client, ClientError};
use super::webhook;
use dna::Dna;
use receiver::Receiver;
pub use watch::{CONSTANT, Reason, Watch, reason};

/// Between two looks at what is not over.
const POLL: Duration = Duration::from_millis(20);

/// More submissions than a queue for demonstrations has room for, workers included.
const MANY: usize = 1_000;

/// More programs than `omtx_hub_client_requests_total` tells apart.
const AGENTS: [&str; 24] = [
    "curl/8.5.0",
    "Wget/1.21.4",
    "python-requests/2.31.0",
    "python-httpx/0.27.0",
    "aiohttp/3.9.5",
    "Go-http-client/1.1",
    "okhttp/4.12.0",
    "Apache-HttpClient/4.5.14",
    "Java-http-client/21.0.2",
    "axios/1.6.8",
    "node-fetch/1.0",
    "undici",
    "PostmanRuntime/7.37.3",
    "insomnia/9.2.0",
    "HTTPie/3.2.2",
    "Ruby",
    "Faraday/2.9.0",
    "GuzzleHttp/7",
    "Snakemake/8.11.3",
    "Nextflow/24.04.1",
    "Biopython/1.83",
    "R-curl/5.2.1",
    "kube-probe/1.30",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
];

/// One step of the demonstration, as it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it shows.
    pub what: &'static str,
    /// What came of it: a status, or a job's state.
    pub outcome: String,
}

/// Runs one round against the service at `address`, which must run [for a demonstration](super::Config::for_demo), hands
/// each step to `tell`, and looks at the metrics whenever there is something to see.
///
/// # Errors
///
/// When the service does not answer.
pub async fn round(
    address: SocketAddr,
    seed: u64,
    watch: &mut Watch,
    tell: impl FnMut(Step),
) -> Result<(), ClientError> {
    let mut round = Round {
        address,
        client: Client::new(address).with_agent("hub-demo/0.1"),
        dna: Dna::new(seed),
        watch,
        tell,
    };
    round.jobs().await?;
    round.refused().await?;
    round.hung_up().await?;
    round.logged_in().await?;
    round.jammed().await?;
    round.many_clients().await?;
    round.probes().await
}

struct Round<'a, F> {
    address: SocketAddr,
    client: Client,
    dna: Dna,
    watch: &'a mut Watch,
    tell: F,
}

impl<F: FnMut(Step)> Round<'_, F> {
    fn step(&mut self, what: &'static str, outcome: impl ToString) {
        (self.tell)(Step {
            what,
            outcome: outcome.to_string(),
        });
    }

    /// Submits a job and waits for its end.
    async fn job(
        &mut self,
        what: &'static str,
        query: &str,
        fasta: &str,
    ) -> Result<(), ClientError> {
        let outcome = job(&self.client, query, fasta).await?;
        self.step(what, outcome);
        Ok(())
    }

    async fn post(
        &mut self,
        what: &'static str,
        path: &str,
        body: &str,
    ) -> Result<Answer, ClientError> {
        let answer = self.client.post(path, body.to_owned()).await?;
        self.step(what, answer.status);
        Ok(answer)
    }

    async fn jobs(&mut self) -> Result<(), ClientError> {
        let genes = self.dna.fasta(20, 3_000);
        let reads = self.dna.fasta(4, 300);
        self.job("k-mer spectrum", "job_type=kmer&k=11", &genes)
            .await?;
        self.job("GC content and reading frames", "job_type=gc", &genes)
            .await?;
        self.job("alignment of every pair", "job_type=align", &reads)
            .await?;
        let short = "sequences too short for k: the job fails";
        self.job(short, "job_type=kmer&k=31", ">a\nACGT\n").await?;
        self.job("an injected panic", "job_type=gc&fault=panic", &reads)
            .await
    }

    async fn refused(&mut self) -> Result<(), ClientError> {
        let (jobs, reads) = ("/api/v1/jobs?job_type=gc", self.dna.fasta(1, 60));
        self.post("a body that is no FASTA", jobs, "hello").await?;
        self.post("a letter that is no nucleotide", jobs, ">a\nAC!T\n")
            .await?;
        let fold = "/api/v1/jobs?job_type=fold";
        self.post("an unknown job type", fold, &reads).await?;
        let (align, long) = ("/api/v1/jobs?job_type=align", self.dna.fasta(2, 6_000));
        self.post("more work than one job may be", align, &long)
            .await?;
        let inside = format!("{jobs}&callback_url=http://169.254.169.254/");
        let what = "a callback to a host that is not allowed";
        self.post(what, &inside, &reads).await?;
        let unknown = self.client.get("/wp-login.php").await?;
        self.step("an unknown path", unknown.status);
        let put = self
            .client
            .request(Method::PUT, "/api/v1/login", "")
            .await?;
        self.step("a method that is not allowed", put.status);
        Ok(())
    }

    async fn hung_up(&mut self) -> Result<(), ClientError> {
        let upload = self.client.half_an_upload().await?;
        self.watch.until_moved(&["http_requests_in_flight"]).await?;
        drop(upload);
        self.step("a client that hangs up in the middle of the body", "gone");
        Ok(())
    }

    /// A session, and what is done with it.
    async fn logged_in(&mut self) -> Result<(), ClientError> {
        let login = "/api/v1/login";
        let wrong = r#"{"user":"demo","password":"12345"}"#;
        self.post("a wrong password", login, wrong).await?;
        let right = r#"{"user":"demo","password":"demo"}"#;
        let answer = self.post("the right password", login, right).await?;
        let anonymous = self.client.clone();
        self.client = anonymous.clone().with_token(answer.text("token"));

        let receiver = Receiver::start().await?;
        let callback = |path| format!("job_type=gc&callback_url=http://{}{path}", receiver.address);
        let reads = self.dna.fasta(4, 300);
        self.job("a webhook", &callback("/ok"), &reads).await?;
        let what = "a webhook whose receiver fails";
        self.job(what, &callback("/broken"), &reads).await?;

        let large = self.dna.fasta(1, 2_000_000);
        let submitted = self.client.post("/api/v1/jobs?job_type=kmer", large);
        let id = submitted.await?.text("job_id");
        cancel(&self.client, &id).await?;
        let state = state(&self.client, &id).await?;
        self.step("a job that is cancelled", state);
        receiver.has_refused(webhook::ATTEMPTS).await;
        self.client = anonymous;
        Ok(())
    }

    /// Jobs that get nowhere hold every worker until the queue is full; then somebody cancels them.
    async fn jammed(&mut self) -> Result<(), ClientError> {
        let mut hung = Vec::new();
        for _ in 0..MANY {
            let submitted = self
                .client
                .post("/api/v1/jobs?job_type=gc&fault=hang", ">a\nACGT\n")
                .await?;
            if submitted.status != StatusCode::ACCEPTED {
                self.step("a job too many: the queue is full", submitted.status);
                break;
            }
            hung.push(submitted.text("job_id"));
        }
        let seen = [
            "omtx_hub_jobs_active",
            "omtx_hub_jobs_in_stage",
            "omtx_hub_jobs_stuck",
            "omtx_hub_job_oldest_running_seconds",
            "omtx_hub_queue_depth",
            "omtx_hub_queue_oldest_seconds",
        ];
        self.watch.until_moved(&seen).await?;
        // The last first: one that waits would be started by the end of another.
        for id in hung.iter().rev() {
            cancel(&self.client, id).await?;
        }
        let mut states = Vec::new();
        for id in &hung {
            states.push(state(&self.client, id).await?);
        }
        states.dedup();
        self.step("jobs that get nowhere, until cancelled", states.join(", "));
        Ok(())
    }

    async fn many_clients(&mut self) -> Result<(), ClientError> {
        let mut statuses = Vec::new();
        for agent in AGENTS {
            let client = Client::new(self.address).with_agent(agent);
            statuses.push(client.get("/api/v1/jobs/latest").await?.status.to_string());
        }
        statuses.dedup();
        self.step("more programs than one label may name", statuses.join(", "));
        self.watch.until_moved(&["omtx_series_dropped_total"]).await
    }

    async fn probes(&mut self) -> Result<(), ClientError> {
        for (what, path) in [
            ("health", "/health"),
            ("readiness", "/ready"),
            ("liveness", "/live"),
        ] {
            let status = self.client.get(path).await?.status;
            self.step(what, status);
        }
        self.watch.look().await
    }
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

async fn cancel(client: &Client, id: &str) -> Result<(), ClientError> {
    let path = format!("/api/v1/jobs/{id}");
    client.request(Method::DELETE, &path, "").await.map(drop)
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
