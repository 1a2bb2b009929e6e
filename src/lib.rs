//! Backtest, walk forward and trade live with one engine.

pub mod error;
pub mod event;
pub mod market;
pub mod portfolio;
pub mod seed;
pub mod time;
