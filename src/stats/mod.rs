//! Statistics of returns, equity curves and trades: pure functions on slices.
//!
//! Owns every formula a report prints, and nothing of files, clocks or engines. Promises the same bits for any number of threads: sums
//! run in slice order and every resample draws from its own seed. Refuses to invent numbers: what is undefined is `None`, never 0,
//! infinity or NaN. The conventions, with every key's unit and its undefined cases, are listed in `docs/metrics.md`.

pub mod bootstrap;
pub mod drawdown;
pub mod drift;
pub mod explain;
pub mod intervals;
pub mod key;
pub mod luck;
pub mod moments;
pub mod monthly;
pub mod normal;
pub mod pbo;
pub mod permutation;
pub mod ratios;
pub mod reality;
pub mod summary;
pub mod trades;
pub mod verdict;
