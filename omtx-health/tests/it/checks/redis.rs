use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use omtx_health::Check;
use omtx_health::checks::Redis;
use redis::aio::MultiplexedConnection;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::engine::{Folder, Process, free_address, installed, until_async};
use super::{degraded, say};

/// A server without persistence, unless the arguments ask for it.
pub(super) struct Server {
    pub(super) process: Process,
    address: SocketAddr,
    folder: Folder,
    arguments: Vec<String>,
}

impl Server {
    /// `None` where it is not installed.
    pub(super) async fn start(arguments: &[&str]) -> Option<Self> {
        if !installed("redis-server") {
            return None;
        }
        let mut server = Self {
            process: Process::start(&mut Command::new("true")),
            address: free_address(),
            folder: Folder::new(),
            arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
        };
        server.restart().await;
        Some(server)
    }

    pub(super) async fn restart(&mut self) {
        self.process.end(Signal::KILL);
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", &self.address.ip().to_string()])
            .args(["--port", &self.address.port().to_string()])
            .arg("--dir")
            .arg(self.folder.path())
            .args(["--save", ""])
            .args(&self.arguments);
        self.process = Process::start(&mut command);
        until_async("redis-server answers", async || {
            assert!(!self.process.has_ended(), "redis-server ended");
            let mut stream = TcpStream::connect(self.address).await.ok()?;
            stream.write_all(b"PING\r\n").await.ok()?;
            let mut answer = [0; 64];
            let n = stream.read(&mut answer).await.ok()?;
            // It listens before it has loaded its data.
            let ready = answer[..n].starts_with(b"+PONG") || answer[..n].starts_with(b"-NOAUTH");
            ready.then_some(())
        })
        .await;
    }

    pub(super) fn url(&self, credentials: &str) -> String {
        format!("redis://{credentials}{}/0", self.address)
    }

    fn check(&self) -> Redis {
        Redis::new(&self.url("")).unwrap()
    }

    fn place(&self) -> String {
        self.address.to_string()
    }

    pub(super) async fn connection(&self, credentials: &str) -> MultiplexedConnection {
        let client = redis::Client::open(self.url(credentials)).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }
}

#[tokio::test]
async fn the_check_follows_a_server_that_is_killed_restarted_and_paused() {
    let Some(mut server) = Server::start(&[]).await else {
        return;
    };
    let place = server.place();
    let check = server.check().timeout(Duration::from_secs(20));
    assert_eq!(say(&check).await, Ok(None));

    server.process.end(Signal::KILL);
    assert_eq!(
        say(&check).await,
        Err(format!(
            "cannot connect to {place}: Connection refused (os error 111)"
        ))
    );

    server.restart().await;
    assert_eq!(say(&check).await, Ok(None));

    server.process.signal(Signal::STOP);
    let impatient = server.check().timeout(Duration::from_millis(200));
    assert_eq!(
        say(&impatient).await,
        Err(format!("{place}: no answer within 200 ms"))
    );

    server.process.signal(Signal::CONT);
    assert_eq!(say(&check).await, Ok(None));
}

#[tokio::test]
async fn a_password_that_was_not_given_is_a_reservation_and_a_wrong_one_a_failure() {
    let Some(server) = Server::start(&["--requirepass", "right"]).await else {
        return;
    };
    let place = server.place();
    assert_eq!(
        say(&server.check()).await,
        degraded(format!("{place} asks for a password (NOAUTH)"))
    );
    let wrong = Redis::new(&server.url(":wrong@")).unwrap();
    assert_eq!(
        say(&wrong).await,
        Err(format!("{place} refuses the credentials (WRONGPASS)"))
    );
    let right = Redis::new(&server.url(":right@")).unwrap();
    assert_eq!(say(&right).await, Ok(None));

    let mut admin = server.connection(":right@").await;
    redis::cmd("ACL")
        .arg(&["SETUSER", "app", "on", ">secret", "-@all"])
        .exec_async(&mut admin)
        .await
        .unwrap();
    let app = Redis::new(&server.url("app:secret@")).unwrap();
    assert_eq!(
        say(&app).await,
        degraded(format!("{place} refuses this user the command (NOPERM)"))
    );
    let failure = wrong.run().await.unwrap_err();
    assert_eq!(failure.details()["code"], "WRONGPASS");
}

#[tokio::test]
async fn a_password_where_none_is_asked_for_is_wrong_too() {
    let Some(server) = Server::start(&[]).await else {
        return;
    };
    let check = Redis::new(&server.url(":any@")).unwrap();
    assert_eq!(
        say(&check).await,
        Err(format!("{} refuses the credentials (ERR)", server.place()))
    );
}

#[tokio::test]
async fn a_server_with_all_connections_taken_says_so_and_recovers() {
    let Some(server) = Server::start(&["--maxclients", "1"]).await else {
        return;
    };
    let check = server.check();
    // The connection that start-up made may not be gone yet.
    let holder = until_async("a connection", async || {
        let client = redis::Client::open(server.url("")).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        let pong = redis::cmd("PING").exec_async(&mut connection).await;
        pong.ok().map(|()| connection)
    })
    .await;
    let place = server.place();
    let expected = [
        format!("{place} has no connection left (ERR)"),
        format!("{place} closed the connection; maxclients may be reached"),
    ];
    let error = say(&check).await.unwrap_err();
    assert!(expected.contains(&error), "{error}");
    drop(holder);
    until_async("recovery", async || say(&check).await.ok()).await;
}

#[tokio::test]
async fn a_server_that_cannot_save_is_a_reservation() {
    let Some(server) = Server::start(&["--save", "3600 1"]).await else {
        return;
    };
    // It cannot be replaced by a file.
    std::fs::create_dir(server.folder.path().join("dump.rdb")).unwrap();
    let mut admin = server.connection("").await;
    redis::cmd("BGSAVE").exec_async(&mut admin).await.unwrap();
    let expected = format!(
        "{} takes no writes: it cannot save to disk (MISCONF)",
        server.place()
    );
    let check = server.check();
    until_async("MISCONF", async || {
        (say(&check).await == degraded(&*expected)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_script_that_does_not_end_is_a_failure_until_it_is_killed() {
    let Some(server) = Server::start(&["--busy-reply-threshold", "10"]).await else {
        return;
    };
    let (mut busy, mut admin) = (server.connection("").await, server.connection("").await);
    let script = tokio::spawn(async move {
        let mut eval = redis::cmd("EVAL");
        eval.arg("while true do end").arg(0);
        eval.exec_async(&mut busy).await
    });
    let check = server.check();
    let expected = Err(format!("{} is busy with a script (BUSY)", server.place()));
    until_async("BUSY", async || {
        (say(&check).await == expected).then_some(())
    })
    .await;

    redis::cmd("SCRIPT")
        .arg("KILL")
        .exec_async(&mut admin)
        .await
        .unwrap();
    let _ = script.await;
    assert_eq!(say(&check).await, Ok(None));
}

#[tokio::test]
async fn a_replica_is_up_unless_writes_are_asked_for() {
    let Some(server) = Server::start(&["--replicaof", "127.0.0.1 1"]).await else {
        return;
    };
    assert_eq!(say(&server.check()).await, Ok(None));
    let writable = server.check().writable(true);
    assert_eq!(
        say(&writable).await,
        Err(format!(
            "{} is a replica, and takes no writes",
            server.place()
        ))
    );
    let mut admin = server.connection("").await;
    redis::cmd("REPLICAOF")
        .arg(&["NO", "ONE"])
        .exec_async(&mut admin)
        .await
        .unwrap();
    assert_eq!(say(&writable).await, Ok(None));
}

#[tokio::test]
async fn the_applications_own_connection_is_asked_too() {
    let Some(mut server) = Server::start(&[]).await else {
        return;
    };
    let client = redis::Client::open(server.url("")).unwrap();
    let config = redis::aio::ConnectionManagerConfig::new().set_number_of_retries(1);
    let manager = client
        .get_connection_manager_with_config(config)
        .await
        .unwrap();
    let check = Redis::through("cache", move || {
        let manager = manager.clone();
        async move { Ok(manager) }
    });
    assert_eq!(say(&check).await, Ok(None));
    let writable = check.writable(true);
    assert_eq!(say(&writable).await, Ok(None));

    server.process.end(Signal::KILL);
    let error = say(&writable).await.unwrap_err();
    assert!(error.starts_with("cache"), "{error}");

    server.restart().await;
    until_async("recovery", async || say(&writable).await.ok()).await;
}

/// Answers every connection with this, and then reads on.
async fn canned(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 64];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
                if !answer.is_empty() {
                    let _ = stream.read(&mut request).await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn what_a_server_may_say_is_told_by_its_code_and_never_with_the_password() {
    for (answer, expected) in [
        (
            &b"-LOADING Redis is loading the dataset in memory\r\n"[..],
            Err("{} loads its data (LOADING)"),
        ),
        (
            b"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
            Err("{} is a replica that has lost its primary (MASTERDOWN)"),
        ),
        (
            b"-CLUSTERDOWN The cluster is down\r\n",
            Err("{} belongs to a cluster that is down (CLUSTERDOWN)"),
        ),
        (
            b"-ERR invalid password\r\n",
            Err("{} refuses the credentials (ERR)"),
        ),
        (
            b"-EXAMPLE S3CRET\r\n",
            Err("{} answered with an error (EXAMPLE)"),
        ),
        (b"-ERR S3CRET\r\n", Err("{} answered with an error (ERR)")),
        (b"", Err("{} closed the connection; maxclients may be reached")),
    ] {
        let port = canned(answer).await;
        let place = format!("127.0.0.1:{port}");
        let check = Redis::new(&format!("redis://:S3CRET@{place}")).unwrap();
        let expected: Result<Option<String>, _> =
            expected.map_err(|text: &str| text.replace("{}", &place));
        assert_eq!(say(&check).await, expected);
    }
}

#[tokio::test]
async fn a_server_of_another_kind_is_a_failure() {
    for answer in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"\0\0\0",
        b"$-7\r\n",
    ] {
        let port = canned(answer).await;
        let place = format!("127.0.0.1:{port}");
        let check = Redis::new(&format!("redis://:S3CRET@{place}"))
            .unwrap()
            .timeout(Duration::from_millis(300));
        let error = say(&check).await.unwrap_err();
        assert!(error.starts_with(&place), "{error}");
        assert!(!error.contains("S3CRET"), "{error}");
    }
}
