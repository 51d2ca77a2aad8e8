//! Lines to a socket that takes them as journald does.

use std::fs::File;
use std::io::{IoSliceMut, Read, Seek, SeekFrom};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;

use omtx_logging::writer::Journald;
use omtx_logging::{Counters, DropReason, Severity, Sink};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

struct Journal {
    socket: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Journal {
    fn new() -> (Self, Journald) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let socket = UnixDatagram::bind(&path).unwrap();
        let sender = Journald::connect_to("hub", path).unwrap();
        assert_eq!(
            socket.recv(&mut [0; 1]).unwrap(),
            0,
            "one to see whether it is there"
        );
        (Self { socket, folder }, sender)
    }

    /// The entry as its bytes, from the datagram or from the memory that came with it.
    fn receive(&self) -> Vec<u8> {
        let mut payload = vec![0; 1 << 20];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut slices = [IoSliceMut::new(&mut payload)];
        let received =
            recvmsg(&self.socket, &mut slices, &mut control, RecvFlags::empty()).unwrap();
        payload.truncate(received.bytes);
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(mut files) = message {
                assert!(payload.is_empty());
                let mut file = File::from(files.next().unwrap());
                file.seek(SeekFrom::Start(0)).unwrap();
                file.read_to_end(&mut payload).unwrap();
            }
        }
        payload
    }
}

#[test]
fn the_fields_of_a_line_are_fields_of_the_journal() {
    let (journal, journald) = Journal::new();
    let line = concat!(
        r#"{"timestamp":"2026-03-05T07:11:02.000001Z","level":"ERROR","message":"no space","#,
        r#""service":{"name":"hub"},"job_id":"j-1","performance":{"duration_ms":12.5,"ok":true},"#,
        r#""_hidden":1,"9lives":[1,2],"gone":null,"kürzel":"k","PRIORITY":0}"#,
        "\n"
    );
    journald.write(Severity::Error, line.as_bytes());
    let entry = String::from_utf8(journal.receive()).unwrap();
    let mut fields: Vec<_> = entry.lines().collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "FIELD_9LIVES=[1,2]",
            "HIDDEN=1",
            "JOB_ID=j-1",
            "K_RZEL=k",
            "LEVEL=ERROR",
            "MESSAGE=no space",
            "PERFORMANCE_DURATION_MS=12.5",
            "PERFORMANCE_OK=true",
            "PRIORITY=3",
            "SERVICE_NAME=hub",
            "SYSLOG_IDENTIFIER=hub",
            "TIMESTAMP=2026-03-05T07:11:02.000001Z",
        ]
    );
}

#[test]
fn severities_are_priorities() {
    let (journal, journald) = Journal::new();
    for (severity, priority) in Severity::ALL.into_iter().zip(["7", "6", "4", "3", "2"]) {
        journald.write(severity, b"{}\n");
        let entry = String::from_utf8(journal.receive()).unwrap();
        assert_eq!(
            entry,
            format!("PRIORITY={priority}\nSYSLOG_IDENTIFIER=hub\n")
        );
    }
}

#[test]
fn a_value_of_several_lines_has_its_length_in_front() {
    let (journal, journald) = Journal::new();
    journald.write(Severity::Info, b"{\"message\":\"a\\nb=c\"}\n");
    assert_eq!(
        journal.receive(),
        b"PRIORITY=6\nSYSLOG_IDENTIFIER=hub\nMESSAGE\n\x05\0\0\0\0\0\0\0a\nb=c\n"
    );
}

#[test]
fn a_line_that_is_no_object_is_the_message() {
    let (journal, journald) = Journal::new();
    journald.write(Severity::Info, b"07:11 INFO hello\n");
    assert_eq!(
        journal.receive(),
        b"PRIORITY=6\nSYSLOG_IDENTIFIER=hub\nMESSAGE=07:11 INFO hello\n"
    );
}

#[test]
fn names_are_cut_to_what_journald_takes() {
    let (journal, journald) = Journal::new();
    let line = format!("{{\"{}.x\":1}}\n", "k".repeat(63));
    journald.write(Severity::Info, line.as_bytes());
    let entry = String::from_utf8(journal.receive()).unwrap();
    assert!(
        entry.ends_with(&format!("\n{}=1\n", "K".repeat(63))),
        "{entry}"
    );
}

#[test]
fn a_line_too_long_for_a_datagram_arrives_in_memory() {
    let (journal, journald) = Journal::new();
    let message = "m".repeat(600_000);
    journald.write(
        Severity::Info,
        format!("{{\"message\":\"{message}\"}}\n").as_bytes(),
    );
    let entry = String::from_utf8(journal.receive()).unwrap();
    assert!(entry.ends_with(&format!("MESSAGE={message}\n")));
}

#[test]
fn a_journald_that_is_gone_is_counted_and_found_again() {
    let (journal, journald) = Journal::new();
    let counters = Arc::new(Counters::default());
    journald.attach(&counters);
    let path = journal.folder.path().join("socket");
    drop(journal.socket);
    journald.write(Severity::Info, b"{}\n");
    std::fs::remove_file(&path).unwrap();
    journald.write(Severity::Info, b"{}\n");
    assert_eq!(
        counters.stats().dropped(Severity::Info, DropReason::Closed),
        2
    );

    let socket = UnixDatagram::bind(&path).unwrap();
    journald.write(Severity::Info, b"{}\n");
    assert!(socket.recv(&mut [0; 100]).unwrap() > 0);
    assert_eq!(counters.stats().dropped_total(), 2);
}

#[test]
fn nobody_to_talk_to_is_an_error_at_the_start() {
    let error = Journald::connect_to("hub", "/nonexistent/socket").unwrap_err();
    assert!(error.is_io());
    assert_eq!(
        error.to_string(),
        "cannot reach journald at /nonexistent/socket"
    );
}
