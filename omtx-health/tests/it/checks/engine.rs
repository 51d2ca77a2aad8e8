//! Servers of the system's, where they are installed.
#![allow(dead_code)] // what is used depends on the features

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take on a machine that does other work as well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until the answer is `Some`.
///
/// # Panics
///
/// If it takes longer than [`PATIENCE`].
#[track_caller]
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{what}: not within {PATIENCE:?}"
        );
        std::thread::sleep(Duration::from_millis(20)); // processes have no event for it
    }
}

/// The same for a future.
pub(crate) async fn until_async<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{what}: not within {PATIENCE:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether `program` is installed; says in one line that it is not.
///
/// # Panics
///
/// If it is missing although `OMTX_REQUIRE_ENGINES=1`, as in CI.
pub(crate) fn installed(program: impl AsRef<Path>) -> bool {
    let program = program.as_ref();
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let Err(error) = found else { return true };
    let program = program.display();
    let required = std::env::var_os("OMTX_REQUIRE_ENGINES").is_some_and(|value| value == "1");
    assert!(
        !required,
        "cannot start {program}: {error}; expected it to be installed"
    );
    eprintln!("skipped: {program} is not installed ({error})");
    false
}

/// A port that nobody listens on, on a loopback address of its own, so that nobody takes it in the meantime.
pub(crate) fn free_address() -> SocketAddr {
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 100 + (next() % 100) as u8, high, low);
    TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap()
}

fn next() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A folder that goes away with its owner.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let next = next();
        // Short, because sockets live in it, and not below `target`, which a server's own user may not enter.
        let path = std::env::temp_dir().join(format!("omtx-{}-{next}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server's process; it does not outlive its owner.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// SIGSTOP for a pause, SIGCONT for its end, SIGKILL.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    pub(crate) fn end(&mut self, signal: Signal) {
        if !self.has_ended() {
            self.signal(signal);
            self.signal(Signal::CONT); // it may be paused
        }
        until("the end of a server", || self.has_ended().then_some(()));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Who may run PostgreSQL, which refuses root: the user that its package makes, if this is root.
pub(crate) fn postgres_user() -> Option<(u32, u32)> {
    let here = fs::metadata("/proc/self").unwrap().uid();
    if here != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let fields: Vec<_> = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields[0] == "postgres")
        .expect("the package has made a user");
    Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
}

/// `command`, run by that user, in a folder that is the user's own.
pub(crate) fn as_user(
    command: &mut Command,
    user: Option<(u32, u32)>,
    folder: &Path,
) -> io::Result<()> {
    command.current_dir(folder);
    if let Some((uid, gid)) = user {
        chown(folder, Some(uid), Some(gid))?;
        command.uid(uid).gid(gid);
    }
    Ok(())
}
