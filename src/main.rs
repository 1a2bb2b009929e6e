//! The `cthulu-lab` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    cthulu_lab::cli::main()
}
