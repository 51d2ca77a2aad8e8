//! Lines to sockets that take them as a syslog daemon does.

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;

use omtx_logging::writer::{Facility, Syslog};
use omtx_logging::{Counters, DropReason, Severity, Sink};

fn text(receive: impl FnOnce(&mut [u8]) -> std::io::Result<usize>) -> String {
    let mut buffer = vec![0; 1 << 16];
    let len = receive(&mut buffer).unwrap();
    String::from_utf8(buffer[..len].to_vec()).unwrap()
}

#[test]
fn a_daemon_of_this_machine_gets_priority_time_name_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let daemon = UnixDatagram::bind(&path).unwrap();
    let syslog = Syslog::options("hub")
        .facility(Facility::Daemon)
        .cee(true)
        .socket(&path)
        .connect()
        .unwrap();
    // Facility 3 times 8, and the severity.
    for (severity, number) in Severity::ALL.into_iter().zip([7, 6, 4, 3, 2]) {
        syslog.write(severity, b"{\"message\":\"hello\"}\n");
        let received = text(|buffer| daemon.recv(buffer));
        let (head, line) = received.split_once(": ").unwrap();
        assert_eq!(line, "@cee: {\"message\":\"hello\"}");
        assert!(head.starts_with(&format!("<{}>", 24 + number)), "{head}");
        assert!(
            head.ends_with(&format!(" hub[{}]", std::process::id())),
            "{head}"
        );
    }
}

#[test]
fn a_daemon_elsewhere_gets_what_rfc_5424_says() {
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    let syslog = Syslog::options("hub")
        .facility(Facility::Local7)
        .udp(daemon.local_addr().unwrap())
        .connect()
        .unwrap();
    syslog.write(Severity::Warning, b"{\"message\":\"hello\"}\n");
    let received = text(|buffer| daemon.recv(buffer));
    // <PRI>VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG
    let parts: Vec<_> = received.splitn(8, ' ').collect();
    assert_eq!(parts[0], format!("<{}>1", 23 * 8 + 4));
    assert!(parts[1].ends_with('Z'), "{received}");
    assert_eq!(
        parts[3..7],
        ["hub", &std::process::id().to_string(), "0", "-"]
    );
    assert_eq!(parts[7], "{\"message\":\"hello\"}");
}

#[test]
fn a_daemon_that_is_gone_is_counted_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let daemon = UnixDatagram::bind(&path).unwrap();
    let counters = Arc::new(Counters::default());
    let syslog = Syslog::options("hub").socket(&path).connect().unwrap();
    syslog.attach(&counters);

    drop(daemon);
    syslog.write(Severity::Info, b"{}\n");
    std::fs::remove_file(&path).unwrap();
    syslog.write(Severity::Info, b"{}\n");
    assert_eq!(
        counters.stats().dropped(Severity::Info, DropReason::Closed),
        2
    );

    let daemon = UnixDatagram::bind(&path).unwrap();
    syslog.write(Severity::Info, b"{\"n\":3}\n");
    assert!(text(|buffer| daemon.recv(buffer)).ends_with("{\"n\":3}"));
}

#[test]
fn a_line_longer_than_a_datagram_is_counted() {
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    let counters = Arc::new(Counters::default());
    let syslog = Syslog::options("hub")
        .udp(daemon.local_addr().unwrap())
        .connect()
        .unwrap();
    syslog.attach(&counters);
    syslog.write(Severity::Info, &[b'x'; 100_000]);
    assert_eq!(
        counters
            .stats()
            .dropped(Severity::Info, DropReason::WriteError),
        1
    );
}

#[test]
fn nobody_to_talk_to_is_an_error_at_the_start() {
    let error = Syslog::options("hub")
        .socket("/nonexistent/log")
        .connect()
        .unwrap_err();
    assert!(error.is_io());
    assert_eq!(error.to_string(), "cannot reach syslog at /nonexistent/log");
}
