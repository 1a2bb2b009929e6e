//! `comprehensive_metrics.csv`: a row for every closed trade, with everything that can be said of the run up to it.
//!
//! Undefined is an empty cell. Drawdown is that of cash after each closed trade, the starting cash being the first peak; it is empty
//! where no `run_started` told the starting cash.

use std::path::Path;

use super::{BATCH_EVENTS, Batch, Consumer, Outcome, Running, file::Pieces};
use crate::{
    error::{Error, Result},
    event::{Event, Kind, Names},
    portfolio::Trade,
    time::SECOND,
};

/// The columns of the file, in order.
pub const COMPREHENSIVE_COLUMNS: [&str; 53] = [
    "time",
    "seq",
    "ticket",
    "symbol",
    "strategy",
    "side",
    "lots",
    "opened_at",
    "entry",
    "exit",
    "reason",
    "bars",
    "duration_s",
    "pnl",
    "pnl_fraction",
    "mae",
    "mfe",
    "commission",
    "swap",
    "spread",
    "slippage",
    "trades",
    "wins",
    "losses",
    "win_rate",
    "gross_profit",
    "gross_loss",
    "profit_factor",
    "cumulative_pnl",
    "closed_equity",
    "expectancy",
    "average_win",
    "average_loss",
    "drawdown_fraction",
    "max_drawdown_fraction",
    "sqn",
    "consecutive_losses",
    "longest_losing_streak",
    "total_commission",
    "total_swap",
    "total_spread",
    "total_slippage",
    "events",
    "signals",
    "signals_rejected",
    "orders",
    "orders_refused",
    "orders_rejected",
    "orders_cancelled",
    "fills",
    "ambiguous_fills",
    "stops_hit",
    "targets_hit",
];

/// Writes the file.
pub struct Comprehensive {
    file: Pieces,
    held: Vec<u8>,
    totals: Running,
    equity: Option<ClosedEquity>,
    counts: Counts,
    taken_seq: u64,
}

/// Cash after closed trades, and its drawdown.
#[derive(Clone, Copy)]
struct ClosedEquity {
    start: f64,
    peak: f64,
    drawdown_fraction: f64,
    max_drawdown_fraction: f64,
}

#[derive(Default)]
struct Counts {
    events: u64,
    signals: u64,
    signals_rejected: u64,
    orders: u64,
    orders_refused: u64,
    orders_rejected: u64,
    orders_cancelled: u64,
    fills: u64,
    ambiguous_fills: u64,
    stops_hit: u64,
    targets_hit: u64,
}

impl Comprehensive {
    /// Begins the file at `path`, in place of whatever was there.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(path: &Path) -> Result<Self> {
        let held = format!("{}\n", COMPREHENSIVE_COLUMNS.join(",")).into_bytes();
        let file = Pieces::create(path)?;
        Ok(Self { file, held, totals: Running::default(), equity: None, counts: Counts::default(), taken_seq: 0 })
    }

    fn take(&mut self, event: &Event, names: &Names) -> Result<()> {
        self.counts.take(&event.kind);
        match &event.kind {
            Kind::RunStarted { cash } => self.equity = Some(ClosedEquity::new(*cash)),
            Kind::TradeClosed { trade, .. } => {
                self.totals.add(trade);
                let net_pnl = self.totals.net_pnl;
                self.equity = self.equity.map(|e| e.after(net_pnl));
                return self.hold_row(event, trade, names);
            }
            _ => {}
        }
        Ok(())
    }

    fn hold_row(&mut self, event: &Event, trade: &Trade, names: &Names) -> Result<()> {
        let strategy = names.strategies.get(usize::from(trade.strategy)).cloned().unwrap_or_default();
        let begin = self.held.len();
        let mut writer = csv::Writer::from_writer(&mut self.held);
        let cells = trade_cells(event, trade, names, strategy).into_iter();
        let cells = cells.chain(total_cells(&self.totals, self.equity.as_ref())).chain(self.counts.cells());
        let written = writer.write_record(cells).and_then(|()| writer.flush().map_err(Into::into));
        drop(writer);
        written.map_err(|e| {
            self.held.truncate(begin);
            Error::Failed(format!("{}: cannot put a trade into a row: {e}", self.file.path().display()))
        })
    }
}

impl Consumer for Comprehensive {
    fn name(&self) -> &'static str {
        "comprehensive"
    }

    fn consume(&mut self, batch: &Batch) -> Result<()> {
        for event in &batch.events()[batch.after(self.taken_seq)..] {
            self.taken_seq = event.seq;
            self.take(event, batch.names())?;
        }
        if self.held.len() >= BATCH_EVENTS * 256 { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.file.append(&self.held)?;
        self.held.clear();
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        self.file.cut()
    }

    fn finish(&mut self) -> Result<Outcome> {
        Ok(Outcome { files: vec![self.file.path().to_owned()], ..Outcome::default() })
    }
}

fn trade_cells(event: &Event, trade: &Trade, names: &Names, strategy: String) -> Vec<String> {
    let instrument = usize::from(trade.instrument.0);
    let contract_size = names.contract_sizes.get(instrument).copied();
    vec![
        event.at.to_string(),
        event.seq.to_string(),
        trade.ticket.to_string(),
        names.symbols.get(instrument).cloned().unwrap_or_default(),
        strategy,
        trade.side.name().to_owned(),
        trade.lots.to_string(),
        trade.opened_at.to_string(),
        trade.entry.to_string(),
        trade.exit.to_string(),
        trade.reason.name().to_owned(),
        trade.bars.to_string(),
        ((trade.closed_at.0 - trade.opened_at.0) / SECOND).to_string(),
        trade.pnl.to_string(),
        cell(contract_size.and_then(|size| trade.pnl_fraction(size))),
        trade.mae.to_string(),
        trade.mfe.to_string(),
        trade.commission.to_string(),
        trade.swap.to_string(),
        trade.spread.to_string(),
        trade.slippage.to_string(),
    ]
}

fn total_cells(totals: &Running, equity: Option<&ClosedEquity>) -> Vec<String> {
    vec![
        totals.trades.to_string(),
        totals.wins.to_string(),
        totals.losses.to_string(),
        cell(totals.win_rate()),
        totals.gross_profit.to_string(),
        totals.gross_loss.to_string(),
        cell(totals.profit_factor()),
        totals.net_pnl.to_string(),
        cell(equity.map(|e| e.start + totals.net_pnl)),
        cell(totals.expectancy()),
        cell(totals.average_win()),
        cell(totals.average_loss()),
        cell(equity.map(|e| e.drawdown_fraction)),
        cell(equity.map(|e| e.max_drawdown_fraction)),
        cell(totals.sqn()),
        totals.losing_streak.to_string(),
        totals.longest_losing_streak.to_string(),
        totals.commission.to_string(),
        totals.swap.to_string(),
        totals.spread.to_string(),
        totals.slippage.to_string(),
    ]
}

fn cell(value: Option<f64>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

impl ClosedEquity {
    const fn new(cash: f64) -> Self {
        Self { start: cash, peak: cash, drawdown_fraction: 0.0, max_drawdown_fraction: 0.0 }
    }

    fn after(self, net_pnl: f64) -> Self {
        let equity = self.start + net_pnl;
        let peak = self.peak.max(equity);
        let drawdown_fraction = if peak > 0.0 { (peak - equity) / peak } else { 0.0 };
        Self { start: self.start, peak, drawdown_fraction, max_drawdown_fraction: self.max_drawdown_fraction.max(drawdown_fraction) }
    }
}

impl Counts {
    fn take(&mut self, kind: &Kind) {
        self.events += 1;
        match kind {
            Kind::SignalGenerated(_) => self.signals += 1,
            Kind::SignalRejected { .. } => self.signals_rejected += 1,
            Kind::OrderSubmitted(_) => self.orders += 1,
            Kind::OrderRefused { .. } => self.orders_refused += 1,
            Kind::OrderRejected { .. } => self.orders_rejected += 1,
            Kind::OrderCancelled { .. } => self.orders_cancelled += 1,
            Kind::OrderFilled(fill) => {
                self.fills += 1;
                self.ambiguous_fills += u64::from(fill.ambiguous);
            }
            Kind::TradeStoppedOut { .. } => self.stops_hit += 1,
            Kind::TradeTpHit { .. } => self.targets_hit += 1,
            _ => {}
        }
    }

    fn cells(&self) -> [String; 11] {
        [
            self.events,
            self.signals,
            self.signals_rejected,
            self.orders,
            self.orders_refused,
            self.orders_rejected,
            self.orders_cancelled,
            self.fills,
            self.ambiguous_fills,
            self.stops_hit,
            self.targets_hit,
        ]
        .map(|count| count.to_string())
    }
}
