//! The `cthulu-lab` command.

use std::process::ExitCode;

/// Keeps the memory of columns that come and go: the system's own allocator gives it back and fetches it again, page by page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cthulu_lab::cli::main()
}
