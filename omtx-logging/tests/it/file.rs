//! Lines to a file that is rotated.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use omtx_logging::writer::{Batch, Queue, RotatingFile};
use omtx_logging::{Counters, DropReason, Severity, Sink};

/// The files of a folder, oldest first, each as its lines.
fn files(folder: &Path) -> Vec<Vec<String>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    // `hub.log` is the newest; rotated ones of one second are numbered.
    paths.sort_by_key(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let rotated = name.strip_prefix("hub.log.").map(str::to_owned);
        let (time, number) = match &rotated {
            Some(rotated) => match rotated.split_once('.') {
                Some((time, number)) => (time.to_owned(), number.parse().unwrap()),
                None => (rotated.clone(), 0),
            },
            None => ("~".to_owned(), 0_u64),
        };
        (time, number)
    });
    paths
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).unwrap();
            assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
            text.lines().map(str::to_owned).collect()
        })
        .collect()
}

fn line(number: usize) -> String {
    format!("{number:09}\n")
}

#[test]
fn a_file_is_rotated_before_it_is_longer_than_allowed_and_no_line_is_cut_or_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = RotatingFile::options(folder.path().join("hub.log"))
        .max_bytes(25)
        .keep(100)
        .open()
        .unwrap();
    for number in 0..5 {
        file.write(Severity::Info, line(number).as_bytes());
    }
    let lines = (5..10).map(|number| (Severity::Info, line(number)));
    file.write_batch(&mut Batch::from_lines(lines));
    file.write(Severity::Info, format!("{}\n", "x".repeat(100)).as_bytes());
    file.write(Severity::Info, line(10).as_bytes());

    let files = files(folder.path());
    let lengths: Vec<_> = files.iter().map(Vec::len).collect();
    assert_eq!(lengths, [2, 2, 2, 2, 2, 1, 1]);
    let lines: Vec<_> = files.concat();
    for (number, line) in lines.iter().take(10).enumerate() {
        assert_eq!(line.parse(), Ok(number));
    }
    assert_eq!(lines[10].len(), 100);
}

#[test]
fn the_oldest_files_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let file = RotatingFile::options(folder.path().join("hub.log"))
        .max_bytes(10)
        .keep(3)
        .open()
        .unwrap();
    for number in 0..20 {
        file.write(Severity::Info, line(number).as_bytes());
    }
    let kept: Vec<usize> = files(folder.path())
        .concat()
        .iter()
        .map(|line| line.parse().unwrap())
        .collect();
    assert_eq!(kept, [16, 17, 18, 19]);
}

#[test]
fn lines_go_on_in_a_file_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.log");
    for number in 0..3 {
        let file = RotatingFile::options(&path).max_bytes(20).open().unwrap();
        file.write(Severity::Info, line(number).as_bytes());
    }
    let lengths: Vec<_> = files(folder.path()).iter().map(Vec::len).collect();
    assert_eq!(lengths, [2, 1]);
}

#[test]
fn a_file_that_another_program_moved_or_cut_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.log");
    let file = RotatingFile::open(&path).unwrap();
    file.write(Severity::Info, b"one\n");
    fs::rename(&path, folder.path().join("moved")).unwrap();
    file.write(Severity::Info, b"two\n");
    file.reopen().unwrap();
    file.write(Severity::Info, b"three\n");
    assert_eq!(
        fs::read_to_string(folder.path().join("moved")).unwrap(),
        "one\ntwo\n"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
    // As logrotate's `copytruncate` does.
    fs::write(&path, "").unwrap();
    file.write(Severity::Info, b"four\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), "four\n");
}

#[test]
fn a_rotation_that_fails_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    let file = RotatingFile::options(logs.join("hub.log"))
        .max_bytes(10)
        .open()
        .unwrap();
    file.write(Severity::Info, line(0).as_bytes());
    // The folder is gone, and where it was nothing can be made.
    let moved = folder.path().join("moved");
    fs::rename(&logs, &moved).unwrap();
    fs::write(&logs, "not a folder").unwrap();
    for number in 1..10 {
        file.write(Severity::Info, line(number).as_bytes());
    }
    assert!(file.reopen().unwrap_err().is_io());
    file.write(Severity::Info, line(10).as_bytes());
    let kept = fs::read_to_string(moved.join("hub.log")).unwrap();
    assert_eq!(kept.lines().count(), 11);
}

#[test]
fn what_cannot_be_opened_is_named() {
    let error = RotatingFile::open("/dev/null/hub.log").unwrap_err();
    assert!(error.is_io());
    assert_eq!(error.to_string(), "cannot open /dev/null/hub.log");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_full_disk_is_counted() {
    let counters = Arc::new(Counters::default());
    let queue = Queue::new(RotatingFile::open("/dev/full").unwrap()).unwrap();
    queue.attach(&counters);
    queue.write(Severity::Error, b"a line\n");
    drop(queue);
    assert_eq!(
        counters
            .stats()
            .dropped(Severity::Error, DropReason::DiskFull),
        1
    );
}
