//! The `uproctor` program: hands its arguments over and ends with the exit code it gets.

use std::process::ExitCode;

fn main() -> ExitCode {
    uproctor::cli::main()
}
