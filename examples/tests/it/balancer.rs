//! Two hubs behind HAProxy, under constant load: one is told to end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::JoinSet;

use crate::engine;
use crate::harness::TWO;
use crate::process::{HubProcess, eventually};

/// Clients that send one request after the other.
const CLIENTS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_no_request_fails_when_a_hub_drains() {
    // Thirty times as long as the balancer needs to notice.
    if let Some(sent) = end_one_of_two("drained", "3").await {
        assert_eq!(sent.failed, Vec::<String>::new(), "of {}", sent.count);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_requests_do_fail_without_the_drain_delay() {
    if let Some(sent) = end_one_of_two("undrained", "0").await {
        assert!(!sent.failed.is_empty(), "of {}", sent.count);
    }
}

/// What came of the requests.
struct Sent {
    count: usize,
    failed: Vec<String>,
}

async fn end_one_of_two(name: &str, delay: &str) -> Option<Sent> {
    let variables = [("OMTX_DRAIN_DELAY", delay), ("HUB_QUEUE", "100000")];
    let hubs = [(); 2].map(|()| HubProcess::start(&variables, Stdio::null()));
    let haproxy = Haproxy::start(name, &hubs.each_ref().map(|hub| hub.address))?;
    eventually("a request is answered", async || {
        submit(&haproxy.socket).await.is_ok()
    })
    .await;
    let load = Load::start(&haproxy);
    for hub in &hubs {
        eventually("both are used", async || used(hub).await).await;
    }
    load.until_sent(500).await;
    let [first, second] = hubs;
    let outcome = first.end().await;
    assert!(outcome.status.success(), "{}", outcome.stderr);
    load.until_sent(500).await;
    let sent = load.stop().await;
    assert!(second.end().await.status.success());
    Some(sent)
}

/// Whether it has been given jobs.
async fn used(hub: &HubProcess) -> bool {
    let scrape = hub.scrape().await;
    scrape
        .read("omtx_hub_jobs_submitted_total", &[("job_type", "gc")])
        .is_some_and(|jobs| jobs >= 10.0)
}

/// Submits a job: nothing, or what came in place of a 202.
async fn submit(socket: &Path) -> Result<(), String> {
    let told = |error: std::io::Error| error.to_string();
    let mut stream = UnixStream::connect(socket).await.map_err(told)?;
    let request = format!(
        "POST /api/v1/jobs?job_type=gc HTTP/1.1\r\nhost: hub\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{TWO}",
        TWO.len()
    );
    stream.write_all(request.as_bytes()).await.map_err(told)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(told)?;
    match answer.lines().next() {
        Some(status) if status.starts_with("HTTP/1.1 202 ") && answer.ends_with('}') => Ok(()),
        status => Err(status.unwrap_or("nothing").to_owned()),
    }
}

/// Clients that go on until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    clients: JoinSet<Vec<String>>,
}

impl Load {
    fn start(haproxy: &Haproxy) -> Self {
        let (stop, count) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let (stop, count) = (stop.clone(), count.clone());
            let socket = haproxy.socket.clone();
            clients.spawn(async move {
                let mut failed = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    failed.extend(submit(&socket).await.err());
                    count.fetch_add(1, Ordering::Relaxed);
                }
                failed
            });
        }
        Self {
            stop,
            count,
            clients,
        }
    }

    /// Waits until so many more requests have come to an end.
    async fn until_sent(&self, more: usize) {
        let goal = self.count.load(Ordering::Relaxed) + more;
        let sent = async || self.count.load(Ordering::Relaxed) >= goal;
        eventually("requests are answered", sent).await;
    }

    async fn stop(self) -> Sent {
        self.stop.store(true, Ordering::Relaxed);
        Sent {
            failed: self.clients.join_all().await.concat(),
            count: self.count.load(Ordering::Relaxed),
        }
    }
}

/// A HAProxy of the system's; killed when it is dropped.
struct Haproxy {
    /// It listens where no other process can be.
    socket: PathBuf,
    folder: PathBuf,
    child: Child,
}

impl Haproxy {
    /// One before these hubs, or `None` where it is not installed. It never tries a request again.
    fn start(name: &str, hubs: &[SocketAddr]) -> Option<Self> {
        // Socket paths are at most 108 bytes long: not in the target folder.
        let folder = std::env::temp_dir().join(format!("omtx-hub-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let socket = folder.join("http");
        let mut config = format!(
            "\
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    retries 0
frontend api
    bind unix@{}
    default_backend hubs
backend hubs
    balance roundrobin
    option httpchk GET /ready
    http-check expect status 200
    default-server check inter 50ms fall 2 rise 1
",
            socket.display()
        );
        for (i, hub) in hubs.iter().enumerate() {
            config += &format!("    server hub{i} {hub}\n");
        }
        let file = folder.join("haproxy.cfg");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new("haproxy");
        command
            .args(["-db", "-q", "-f"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = engine::start(&mut command)?;
        Some(Self {
            socket,
            folder,
            child,
        })
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
