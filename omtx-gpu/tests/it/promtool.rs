//! Prometheus' own linter as the referee.

use std::io::Write;
use std::process::{Command, Stdio};

use fake_nvml::{Device, Script};
use omtx_metrics::Registry;

use crate::lab::{Lab, until};

/// What `promtool check metrics` says; `None`, with one line that says so, where it is not installed.
fn promtool(text: &str) -> Option<String> {
    let child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            let required =
                std::env::var_os("OMTX_REQUIRE_ENGINES").is_some_and(|value| value == "1");
            assert!(
                !required,
                "cannot start promtool: {error}; expected it to be installed"
            );
            eprintln!("skipped: promtool is not installed ({error})");
            return None;
        }
    };
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    Some(String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

fn lab() -> Lab {
    let mut device = Device::data_center(0);
    device.fans = vec![30];
    device.retired_pages = Some((1, 2, true));
    let lab = Lab::up(Script::with(vec![device, Device::desktop(1)]));
    let before = lab.driver.calls("nvmlEventSetWait_v2");
    until("a wait for events", || {
        lab.driver.calls("nvmlEventSetWait_v2") > before
    });
    lab.driver.change(|script| script.xid(0, 79));
    until("the error", || {
        lab.scrape().family("gpu_xid_errors_total").is_some()
    });
    lab
}

#[test]
fn promtool_has_nothing_to_say() {
    let lab = lab();
    if let Some(said) = promtool(&lab.registry.to_text()) {
        assert_eq!(said, "");
    }
}

#[test]
fn promtool_minds_the_names_of_dcgm_only() {
    let lab = lab();
    let registry = Registry::new();
    lab.gpus.register_dcgm(&registry).unwrap();
    let Some(said) = promtool(&registry.to_text()) else {
        return;
    };
    // The names are those that dashboards hold.
    let known = |line: &&str| {
        line.starts_with("DCGM_FI_DEV_")
            && (line.ends_with("label names should be written in 'snake_case' not 'camelCase'")
                || line.ends_with("metric name should not include type 'counter'"))
    };
    let other: Vec<&str> = said.lines().filter(|line| !known(line)).collect();
    assert_eq!(other, [""; 0], "{said}");
}
