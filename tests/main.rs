//! One integration binary: linking the data crates once, not once per file.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on fails there; a skipped one says so")]

mod account;
mod arena;
mod cases;
mod cli;
mod data_files;
mod determinism;
mod expressions;
mod five_tools;
mod floors;
mod folders;
mod folds;
mod gaps;
mod holding;
mod inside_bar;
mod killed;
mod lookahead;
mod metrics;
mod models;
mod optimisers;
mod readme;
mod reconcile;
mod resampling;
mod scenarios_costs;
mod skipping;
mod stage;
mod sweep;
mod synthetic;
mod ticks;
mod trades;
mod trading;
mod truncation;
mod walkforward;
