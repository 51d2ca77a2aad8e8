//! What becomes of lines when a process ends, forks, or has nobody who reads: shown with processes of their own.
//!
//! This program is both sides: without `OMTX_TEST_CHILD` it runs the tests, with it the child of that name.

#![allow(unsafe_code, clippy::print_stderr)] // fork(2); how a child reports

#[cfg(unix)]
mod child;
#[cfg(unix)]
mod descriptors;
#[cfg(unix)]
mod ends;
#[cfg(unix)]
mod parent;

#[cfg(unix)]
fn main() {
    if let Ok(name) = std::env::var(parent::CHILD) {
        return child::run(&name);
    }
    let mut tests = ends::tests();
    tests.extend(descriptors::tests());
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), tests).exit();
}

#[cfg(not(unix))]
fn main() {}
