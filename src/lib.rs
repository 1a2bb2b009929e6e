//! Backtest, walk forward and trade live with one engine.
//!
//! [`engine::run`] is the one loop. A backtest passes it a replay of stored bars and a simulated broker; what trades live passes it a
//! live feed and a real one. Everything that happens is an [`event::Event`] on the [`bus::Bus`].

pub mod broker;
pub mod bus;
pub mod cli;
pub mod data;
pub mod engine;
pub mod error;
pub mod event;
pub mod experiment;
pub mod feed;
pub mod fold;
pub mod indicator;
pub mod market;
pub mod model;
pub mod portfolio;
pub mod report;
pub mod risk;
pub mod rule;
pub mod search;
pub mod seed;
pub mod stats;
pub mod strategy;
pub mod time;
pub mod walk;
