use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use omtx_health::Check;
use omtx_health::checks::Postgres;
use rustix::process::Signal;
use tokio_postgres::NoTls;

use super::engine::{
    Folder, Process, as_user, free_address, installed, postgres_user, until_async,
};
use super::say;

/// The highest version that Debian's packages have put there.
fn program(name: &str) -> PathBuf {
    let mut folders: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    match folders.pop() {
        Some(folder) => folder.join("bin").join(name),
        None => name.into(),
    }
}

/// A server with one user, `app`, whose password is `right`, and the database `app`.
pub(super) struct Server {
    pub(super) process: Process,
    address: SocketAddr,
    folder: Folder,
    arguments: Vec<String>,
}

impl Server {
    /// `None` where it is not installed.
    pub(super) async fn start(arguments: &[&str]) -> Option<Self> {
        Self::start_with(arguments, |_| ()).await
    }

    /// The same with further files in its folder, which are made its own.
    async fn start_with(arguments: &[&str], prepare: impl FnOnce(&Path)) -> Option<Self> {
        let initdb = program("initdb");
        if !installed(&initdb) {
            return None;
        }
        let folder = Folder::new();
        let password = folder.path().join("password");
        std::fs::write(&password, "right").unwrap();
        let mut command = Command::new(initdb);
        as_user(&mut command, postgres_user(), folder.path()).unwrap();
        let made = command
            .args(["--no-sync", "--no-locale", "--encoding=UTF8"])
            .args(["--auth=scram-sha-256", "--username=app", "--pgdata=data"])
            .arg("--pwfile")
            .arg(&password)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb: {log}");
        prepare(&folder.path().join("data"));
        let mut server = Self {
            process: Process::start(&mut Command::new("true")),
            address: free_address(),
            folder,
            arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
        };
        server.restart().await;
        Some(server)
    }

    pub(super) async fn restart(&mut self) {
        self.process.end(Signal::QUIT);
        let (ip, port) = (
            self.address.ip().to_string(),
            self.address.port().to_string(),
        );
        let (client, socket) = (self.url("right", "postgres"), self.folder.path().to_owned());
        until_async("postgres listens", async || {
            if self.process.has_ended() {
                // At first, and while the children of one that was killed still hold its memory.
                let mut command = Command::new(program("postgres"));
                as_user(&mut command, postgres_user(), &socket).unwrap();
                command
                    .args(["-D", "data", "-p", &port, "-h", &ip])
                    .arg("-k")
                    .arg(&socket)
                    .args(["-c", "fsync=off"])
                    .args(&self.arguments);
                self.process = Process::start(&mut command);
            }
            let session = tokio_postgres::connect(&client, NoTls).await;
            session.ok().map(drop)
        })
        .await;
    }

    pub(super) fn url(&self, password: &str, database: &str) -> String {
        format!("postgres://app:{password}@{}/{database}", self.address)
    }

    fn check(&self) -> Postgres {
        Postgres::new(&self.url("right", "postgres")).unwrap()
    }

    fn place(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.end(Signal::QUIT); // takes its children along
    }
}

#[tokio::test]
async fn the_check_follows_a_server_that_is_killed_restarted_and_paused() {
    let Some(mut server) = Server::start(&[]).await else {
        return;
    };
    let place = server.place();
    let check = server.check().timeout(Duration::from_secs(20));
    let verdict = check.run().await.unwrap();
    assert!(verdict.details()["server_version"].is_string());

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
    let impatient = server.check().timeout(Duration::from_millis(300));
    assert_eq!(
        say(&impatient).await,
        Err(format!("{place}: no session within 300 ms"))
    );

    server.process.signal(Signal::CONT);
    assert_eq!(say(&check).await, Ok(None));

    // Every session that a check has opened is closed.
    let (client, connection) = tokio_postgres::connect(&server.url("right", "postgres"), NoTls)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    until_async("sessions to end", async || {
        let query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'omtx-health'";
        let row = client.query_one(query, &[]).await.unwrap();
        (row.get::<_, i64>(0) == 0).then_some(())
    })
    .await;
    drop(client);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_the_server_refuses_is_told_by_its_code_and_never_with_the_password() {
    let Some(server) = Server::start(&[
        "-c",
        "max_connections=4",
        "-c",
        "superuser_reserved_connections=0",
        "-c",
        "max_wal_senders=0",
    ])
    .await
    else {
        return;
    };
    let place = server.place();

    let wrong = Postgres::new(&server.url("S3CRET", "postgres")).unwrap();
    assert_eq!(
        say(&wrong).await,
        Err(format!("{place} refuses the credentials (28P01)"))
    );
    let failure = wrong.run().await.unwrap_err();
    assert_eq!(failure.details()["sqlstate"], "28P01");

    let nowhere = Postgres::new(&server.url("right", "nowhere")).unwrap();
    assert_eq!(
        say(&nowhere).await,
        Err(format!("{place} has no such database (3D000)"))
    );

    let check = server.check();
    let mut holders = Vec::new();
    // The sessions above may be closing still.
    until_async(
        "all connections taken",
        async || match tokio_postgres::connect(&server.url("right", "postgres"), NoTls).await {
            Ok((client, connection)) => {
                holders.push((client, tokio::spawn(connection)));
                None
            }
            Err(_) => Some(()),
        },
    )
    .await;
    assert_eq!(
        say(&check).await,
        Err(format!("{place} has no connection left (53300)"))
    );
    drop(holders);
    until_async("recovery", async || say(&check).await.ok()).await;
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_up_unless_they_are_asked_for() {
    let Some(server) = Server::start(&["-c", "default_transaction_read_only=on"]).await else {
        return;
    };
    let place = server.place();
    assert_eq!(say(&server.check()).await, Ok(None));
    assert_eq!(
        say(&server.check().writable(true)).await,
        Err(format!("{place} takes no writes"))
    );

    // Over its socket, too.
    let socket = server.folder.path().display();
    let text = format!(
        "host={socket} port={} user=app password=right dbname=postgres",
        server.address.port()
    );
    assert_eq!(say(&Postgres::new(&text).unwrap()).await, Ok(None));
    let writable = Postgres::new(&format!(
        "{text} options='-c default_transaction_read_only=off'"
    ));
    assert_eq!(say(&writable.unwrap().writable(true)).await, Ok(None));
}

#[tokio::test]
async fn the_applications_own_pool_is_asked_and_found_empty() {
    let Some(mut server) = Server::start(&[]).await else {
        return;
    };
    let config = server.url("right", "postgres").parse().unwrap();
    let pool = deadpool_postgres::Pool::builder(deadpool_postgres::Manager::new(config, NoTls))
        .max_size(1)
        .build()
        .unwrap();
    let through = |pool: deadpool_postgres::Pool| {
        Postgres::through("db", move || {
            let pool = pool.clone();
            async move {
                pool.get().await?.simple_query("SELECT 1").await?;
                Ok(())
            }
        })
    };
    let check = through(pool.clone());
    assert_eq!(say(&check).await, Ok(None));

    let held = pool.get().await.unwrap();
    let impatient = through(pool.clone()).timeout(Duration::from_millis(200));
    assert_eq!(
        say(&impatient).await,
        Err("db: neither a connection nor an answer within 200 ms".to_owned())
    );
    drop(held);
    assert_eq!(say(&check).await, Ok(None));

    // What the server says is told by its code, through the pool's error.
    let config = server.url("S3CRET", "postgres").parse().unwrap();
    let manager = deadpool_postgres::Manager::new(config, NoTls);
    let wrong = deadpool_postgres::Pool::builder(manager).build().unwrap();
    assert_eq!(
        say(&through(wrong)).await,
        Err("db refuses the credentials (28P01)".to_owned())
    );

    server.process.end(Signal::KILL);
    let error = until_async("failure", async || say(&check).await.err()).await;
    assert!(error.starts_with("db"), "{error}");
    server.restart().await;
    until_async("recovery", async || say(&check).await.ok()).await;
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn a_session_over_tls_is_opened_with_the_applications_connector() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::sync::Arc;

    use tokio_postgres_rustls::MakeRustlsConnect;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let arguments = ["ssl=on", "ssl_cert_file=tls.crt", "ssl_key_file=tls.key"];
    let arguments: Vec<_> = arguments.iter().flat_map(|it| ["-c", it]).collect();
    let server = Server::start_with(&arguments, |data| {
        for (name, pem) in [
            ("tls.crt", certified.cert.pem()),
            ("tls.key", certified.signing_key.serialize_pem()),
        ] {
            let path = data.join(name);
            fs::write(&path, pem).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            if let Some((uid, gid)) = postgres_user() {
                chown(&path, Some(uid), Some(gid)).unwrap();
            }
        }
    });
    let Some(server) = server.await else {
        return;
    };
    let connector = |roots: RootCertStore| {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        MakeRustlsConnect::new(config)
    };
    let mut roots = RootCertStore::empty();
    roots.add(certified.cert.der().clone()).unwrap();

    // Sent to the server's address, and verified as another name's.
    let (ip, port) = (server.address.ip(), server.address.port());
    let text = format!(
        "host=localhost hostaddr={ip} port={port} user=app password=right dbname=postgres \
         sslmode=require"
    );
    let trusting = Postgres::tls(&text, connector(roots)).unwrap();
    assert_eq!(say(&trusting).await, Ok(None));

    let stranger = Postgres::tls(&text, connector(RootCertStore::empty())).unwrap();
    let error = say(&stranger).await.unwrap_err();
    let expected = format!("localhost:{port}: error performing TLS handshake: ");
    assert!(error.starts_with(&expected), "{error}");

    let error = Postgres::new(&text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid Postgres sslmode \"require\"; expected a TLS connector, by Postgres::tls"
    );
}
