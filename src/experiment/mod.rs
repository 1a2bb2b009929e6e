//! From a question to a run folder.
//!
//! [`Spec`] is the file as typed, [`Experiment`] the same with its files read and everything checked, and [`Experiment::run`] plays it
//! through the engine. What a run used is written whole into its manifest; the run's id is a hash of that.

mod check;
mod folder;
mod play;
mod rows;
mod seats;
mod spec;
mod template;
mod typed;
mod warnings;

pub use check::{Experiment, Source};
pub use folder::RunFolder;
pub use play::{Outcome, Watchers};
pub use spec::{
    AccountSpec, CostSpec, DataSpec, FillSpec, FromData, IntrabarSpec, MarketFillSpec, Spec, SpreadSpec, StrategyChoice, StrategySpec,
    SwapSpec,
};
pub use template::{STARTER_DATA, namesake, starter};
