//! What must not compile, and what the compiler then says.
//!
//! The messages of one rustc are not those of the next, so that they are compared on [`BLESSED`] only. After a change
//! or with a new toolchain, look at the new messages before you keep them:
//!
//! ```text
//! TRYBUILD=overwrite OMTX_COMPILE_FAIL=1 cargo test -p omtx-context --test compile_fail
//! ```
//!
//! `OMTX_COMPILE_FAIL=1` runs the cases on whatever rustc there is.
#![allow(clippy::print_stderr)] // says that it is skipped

use std::process::Command;

/// The rustc whose messages the `.stderr` files hold.
const BLESSED: &str = "rustc 1.95.";

#[test]
fn misuse_does_not_compile_and_says_why() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .expect("rustc runs");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let forced = std::env::var_os("OMTX_COMPILE_FAIL").is_some_and(|value| value == "1");
    if !version.starts_with(BLESSED) && !forced {
        eprintln!(
            "skipped: {} is not {BLESSED}*, whose messages are on file",
            version.trim()
        );
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
