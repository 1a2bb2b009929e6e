//! The CSV files of a run folder.

use std::{fmt::Write as _, path::Path};

use super::{Experiment, Outcome};
use crate::error::{Error, Result};

/// Up to this many moments, `equity.csv` has a row for each; beyond, one per trading day.
const MOST_ROWS: usize = 50_000;

impl Outcome {
    /// Whether `equity.csv` has a row per `bar` or per `day`.
    #[must_use]
    pub const fn equity_rows(&self) -> &'static str {
        if self.run.curve.len() <= MOST_ROWS { "bar" } else { "day" }
    }

    fn rows(&self) -> Vec<usize> {
        if self.equity_rows() == "bar" { (0..self.run.curve.len()).collect() } else { self.day_rows.clone() }
    }
}

fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

pub(super) fn trades(experiment: &Experiment, outcome: &Outcome) -> String {
    let mut text = String::from(
        "ticket,symbol,side,lots,opened_at,entry,closed_at,exit,pnl,pnl_fraction,commission,swap,spread,slippage,mae,mfe,bars,reason,strategy\n",
    );
    for t in &outcome.run.trades {
        let instrument = &experiment.sources[usize::from(t.instrument.0)].instrument;
        let fraction = t.pnl_fraction(instrument.contract_size).map(|f| f.to_string()).unwrap_or_default();
        let strategy = &experiment.placed[usize::from(t.strategy)].name;
        let (symbol, side, reason) = (cell(&instrument.symbol), t.side.name(), t.reason.name());
        writeln!(
            text,
            "{},{symbol},{side},{},{},{},{},{},{},{fraction},{},{},{},{},{},{},{},{reason},{}",
            t.ticket,
            t.lots,
            t.opened_at,
            t.entry,
            t.closed_at,
            t.exit,
            t.pnl,
            t.commission,
            t.swap,
            t.spread,
            t.slippage,
            t.mae,
            t.mfe,
            t.bars,
            cell(strategy)
        )
        .expect("a string can be written");
    }
    text
}

pub(super) fn equity(outcome: &Outcome, cash: f64) -> String {
    let curve = &outcome.run.curve;
    let mut text = String::from("time,equity,cash,drawdown_fraction,exposure\n");
    let rows = outcome.rows();
    let (mut peak, mut next) = (cash, 0);
    for row in rows {
        for equity in &curve.equity()[next..=row] {
            peak = peak.max(*equity);
        }
        next = row + 1;
        let equity = curve.equity()[row];
        let (at, cash, exposure) = (curve.at()[row], curve.cash()[row], curve.exposure()[row]);
        writeln!(text, "{at},{equity},{cash},{},{exposure}", 1.0 - equity / peak).expect("a string can be written");
    }
    text
}

pub(super) fn buy_and_hold(outcome: &Outcome) -> String {
    let mut text = String::from("time,equity\n");
    for row in outcome.rows() {
        writeln!(text, "{},{}", outcome.run.curve.at()[row], outcome.benchmark.equity[row]).expect("a string can be written");
    }
    text
}

pub(super) fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> Result<()> {
    let path = folder.join(name);
    std::fs::write(&path, text).map_err(|e| Error::io(&path, "cannot be written", e))
}
