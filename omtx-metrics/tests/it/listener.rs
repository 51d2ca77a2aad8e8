//! The standalone listener, over sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use omtx_metrics::listener::{Listener, ListenerBuilder};
use omtx_metrics::{Counter, Exporter, Gauge, Labels, Registry, Rows};

const HOUR: Duration = Duration::from_secs(3_600);

/// Sends `request` and reads until the server closes.
fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

fn ask(address: SocketAddr, method: &str, path: &str) -> String {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    exchange(address, &request)
}

fn scrape(address: SocketAddr) -> String {
    ask(address, "GET", "/metrics")
}

fn registry() -> Registry {
    let registry = Registry::new();
    let steps = registry.family::<(), Counter>("steps_total", "Steps.");
    steps.register().unwrap().with(()).add(3);
    registry
}

fn builder(registry: &Registry) -> ListenerBuilder {
    Listener::builder(&Exporter::new(registry))
}

fn at(builder: ListenerBuilder) -> Listener {
    builder.listen("127.0.0.1:0").unwrap()
}

/// A registry whose scrapes block until told otherwise, or until the sender is dropped.
fn blocking() -> (Registry, Receiver<()>, Sender<()>) {
    let registry = Registry::builder().collect_timeout(HOUR).build().unwrap();
    let (entered, collecting) = channel();
    let (release, released) = channel();
    let collector = move |rows: &mut Rows| {
        let _ = entered.send(());
        let _ = released.recv();
        rows.gauge("late", "Late.").row(&[], 1.0);
    };
    registry.register_collector("late", collector).unwrap();
    (registry, collecting, release)
}

fn scraping(listener: &Listener) -> JoinHandle<String> {
    let address = listener.local_addr();
    std::thread::spawn(move || scrape(address))
}

#[test]
fn metrics_are_served_without_a_runtime_of_the_programs() {
    let listener = registry().listen("127.0.0.1:0").unwrap();
    let address = listener.local_addr();
    assert_ne!(address.port(), 0);
    assert_eq!(listener.url(), format!("http://{address}/metrics"));

    let answer = scrape(address);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert!(answer.contains("\nsteps_total 3\n"));

    let head = ask(address, "HEAD", "/metrics");
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    let post = ask(address, "POST", "/metrics");
    assert!(
        post.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"),
        "{post}"
    );
    assert!(scrape(address).contains("omtx_scrapes_total{"));
}

#[test]
fn other_paths_say_where_the_metrics_are() {
    let listener = at(builder(&registry()).path("/internal/metrics"));
    for path in ["/", "/metrics", "/internal/metrics/", "/internal"] {
        let answer = ask(listener.local_addr(), "GET", path);
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
        assert!(
            answer.ends_with("\r\n\r\nmetrics are at /internal/metrics\n"),
            "{answer}"
        );
    }
    let answer = ask(listener.local_addr(), "GET", "/internal/metrics");
    assert!(answer.contains("\nsteps_total 3\n"), "{answer}");
}

#[test]
fn routes_of_the_programs_own_are_served_beside_the_metrics() {
    let routes = Router::new()
        .route("/live", get(async || "alive"))
        .route("/metrics", get(async || "not these"));
    let listener = at(builder(&registry()).routes(routes));
    let address = listener.local_addr();
    assert!(ask(address, "GET", "/live").ends_with("\r\n\r\nalive"));
    assert!(scrape(address).contains("\nsteps_total 3\n"));
    assert!(ask(address, "GET", "/nowhere").starts_with("HTTP/1.1 404 "));
}

#[test]
fn a_connection_is_kept_for_the_next_scrape() {
    let listener = at(builder(&registry()));
    let request = "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answers = exchange(listener.local_addr(), &format!("{request}{request}{last}"));
    assert_eq!(answers.matches("HTTP/1.1 404").count(), 3, "{answers}");
}

#[test]
fn an_address_that_cannot_be_bound_is_named() {
    let listener = at(builder(&registry()));
    let taken = listener.local_addr();
    let error = registry().listen(taken.to_string().as_str()).unwrap_err();
    assert!(error.is_io());
    let start = format!("cannot listen on \"{taken}\": ");
    assert!(error.to_string().starts_with(&start), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    for nonsense in ["", "127.0.0.1", "127.0.0.1:99999"] {
        let error = registry().listen(nonsense).unwrap_err();
        let start = format!("cannot listen on \"{nonsense}\": ");
        assert!(error.to_string().starts_with(&start), "{error}");
    }
}

#[test]
fn malformed_settings_are_refused_with_what_was_expected() {
    #[track_caller]
    fn refused(builder: ListenerBuilder, expected: &str) {
        let error = builder.listen("127.0.0.1:0").unwrap_err();
        assert!(error.is_invalid());
        assert_eq!(error.to_string(), expected);
    }
    let registry = registry();
    for path in ["", "metrics", "/{a}", "/a?b", "/a#b"] {
        refused(
            builder(&registry).path(path),
            &format!(
                "invalid path of a listener \"{path}\"; expected a slash, and no \"{{\", \"}}\", \"?\" or \"#\""
            ),
        );
    }
    refused(
        builder(&registry).max_connections(0),
        r#"invalid max_connections "0"; expected at least 1"#,
    );
    let times = "expected more than zero, and an hour at most";
    refused(
        builder(&registry).header_timeout(Duration::ZERO),
        &format!("invalid header_timeout \"0ns\"; {times}"),
    );
    refused(
        builder(&registry).write_timeout(HOUR * 2),
        &format!("invalid write_timeout \"7200s\"; {times}"),
    );
    refused(
        builder(&registry).shutdown_deadline(Duration::ZERO),
        &format!("invalid shutdown_deadline \"0ns\"; {times}"),
    );
}

#[test]
fn a_scrape_in_flight_is_answered_before_the_listener_is_gone() {
    let (registry, collecting, release) = blocking();
    let listener = at(builder(&registry).shutdown_deadline(HOUR));
    let address = listener.local_addr();
    let scraping = scraping(&listener);
    collecting.recv().unwrap();
    let dropping = std::thread::spawn(move || drop(listener));
    // Nobody is let in any more…
    let deadline = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "still accepts after a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
    // …and whoever was in gets an answer.
    release.send(()).unwrap();
    let answer = scraping.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\nlate 1\n"));
    dropping.join().unwrap();
}

#[test]
fn a_scrape_that_never_ends_holds_the_listener_up_for_its_deadline_only() {
    let (registry, collecting, release) = blocking();
    let listener = at(builder(&registry).shutdown_deadline(Duration::from_millis(50)));
    let address = listener.local_addr();
    let scraping = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer); // an end, or a reset
        answer
    });
    collecting.recv().unwrap();
    listener.shutdown(); // returns although the collector does not
    assert_eq!(scraping.join().unwrap(), b"");
    drop(release);
}

#[test]
fn a_collector_that_blocks_does_not_hold_up_other_requests() {
    let (registry, collecting, release) = blocking();
    let listener = at(builder(&registry));
    let scraping = scraping(&listener);
    collecting.recv().unwrap();
    let answer = ask(listener.local_addr(), "GET", "/");
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    drop(release);
    assert!(scraping.join().unwrap().starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_client_that_sends_half_a_request_is_closed() {
    // Long enough for this thread to send what it has, however busy the machine is.
    let listener = at(builder(&registry()).header_timeout(Duration::from_secs(2)));
    let address = listener.local_addr();
    for half in ["", "GET /metrics HTTP/1.1\r\nHost:"] {
        let answer = exchange(address, half); // returns, because the server closes
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    // An answered client that says no more is closed too.
    let answer = exchange(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[test]
fn a_request_without_end_is_refused() {
    let listener = at(builder(&registry()));
    // As much as is read: if more were left unread, the answer could be lost to a reset.
    let mut head = "GET /metrics HTTP/1.1\r\nX: ".to_owned();
    head.push_str(&"a".repeat(16 * 1024 - head.len()));
    let answer = exchange(listener.local_addr(), &head);
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[test]
fn a_client_that_does_not_read_is_closed_and_makes_room_for_the_next() {
    #[derive(Labels)]
    struct Large<'a> {
        value: &'a str,
    }
    let registry = Registry::new();
    let family = registry
        .family::<Large<'static>, Gauge>("large", "Large.")
        .register()
        .unwrap();
    // Far more than the sockets' buffers take.
    for n in 0..1_000 {
        let value = format!("{n}{}", "x".repeat(32 * 1024));
        family.with(Large { value: &value }).set(1.0);
    }
    let settings = builder(&registry)
        .max_connections(1)
        .write_timeout(Duration::from_millis(200));
    let listener = at(settings);
    let mut slow = TcpStream::connect(listener.local_addr()).unwrap();
    write!(slow, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    // There is room for one: this is answered only because the one that reads nothing was closed.
    let answer = ask(listener.local_addr(), "GET", "/");
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    drop(slow);
}

#[test]
fn clients_beyond_the_limit_wait_for_one_to_go() {
    let listener = at(builder(&registry()).max_connections(2));
    let address = listener.local_addr();
    let held: Vec<TcpStream> = (0..2)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            stream.read_exact(&mut [0]).unwrap(); // it is being served
            stream
        })
        .collect();
    let mut third = TcpStream::connect(address).unwrap();
    write!(
        third,
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    third
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    assert!(third.read(&mut [0]).is_err(), "answered beyond the limit");
    drop(held);
    third
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let mut answer = String::new();
    third.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[tokio::test]
async fn it_may_be_made_and_dropped_within_a_runtime() {
    let listener = at(builder(&registry()));
    let address = listener.local_addr();
    let answer = tokio::task::spawn_blocking(move || scrape(address)).await;
    assert!(answer.unwrap().contains("\nsteps_total 3\n"));
    drop(listener);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_detached_listener_goes_on() {
    let listener = at(builder(&registry()));
    let address = listener.local_addr();
    listener.detach();
    assert!(scrape(address).contains("\nsteps_total 3\n"));
}
