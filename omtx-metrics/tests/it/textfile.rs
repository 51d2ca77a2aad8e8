//! Files for node exporter.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use omtx_metrics::testing::Exposition;
use omtx_metrics::textfile::Textfile;
use omtx_metrics::{Exporter, IntGauge, Registry};

/// A folder of its own, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("textfile-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(&self.0).unwrap();
        names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn registry(files: i64) -> Registry {
    let registry = Registry::new();
    let family = registry
        .family::<(), IntGauge>("backup_files", "Files of the last backup.")
        .register()
        .unwrap();
    family.with(()).set(files);
    registry
}

fn writes(registry: &Registry, outcome: &str) -> f64 {
    let scrape = Exporter::new(registry).scrape().into_body();
    let read = Exposition::parse(std::str::from_utf8(&scrape).unwrap()).unwrap();
    read.read("omtx_textfile_writes_total", &[("outcome", outcome)])
        .unwrap()
}

#[test]
fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
    let folder = Folder::new("replaced");
    let path = folder.0.join("backup.prom");
    registry(1_000_000).write_textfile(&path).unwrap();
    registry(2).write_textfile(&path).unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "\
# HELP backup_files Files of the last backup.
# TYPE backup_files gauge
backup_files 2
"
    );
    assert_eq!(folder.files(), ["backup.prom"]);
}

#[cfg(unix)]
#[test]
fn everybody_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("mode");
    let path = folder.0.join("backup.prom");
    std::fs::write(&path, "private").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    registry(1).write_textfile(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o644);
}

#[test]
fn a_reader_sees_a_whole_file_at_any_time() {
    let folder = Folder::new("whole");
    let path = folder.0.join("backup.prom");
    let registry = registry(0);
    registry.write_textfile(&path).unwrap();
    let whole = std::fs::read_to_string(&path).unwrap();
    let writing = std::thread::spawn({
        let path = path.clone();
        move || (0..200).for_each(|_| registry.write_textfile(&path).unwrap())
    });
    let mut reads = 0;
    while !writing.is_finished() || reads == 0 {
        assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
        reads += 1;
    }
    writing.join().unwrap();
}

#[test]
fn a_name_that_node_exporter_would_not_read_is_refused() {
    for name in [
        "backup",
        "backup.txt",
        "backup.prom.bak",
        ".prom",
        "",
        "/",
        "a/..",
    ] {
        let error = Textfile::builder(name).build(&Registry::new()).unwrap_err();
        assert!(error.is_invalid());
        assert_eq!(
            error.to_string(),
            format!("invalid textfile \"{name}\"; expected a file name that ends in \".prom\"")
        );
    }
}

#[test]
fn what_cannot_be_written_is_an_error_that_is_counted_and_leaves_things_as_they_were() {
    let folder = Folder::new("unwritable");
    let registry = registry(1);
    let missing = folder.0.join("missing").join("backup.prom");
    let error = registry.write_textfile(&missing).unwrap_err();
    assert!(error.is_io() && !error.is_invalid());
    let said = error.to_string();
    let start = format!("cannot write \"{}\": ", missing.display());
    assert!(said.starts_with(&start), "{said}");
    assert!(std::error::Error::source(&error).is_some());

    // A folder of the name is in the way: the draft is removed again.
    let taken = folder.0.join("taken.prom");
    std::fs::create_dir(&taken).unwrap();
    assert!(registry.write_textfile(&taken).unwrap_err().is_io());
    assert_eq!(folder.files(), ["taken.prom"]);
    assert_eq!(writes(&registry, "failure"), 2.0);
    assert_eq!(writes(&registry, "success"), 0.0);
}

#[test]
fn the_librarys_own_families_are_written_when_asked_for() {
    let folder = Folder::new("library");
    let registry = registry(1);
    let builder = Textfile::builder(folder.0.join("backup.prom")).library_families(true);
    let textfile = builder.build(&registry).unwrap();
    textfile.write().unwrap();
    textfile.write().unwrap();
    let text = std::fs::read_to_string(textfile.path()).unwrap();
    let read = Exposition::parse(&text).unwrap();
    let written = read.read("omtx_textfile_writes_total", &[("outcome", "success")]);
    assert_eq!(written, Some(1.0));
    assert_eq!(read.read("backup_files", &[]), Some(1.0));
}

#[test]
fn a_guard_writes_when_the_job_fails() {
    let folder = Folder::new("guard");
    let textfile = |registry: &Registry| {
        let path = folder.0.join("backup.prom");
        Textfile::builder(path).build(registry).unwrap()
    };
    let job = || -> Result<(), &str> {
        let _textfile = textfile(&registry(5)).write_on_drop();
        Err("the job's own error")
    };
    assert_eq!(job(), Err("the job's own error"));
    let read = || std::fs::read_to_string(folder.0.join("backup.prom")).unwrap();
    assert!(read().ends_with("backup_files 5\n"));

    textfile(&registry(6)).write_on_drop().cancel();
    assert!(read().ends_with("backup_files 5\n"));
    textfile(&registry(7)).write_on_drop().finish().unwrap();
    assert!(read().ends_with("backup_files 7\n"));
}

#[test]
fn errors_that_nobody_waits_for_go_to_the_hook() {
    let folder = Folder::new("hook");
    let path = folder.0.join("missing").join("backup.prom");
    let (told, errors) = channel();
    let registry = registry(1);
    let textfile = Textfile::builder(&path)
        .on_error(move |error| {
            told.send(error.is_io()).unwrap();
            panic!("a hook that panics");
        })
        .build(&registry)
        .unwrap();
    drop(textfile.write_on_drop());
    assert_eq!(errors.try_recv(), Ok(true));

    // Periodic: on its own thread, which goes on, and the last time on drop.
    let writing = textfile.write_every(Duration::from_millis(1)).unwrap();
    for _ in 0..2 {
        assert_eq!(errors.recv_timeout(Duration::from_secs(60)), Ok(true));
    }
    assert!(writing.finish().unwrap_err().is_io());
}

#[test]
fn a_periodic_file_is_kept_up_to_date_and_written_a_last_time() {
    let folder = Folder::new("periodic");
    let path = folder.0.join("backup.prom");
    let registry = Registry::new();
    let files = registry
        .family::<(), IntGauge>("backup_files", "Files of the last backup.")
        .register()
        .unwrap();
    let textfile = Textfile::builder(&path).build(&registry).unwrap();
    let error = textfile.write_every(Duration::ZERO).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"invalid interval of textfiles "0s"; expected more than zero"#
    );

    let writing = textfile.write_every(Duration::from_millis(1)).unwrap();
    let ends = |end: &str| std::fs::read_to_string(&path).is_ok_and(|text| text.ends_with(end));
    for n in 0..3 {
        files.with(()).set(n);
        let deadline = Instant::now() + Duration::from_secs(60);
        while !ends(&format!("backup_files {n}\n")) {
            assert!(
                Instant::now() < deadline,
                "{n} was not written within a minute"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    drop(writing);

    let writing = textfile.write_every(Duration::from_secs(3_600)).unwrap();
    files.with(()).set(99);
    drop(writing);
    assert!(ends("backup_files 99\n"));
}
