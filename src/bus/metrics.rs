//! Counts and sums of a run as it goes: events by kind, refusals by reason, trades in all and by strategy.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;

use super::{Batch, Consumer, Outcome, Running};
use crate::{
    error::Result,
    event::{Event, Kind, Names},
};

/// The counts and sums at one moment; `counts` of `run.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Events in all.
    pub events: u64,
    /// Events by kind; a kind that did not happen is absent.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Rejected signals, refused and rejected orders, by reason.
    pub refusals: BTreeMap<&'static str, u64>,
    /// Cancelled orders by reason.
    pub cancellations: BTreeMap<&'static str, u64>,
    /// Risk limits that were hit.
    pub limits: BTreeMap<&'static str, u64>,
    /// Closed trades by reason.
    pub exits: BTreeMap<&'static str, u64>,
    /// Fills inside a bar that left open what came first.
    pub ambiguous_fills: u64,
    /// Closed trades.
    pub trades: Running,
    /// Gross profit over |gross loss|; `None` without a loss.
    pub profit_factor: Option<f64>,
    /// Wins per trade; `None` without a trade.
    pub win_rate: Option<f64>,
    /// Closed trades by strategy name.
    pub strategies: BTreeMap<String, Running>,
}

/// Keeps a [`Tally`].
#[derive(Default)]
pub struct Metrics {
    tally: Tally,
    shown: Arc<Mutex<Tally>>,
    taken_seq: u64,
}

impl Metrics {
    /// A tally of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A view for other threads, renewed after every batch.
    #[must_use]
    pub fn watch(&self) -> Arc<Mutex<Tally>> {
        Arc::clone(&self.shown)
    }
}

impl Consumer for Metrics {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn consume(&mut self, batch: &Batch) -> Result<()> {
        for event in &batch.events()[batch.after(self.taken_seq)..] {
            self.tally.take(event, batch.names());
            self.taken_seq = event.seq;
        }
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&self.tally);
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome> {
        Ok(Outcome { tally: Some(self.tally.clone()), ..Outcome::default() })
    }
}

impl Tally {
    fn take(&mut self, event: &Event, names: &Names) {
        let count = |counts: &mut BTreeMap<&'static str, u64>, name| *counts.entry(name).or_default() += 1;
        self.events += 1;
        count(&mut self.kinds, event.kind.name());
        match &event.kind {
            Kind::SignalRejected { reason, .. } | Kind::OrderRefused { reason, .. } | Kind::OrderRejected { reason, .. } => {
                count(&mut self.refusals, reason.name());
            }
            Kind::OrderCancelled { reason, .. } => count(&mut self.cancellations, reason.name()),
            Kind::RiskLimitHit { limit, .. } => count(&mut self.limits, limit.name()),
            Kind::OrderFilled(fill) => self.ambiguous_fills += u64::from(fill.ambiguous),
            Kind::TradeClosed { trade, .. } => {
                count(&mut self.exits, trade.reason.name());
                self.trades.add(trade);
                (self.profit_factor, self.win_rate) = (self.trades.profit_factor(), self.trades.win_rate());
                if let Some(name) = names.strategies.get(usize::from(trade.strategy)) {
                    match self.strategies.get_mut(name) {
                        Some(totals) => totals.add(trade),
                        None => self.strategies.entry(name.clone()).or_default().add(trade),
                    }
                }
            }
            _ => {}
        }
    }
}
