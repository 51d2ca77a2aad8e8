//! Lanes under a clock that the tests move, and exporters with their thread.

mod delivery;
mod thread;
