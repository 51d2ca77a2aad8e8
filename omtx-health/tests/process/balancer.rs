//! Two instances behind HAProxy, under constant load: one is told to end.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use libtest_mimic::Trial;

use crate::instance::{Instance, eventually};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "behind_haproxy_no_request_fails_when_an_instance_drains",
            || {
                // Thirty times as long as the balancer needs to notice.
                if let Some(load) = end_one_of_two("drained", "3") {
                    assert_eq!(
                        load.failed,
                        Vec::<String>::new(),
                        "of {} requests",
                        load.served
                    );
                }
                Ok(())
            },
        ),
        Trial::test("without_the_delay_requests_do_fail", || {
            if let Some(load) = end_one_of_two("undrained", "0") {
                assert!(!load.failed.is_empty(), "of {} requests", load.served);
            }
            Ok(())
        }),
    ]
}

/// What came of the requests.
struct Served {
    served: usize,
    failed: Vec<String>,
}

fn end_one_of_two(name: &str, delay: &str) -> Option<Served> {
    let environment = [("OMTX_DRAIN_DELAY", delay)];
    let (mut a, b) = (
        Instance::start("a", &environment),
        Instance::start("b", &environment),
    );
    let haproxy = Haproxy::start(name, &[a.address, b.address])?;
    for instance in ["a", "b"] {
        eventually("both instances are used", || {
            haproxy.get().is_ok_and(|body| body == instance)
        });
    }
    let load = Load::start(&haproxy, 8);
    load.until_served(500);
    a.signal("TERM");
    assert!(a.ended());
    load.until_served(500);
    Some(load.stop())
}

/// Threads that send one request after the other.
struct Load {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn start(haproxy: &Haproxy, threads: usize) -> Self {
        let (stop, served) = (Arc::default(), Arc::default());
        let threads = (0..threads).map(|_| {
            let (stop, served) = (Arc::clone(&stop), Arc::clone(&served));
            let socket = haproxy.socket.clone();
            std::thread::spawn(move || {
                let mut failed = Vec::new();
                while !AtomicBool::load(&stop, Ordering::Relaxed) {
                    failed.extend(get(&socket).err());
                    AtomicUsize::fetch_add(&served, 1, Ordering::Relaxed);
                }
                failed
            })
        });
        Self {
            threads: threads.collect(),
            stop,
            served,
        }
    }

    /// Waits until so many more have been served.
    fn until_served(&self, more: usize) {
        let goal = self.served.load(Ordering::Relaxed) + more;
        eventually("requests are answered", || {
            self.served.load(Ordering::Relaxed) >= goal
        });
    }

    fn stop(self) -> Served {
        self.stop.store(true, Ordering::Relaxed);
        let failed = self
            .threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        Served {
            failed: failed.collect(),
            served: self.served.load(Ordering::Relaxed),
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
    /// One before these servers, or `None` where it is not installed. It never tries a request again.
    fn start(name: &str, servers: &[SocketAddr]) -> Option<Self> {
        // Socket paths are at most 108 bytes long: not in the target folder.
        let folder = std::env::temp_dir().join(format!("omtx-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let socket = folder.join("http");
        let mut config = format!(
            "defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    retries 0
frontend shop
    bind unix@{}
    default_backend shops
backend shops
    balance roundrobin
    option httpchk GET /ready
    http-check expect status 200
    default-server check inter 50ms fall 2 rise 1
",
            socket.display()
        );
        for (i, server) in servers.iter().enumerate() {
            config.push_str(&format!("    server shop{i} {server}\n"));
        }
        let file = folder.join("haproxy.cfg");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(&file);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let required =
                    std::env::var_os("OMTX_REQUIRE_ENGINES").is_some_and(|value| value == "1");
                assert!(
                    !required,
                    "cannot start haproxy: {error}; expected it to be installed"
                );
                eprintln!("skipped: haproxy is not installed ({error})");
                return None;
            }
        };
        Some(Self {
            socket,
            folder,
            child,
        })
    }

    fn get(&self) -> Result<String, String> {
        get(&self.socket)
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The body of a 200, or what came instead.
fn get(socket: &PathBuf) -> Result<String, String> {
    let told = |error: std::io::Error| error.to_string();
    let mut stream = UnixStream::connect(socket).map_err(told)?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n")
        .map_err(told)?;
    let mut response = String::new();
    stream.read_to_string(&mut response).map_err(told)?;
    match response.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(response.lines().next().unwrap_or("nothing").to_owned()),
    }
}
