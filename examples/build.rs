//! Tells the hub which compiler built it, for `build_info`.
#![allow(clippy::print_stdout)] // how a build script answers

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer = Command::new(rustc).arg("--version").output();
    // `rustc 1.85.0 (4d91de4e4 2025-02-17)`: the number is enough, and a build without it is as good.
    let version = answer
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|text| text.split_whitespace().nth(1).map(str::to_owned));
    if let Some(version) = version {
        println!("cargo::rustc-env=HUB_RUSTC={version}");
    }
}
