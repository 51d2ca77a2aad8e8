//! Programs that judge what we write, where they are installed.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};

/// Starts `command`, or says in one line that it is not installed.
///
/// # Panics
///
/// If it is missing although `OMTX_REQUIRE_ENGINES=1`, as in CI.
pub(crate) fn start(command: &mut Command) -> Option<Child> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.spawn() {
        Ok(child) => Some(child),
        Err(error) => {
            let required =
                std::env::var_os("OMTX_REQUIRE_ENGINES").is_some_and(|value| value == "1");
            assert!(
                !required,
                "cannot start {program}: {error}; expected it to be installed"
            );
            eprintln!("skipped: {program} is not installed ({error})");
            None
        }
    }
}

/// The program's answer to `input`, or `None` where it is not installed.
pub(crate) fn run(program: &str, arguments: &[&str], input: &str) -> Option<Output> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = start(&mut command)?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin
        .write_all(input.as_bytes())
        .expect("the program reads its input");
    drop(stdin);
    Some(child.wait_with_output().expect("the program ends"))
}
