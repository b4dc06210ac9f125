//! The entry point of the image: executes Node with the agent, in its own place. Its `CAPABILITIES` and `COMMAND` are
//! written by scripts/launcher-constants.ts.

mod privileges;

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

include!(concat!(env!("CARGO_MANIFEST_DIR"), "/dist/launcher.rs"));

/// What shells exit with when they cannot execute a command.
const NOT_EXECUTED: i32 = 126;

fn main() {
    if let Err(problem) = privileges::hand_on(&CAPABILITIES) {
        fail(&format!("cannot hand on capabilities to the agent: {problem}"));
    }
    let [program, arguments @ ..] = &COMMAND;
    let error = Command::new(program)
        .args(arguments)
        .args(std::env::args_os().skip(1))
        .exec();
    fail(&format!("cannot execute {program}: {error}"));
}

fn fail(problem: &str) -> ! {
    eprintln!("install-cni: {problem}");
    exit(NOT_EXECUTED);
}
