//! The HTTP subject.

fn main() {}
