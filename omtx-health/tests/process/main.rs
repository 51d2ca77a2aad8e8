//! What only whole processes show: signals, and a load balancer that watches one of them end.
//!
//! The program is the test and, with `SHOP` in its environment, the server that is tested.

#![allow(clippy::print_stderr)] // a test that is skipped says so

#[cfg(unix)]
mod balancer;
#[cfg(unix)]
mod instance;
#[cfg(unix)]
mod shop;
#[cfg(unix)]
mod signals;

#[cfg(unix)]
fn main() {
    if std::env::var_os("SHOP").is_some() {
        return shop::serve();
    }
    let arguments = libtest_mimic::Arguments::from_args();
    let trials = signals::trials().into_iter().chain(balancer::trials());
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

#[cfg(not(unix))]
fn main() {}
