//! The `cthulu-lab` command.
fn main() {}
