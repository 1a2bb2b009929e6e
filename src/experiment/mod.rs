//! From a question to a run folder.
//!
//! [`Spec`] is the file as typed, [`Experiment`] the same with its files read and everything checked, and [`Experiment::run`] plays it
//! through the engine. What a run used is written whole into its manifest; the run's id is a hash of that.

mod arena;
mod audit;
mod check;
mod conversion;
mod cost_spec;
mod finer;
mod folder;
mod group;
mod identity;
mod interval;
mod lookahead;
mod monte_carlo;
mod paths;
mod play;
mod rows;
mod search;
mod seats;
mod spec;
mod spread;
mod sweep;
mod sweep_folder;
mod sweep_trials;
mod synth;
mod template;
mod terms;
mod typed;
mod walkforward;
mod walkforward_export;
mod walkforward_files;
mod walkforward_luck;
mod walkforward_spec;
mod warnings;

pub use audit::{Audit, AuditQuestion, Planted, Rate};
pub use check::{Experiment, Source};
pub use cost_spec::{CostSpec, FromData, ImpactSpec, NewsWidening, SessionSpread, SlippageSpec, SpreadSpec, SwapSpec, TierSpec, Widening};
pub use finer::FinerSource;
pub use folder::RunFolder;
pub use group::Share;
pub use interval::{ChangedTrade, FillInterval};
pub use paths::{Distribution, Path, Paths};
pub use play::{Outcome, Watchers};
pub use search::{RangeSpec, SearchSpec};
pub use spec::{AccountSpec, DataSpec, FillSpec, MarketFillSpec, Spec, StrategyChoice, StrategySpec};
pub use sweep::{Searched, Sweep, SweepProgress, Swept, Trial, TwoWays};
pub use sweep_trials::Kept;
pub use synth::{SynthSpec, Synthesis, With};
pub use template::{STARTER_DATA, namesake, starter};
pub use terms::SideFile;
pub use walkforward::{PathFigures, Walkforward, WalkforwardOutcome};
pub use walkforward_files::WalkforwardTexts;
pub use walkforward_luck::WalkforwardLuck;
pub use walkforward_spec::{EdgeSpec, SchemeSpec, WalkforwardSpec};
