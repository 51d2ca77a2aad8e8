//! Programs that judge what we write, where they are installed.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};

/// Says in one line that something is not installed.
///
/// # Panics
///
/// If it is missing although `OMTX_REQUIRE_ENGINES=1`, as in CI.
pub(crate) fn missing(what: &str, why: &str) {
    let required = std::env::var_os("OMTX_REQUIRE_ENGINES").is_some_and(|value| value == "1");
    assert!(
        !required,
        "cannot use {what}: {why}; expected it to be installed"
    );
    eprintln!("skipped: {what} is not installed ({why})");
}

/// Starts `command`, or says in one line that it is not installed; see [`missing`].
pub(crate) fn start(command: &mut Command) -> Option<Child> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.spawn() {
        Ok(child) => Some(child),
        Err(error) => {
            missing(&program, &error.to_string());
            None
        }
    }
}

/// The program's answer to `input`, or `None` where it is not installed.
pub(crate) fn run(program: &str, arguments: &[&str], input: impl AsRef<[u8]>) -> Option<Output> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = start(&mut command)?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let input = input.as_ref().to_vec();
    // On a thread of its own: a program that answers while it still reads would wait for us otherwise.
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("the program ends");
    // One that ends before it has read everything says why in its output.
    let _ = writing.join().expect("no panic");
    Some(output)
}
