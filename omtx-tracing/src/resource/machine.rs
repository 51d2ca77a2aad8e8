use std::path::Path;

use opentelemetry::KeyValue;

use super::file;

/// The process, its host and its operating system.
pub(super) fn detect(root: &Path, in_container: bool) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("process.pid", i64::from(std::process::id())),
        KeyValue::new("host.arch", arch(std::env::consts::ARCH)),
        KeyValue::new("os.type", os(std::env::consts::OS)),
    ];
    let mut add = |key: &'static str, value: Option<String>| {
        attributes.extend(value.map(|value| KeyValue::new(key, value)));
    };
    // Not the arguments: secrets are given in them.
    if let Ok(path) = std::env::current_exe() {
        let name = path.file_name();
        add(
            "process.executable.name",
            name.map(|name| name.to_string_lossy().into_owned()),
        );
        add(
            "process.executable.path",
            Some(path.to_string_lossy().into_owned()),
        );
    }
    add("host.name", file::line(root, "proc/sys/kernel/hostname"));
    if !in_container {
        // An image may bring one along, which is then that of all its containers.
        let id = file::line(root, "etc/machine-id");
        add("host.id", id.filter(|id| id != "uninitialized"));
    }
    if let Some(release) = file::read(root, "etc/os-release") {
        add("os.name", field(&release, "NAME"));
        add("os.version", field(&release, "VERSION_ID"));
        add("os.description", field(&release, "PRETTY_NAME"));
    }
    attributes
}

/// One field of os-release(5).
fn field(release: &str, name: &str) -> Option<String> {
    release.lines().find_map(|line| {
        let value = line.trim().strip_prefix(name)?.strip_prefix('=')?;
        let value = value.trim_matches(|c| c == '"' || c == '\'');
        (!value.is_empty()).then(|| value.replace('\\', ""))
    })
}

/// The conventions' names for what Rust calls otherwise (`host.arch`).
fn arch(rust: &'static str) -> &'static str {
    match rust {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "arm32",
        "powerpc" => "ppc32",
        "powerpc64" => "ppc64",
        other => other,
    }
}

/// The conventions' names for what Rust calls otherwise (`os.type`).
fn os(rust: &'static str) -> &'static str {
    match rust {
        "macos" => "darwin",
        "dragonfly" => "dragonflybsd",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_told_by_its_files() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("proc/sys/kernel/hostname", "gpu-7\n");
        write("etc/machine-id", "fdbf79e8af94cb7f9e8df36789187052\n");
        let release = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID='12'\n";
        write("etc/os-release", release);
        let found = detect(root.path(), false);
        let get = |key: &str| {
            let attribute = found.iter().find(|found| found.key.as_str() == key);
            attribute.map(|found| found.value.to_string())
        };
        assert_eq!(get("host.name").as_deref(), Some("gpu-7"));
        assert_eq!(
            get("host.id").as_deref(),
            Some("fdbf79e8af94cb7f9e8df36789187052")
        );
        assert_eq!(get("os.name").as_deref(), Some("Debian GNU/Linux"));
        assert_eq!(get("os.version").as_deref(), Some("12"));
        assert_eq!(
            get("os.description").as_deref(),
            Some("Debian GNU/Linux 12 (bookworm)")
        );
        assert_eq!(get("process.pid"), Some(std::process::id().to_string()));
        let id = KeyValue::new("host.id", "fdbf79e8af94cb7f9e8df36789187052");
        assert!(!detect(root.path(), true).contains(&id));
    }

    #[test]
    fn a_machine_without_files_has_what_the_program_knows() {
        let root = tempfile::tempdir().unwrap();
        let keys: Vec<String> = detect(root.path(), false)
            .iter()
            .map(|attribute| attribute.key.to_string())
            .collect();
        let expected = [
            "process.pid",
            "host.arch",
            "os.type",
            "process.executable.name",
            "process.executable.path",
        ];
        assert_eq!(keys, expected);
    }
}
