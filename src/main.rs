//! The program: parses the command line and lets `commands` do the rest.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    rollcall::commands::main()
}
