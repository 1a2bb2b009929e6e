//! The rule language: text → typed expression → compiled program → one value per bar.
//!
//! A [`Program`] is compiled once per run: parameters become constants, equal sub-expressions are kept once, and mistakes are shown with a
//! caret under the column and the nearest known name. A [`Machine`] holds the state of one run and takes completed bars one at a time;
//! when it replays stored bars it works a block ahead and gives the very same values. The future cannot be written in this language: a
//! negative lag is refused, and `on("4h", …)` sees completed bars only. `model(name)` is an input slot that the caller fills.
//!
//! [`StrategyFile`] is a strategy's TOML file: its parameters with their ranges, its named expressions, and its rules.

mod apply;
mod bits;
mod build;
mod call;
mod check;
mod columns;
mod condition;
mod cone;
mod diagnose;
mod document;
mod execute;
mod export;
mod file;
mod functions;
mod graph;
mod higher;
mod lexer;
mod machine;
mod node;
mod operation;
mod parameters;
mod parse;
mod plan;
mod program;
mod series;
mod sheet;
mod study;
mod template;
#[cfg(test)]
mod tests;

pub use columns::Columns;
pub use condition::Condition;
pub use document::OrderWay;
pub use export::with_defaults;
pub use file::{CompiledStrategy, SideRules, StrategyFile};
pub use functions::{FUNCTIONS, SERIES};
pub use machine::{Answers, Book, Machine, evaluate};
pub use parameters::Parameter;
pub use program::{Kind, OutputId, Program, Source};
pub use sheet::Sheet;
pub use template::{STARTER, starter};
