//! Plays a checked experiment through the engine, and measures what came out.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};

use serde::Serialize;

use super::{Experiment, FillInterval, MarketFillSpec, Source};
use crate::{
    broker::{Broker, ClosingAt, Fills, House, MarketFill},
    bus::{Bus, Comprehensive, Database, Finished, Journal, Policy, Rotation, TrainingLog},
    data::Dataset,
    engine::{self, Account, CostBreakdown, Days, Figures, Run, Seat},
    error::Result,
    event::{Mode, Names},
    feed::{Prices, Replay, TickReplay},
    market::intrabar::{Intrabar, Through},
    seed::Seed,
    stats::{
        bootstrap::{Interval, Options},
        intervals::profit_factor_interval,
        ratios,
        summary::Metrics,
        verdict::{Evidence, Verdict},
    },
    strategy::{RuleStrategy, Strategy},
    time::Nanos,
};

/// Which consumers write files while the run goes on.
#[derive(Clone, Copy, Debug)]
pub enum Watchers<'a> {
    /// None: only the journal's hash is taken.
    Off,
    /// All four, into this folder.
    Files(&'a Path),
}

/// Buying at the first open and holding, with the same costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Benchmark {
    /// What was held.
    pub name: String,
    /// Gain over the span.
    pub net_profit: f64,
    /// Gain over the starting capital.
    pub return_fraction: f64,
    /// Annualised Sharpe ratio of its trading days.
    pub sharpe: Option<f64>,
    /// Deepest fall.
    pub max_drawdown_fraction: Option<f64>,
    /// Its value at every moment of the run.
    #[serde(skip)]
    pub equity: Vec<f64>,
}

/// A played experiment.
pub struct Outcome {
    /// The run's id.
    pub id: String,
    /// What the engine left.
    pub run: Run,
    /// What the bus left.
    pub finished: Finished,
    /// Every figure.
    pub metrics: Metrics,
    /// What it cost.
    pub costs: CostBreakdown,
    /// Buy and hold.
    pub benchmark: Benchmark,
    /// Bootstrap intervals by metric key.
    pub intervals: BTreeMap<&'static str, Option<Interval>>,
    /// The verdict.
    pub verdict: Verdict,
    /// Trading days a year.
    pub periods_per_year: f64,
    /// Last row of the equity curve of each trading day.
    pub day_rows: Vec<usize>,
    /// What the reader should know of the result; what this machine's files missed is in [`Finished::warnings`].
    pub warnings: Vec<String>,
    /// What the order of prices inside bars is worth, where that was asked.
    pub fill_interval: Option<FillInterval>,
}

impl Outcome {
    /// The return of each trading day; empty where the account fell to nothing.
    pub(super) fn day_returns(&self, cash: f64) -> Vec<f64> {
        let levels: Vec<f64> = self.day_rows.iter().map(|row| self.run.curve.equity()[*row]).collect();
        ratios::returns_of(cash, &levels).unwrap_or_default()
    }
}

/// Who plays a run.
pub(super) struct Staged {
    pub(super) seats: Vec<Seat>,
    /// When what is open is closed, by instrument; none where nothing is.
    pub(super) edges: Vec<VecDeque<Nanos>>,
    /// Whether the parameters could have been chosen on the very bars that are played.
    pub(super) in_sample: bool,
}

impl Experiment {
    /// Bars that a run plays, over all instruments.
    #[must_use]
    pub fn bars(&self) -> u64 {
        self.sources.iter().map(|s| s.dataset.bars.len() as u64).sum()
    }

    /// Plays the experiment.
    ///
    /// # Errors
    /// When a rule does not compile for the data's timeframe, or a file cannot be written.
    pub fn run(&self, watchers: Watchers<'_>) -> Result<Outcome> {
        self.run_counted(watchers, &Arc::default())
    }

    /// As [`Experiment::run`], counting in `bars_done` the bars played so far.
    ///
    /// # Errors
    /// As [`Experiment::run`].
    pub fn run_counted(&self, watchers: Watchers<'_>, bars_done: &Arc<AtomicU64>) -> Result<Outcome> {
        let staged = Staged { seats: self.seats()?, edges: Vec::new(), in_sample: true };
        self.run_staged(staged, watchers, bars_done)
    }

    /// As [`Experiment::run_counted`], by other strategies than the file's own.
    pub(super) fn run_staged(&self, staged: Staged, watchers: Watchers<'_>, bars_done: &Arc<AtomicU64>) -> Result<Outcome> {
        let Staged { mut seats, edges, in_sample } = staged;
        let names = Arc::new(self.names(&seats));
        let mut bus = bus(&names, self.mode(), watchers)?;
        let run = self.play((&mut seats, edges), self.spec.fills.intrabar, &mut bus, bars_done)?;
        // The consumers write their last while the figures are taken.
        std::thread::scope(|scope| {
            let finishing = scope.spawn(|| bus.finish());
            let measured = self.measure(names.run.clone(), run, in_sample);
            let finished = finishing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            // It explains the result, and so it is told first.
            let refused = refusals(&finished, measured.run.trades.len());
            let fill_interval = if self.spec.fills.interval && in_sample { Some(self.fill_interval(&measured)?) } else { None };
            let warnings = refused.into_iter().chain(measured.warnings).collect();
            Ok(Outcome { finished, warnings, fill_interval, ..measured })
        })
    }

    /// Plays the seats once, the order of prices inside a bar settled this way, and closes what is open at these edges.
    fn play(
        &self,
        staged: (&mut [Seat], Vec<VecDeque<Nanos>>),
        intrabar: Intrabar,
        bus: &mut Bus,
        bars_done: &Arc<AtomicU64>,
    ) -> Result<Run> {
        let (seats, edges) = staged;
        let venues = self.sources.iter().map(|source| source.venue.clone()).collect();
        let house = House::new(venues, self.spec.account.leverage, self.fills(intrabar));
        if !edges.is_empty() {
            return self.play_at(&mut ClosingAt::new(house.into_broker(), edges), (seats, bus), bars_done);
        }
        match house {
            House::Plain(mut simulator) => self.play_at(&mut *simulator, (seats, bus), bars_done),
            House::Full(mut broker) => self.play_at(&mut *broker, (seats, bus), bars_done),
        }
    }

    /// The loop, over ticks or bars.
    fn play_at(
        &self,
        broker: &mut (impl Broker + ?Sized),
        (seats, bus): (&mut [Seat], &mut Bus),
        bars_done: &Arc<AtomicU64>,
    ) -> Result<Run> {
        let account = self.account();
        if self.sources.iter().any(|s| s.dataset.ticks.is_some()) {
            let mut feed = TickReplay::new(&self.prices())?.counted(bars_done);
            let run = engine::run(&mut feed, seats, broker, &account, bus);
            feed.finish()?;
            return Ok(run);
        }
        let bars: Vec<_> = self.sources.iter().map(|s| Arc::clone(&s.dataset.bars)).collect();
        Ok(engine::run(&mut Replay::new(&bars).counted(bars_done), seats, broker, &account, bus))
    }

    /// Plays the question with nobody watching, the order of prices inside a bar settled this way.
    pub(super) fn play_unwatched(&self, intrabar: Intrabar) -> Result<Run> {
        let mut seats = self.seats()?;
        let mut bus = Bus::new(Arc::new(self.names(&seats)), self.mode());
        self.play((&mut seats, Vec::new()), intrabar, &mut bus, &Arc::default())
    }

    pub(super) fn fills(&self, intrabar: Intrabar) -> Fills {
        let through = |s: &Source| match self.spec.fills.limit_through {
            None => Through::Any,
            // Without points a touch is all that can be asked; anything else was refused.
            Some(points) => Through::By(points * s.instrument.point.unwrap_or(0.0)),
        };
        Fills {
            market: self.market_fill(),
            intrabar,
            through: self.sources.iter().map(through).collect(),
            finer: self.sources.iter().map(|s| s.finer.as_ref().map(|f| f.finer.clone())).collect(),
        }
    }

    fn prices(&self) -> Vec<Prices> {
        let prices = |dataset: &Dataset| match &dataset.ticks {
            Some(ticks) => Prices::Ticks(ticks.clone(), Arc::clone(&dataset.bars)),
            None => Prices::Bars(Arc::clone(&dataset.bars)),
        };
        self.sources.iter().map(|source| prices(&source.dataset)).collect()
    }

    /// A run on any synthetic market is a synthetic one.
    fn mode(&self) -> Mode {
        if self.sources.iter().any(|s| s.synthesis.is_some()) { Mode::Synthetic } else { Mode::Backtest }
    }

    fn seats(&self) -> Result<Vec<Seat>> {
        let seat = |placed: &super::seats::Placed| {
            let source = &self.sources[usize::from(placed.instrument.0)];
            let rules = placed.file.compile_for(source.dataset.bars.timeframe(), source.instrument.calendar)?;
            rules.program.needs_no_model(placed.file.name())?;
            let mut strategy = RuleStrategy::new(rules);
            strategy.prepare(&source.dataset.bars);
            Ok(Seat { strategy: Box::new(strategy), instrument: placed.instrument, weight: placed.weight })
        };
        self.placed.iter().map(seat).collect()
    }

    fn names(&self, seats: &[Seat]) -> Names {
        Names {
            run: self.id(),
            symbols: self.sources.iter().map(|s| s.instrument.symbol.clone()).collect(),
            contract_sizes: self.sources.iter().map(|s| s.instrument.contract_size).collect(),
            strategies: self.placed.iter().map(|p| p.name.clone()).collect(),
            instruments: self.placed.iter().map(|p| p.instrument).collect(),
            features: seats.iter().map(|s| s.strategy.feature_names()).collect(),
        }
    }

    const fn market_fill(&self) -> MarketFill {
        match self.spec.fills.market {
            MarketFillSpec::NextOpen => MarketFill::NextOpen,
            MarketFillSpec::Close => MarketFill::Close,
        }
    }

    pub(super) fn account(&self) -> Account {
        Account {
            cash: self.spec.account.cash,
            sizing: self.spec.account.sizing,
            lots: self.spec.account.lots,
            limits: self.spec.risk,
            instruments: self.sources.iter().map(|s| s.instrument.clone()).collect(),
            gaps: self.sources.iter().map(|s| Arc::clone(&s.gaps)).collect(),
            close_at_end: self.spec.fills.close_at_end,
        }
    }

    /// What the returns are counted by: the first instrument's trading days.
    pub(super) fn days(&self) -> Days {
        let first = &self.sources[0];
        Days { calendar: first.days, timeframe: first.dataset.bars.timeframe() }
    }

    /// Everything but what the bus leaves.
    fn measure(&self, id: String, run: Run, in_sample: bool) -> Outcome {
        let days = self.days();
        let Figures { metrics, costs, trade_pnls: pnls, day_rows, day_equity, .. } = Figures::of(&run, &days);
        let on_days = |column: &[f64]| -> Vec<f64> { day_rows.iter().map(|row| column[*row]).collect() };
        let (cash, periods_per_year) = (self.spec.account.cash, days.calendar.periods_per_year());
        // An account below zero has no returns, and so no ratio: the verdict's figures agree with the metrics'.
        let returns = ratios::returns_of(cash, &day_equity).unwrap_or_default();
        let benchmark = self.benchmark(&run, &on_days, periods_per_year);
        let seed = Seed::new(self.spec.seed).child("report");
        let verdict = Verdict::of(&Evidence {
            trade_pnls: &pnls,
            day_returns: &returns,
            periods_per_year,
            return_fraction: metrics.return_fraction,
            buy_and_hold_fraction: Some(benchmark.return_fraction),
            costs_total: costs.total(),
            in_sample,
            seed,
        });
        let intervals = BTreeMap::from([
            ("sharpe", verdict.sharpe),
            ("mean_trade", verdict.mean_trade),
            ("profit_factor", profit_factor_interval(&pnls, &Options::new(seed.child("profit_factor")))),
        ]);
        let (finished, mut warnings) = (Finished::default(), self.warnings.clone());
        warnings.extend(crossings(&run));
        let fill_interval = None;
        Outcome { id, run, finished, metrics, costs, benchmark, intervals, verdict, periods_per_year, day_rows, warnings, fill_interval }
    }

    /// Every instrument bought at its first open with an equal share of the cash, commission paid, and marked at the bid.
    fn benchmark(&self, run: &Run, on_days: &dyn Fn(&[f64]) -> Vec<f64>, periods_per_year: f64) -> Benchmark {
        let (cash, share) = (self.spec.account.cash, self.spec.account.cash / self.sources.len() as f64);
        let mut equity = vec![0.0; run.curve.len()];
        for source in &self.sources {
            let (bars, venue) = (&source.dataset.bars, &source.venue);
            let price = venue.quoting.at_open(&bars.bar(0)).ask + venue.costs.slippage;
            // In another currency the gain alone is turned into account money, as with every position.
            let rate = |at: Nanos| venue.conversion.as_ref().and_then(|conversion| conversion.rates.at(at));
            let lot_value = venue.contract_size * rate(bars.opened_at()[0]).unwrap_or(1.0);
            let lots = venue.costs.lots_for(share, lot_value, price);
            let units = lots * venue.contract_size;
            let kept = share - venue.costs.commission(lots, lot_value, price);
            let (mut row, mut value) = (0, share);
            for (total, at) in equity.iter_mut().zip(run.curve.at()) {
                while row < bars.len() && bars.opened_at()[row] < *at {
                    let quote = venue.quoting.at_close(&bars.bar(row));
                    value = rate(quote.at).map_or(units * quote.bid, |rate| kept + units * (quote.bid - price) * rate);
                    row += 1;
                }
                *total += value;
            }
        }
        let last = equity.last().copied().unwrap_or(cash);
        let symbols: Vec<&str> = self.sources.iter().map(|s| s.instrument.symbol.as_str()).collect();
        Benchmark {
            name: format!("buy and hold {}", symbols.join(" + ")),
            net_profit: last - cash,
            return_fraction: last / cash - 1.0,
            sharpe: ratios::sharpe(&returns(cash, &on_days(&equity)), 0.0, periods_per_year),
            max_drawdown_fraction: crate::stats::drawdown::max_drawdown(cash, &equity).map(|d| d.fraction),
            equity,
        }
    }
}

fn bus(names: &Arc<Names>, mode: Mode, watchers: Watchers<'_>) -> Result<Bus> {
    let mut bus = Bus::new(Arc::clone(names), mode);
    let Watchers::Files(folder) = watchers else {
        bus.add(Box::new(Journal::new()), Policy::Wait)?;
        bus.add(Box::new(crate::bus::Metrics::new()), Policy::Wait)?;
        return Ok(bus);
    };
    let lossless = || Policy::Lossless { spill_dir: folder.to_owned() };
    bus.add(Box::new(Journal::to_file(&folder.join("events.jsonl.gz"))?), lossless())?;
    bus.add(Box::new(crate::bus::Metrics::new()), lossless())?;
    bus.add(Box::new(TrainingLog::create(folder, Rotation::default())?), lossless())?;
    bus.add(Box::new(Database::open(&folder.join("run.sqlite"))?), lossless())?;
    bus.add(Box::new(Comprehensive::create(&folder.join("comprehensive_metrics.csv"))?), lossless())?;
    Ok(bus)
}

/// Period returns of values that start from `cash`.
fn returns(cash: f64, values: &[f64]) -> Vec<f64> {
    std::iter::once(&cash).chain(values).zip(values).map(|(before, after)| after / before - 1.0).collect()
}

/// Entries that were wanted and refused, where they are as many as the trades: the result is then of the account, not of the rules.
fn refusals(finished: &Finished, trades: usize) -> Option<String> {
    let refusals = &finished.tally.as_ref()?.refusals;
    let is_telling = |reason: &str| ["no_stop", "below_minimum_lots", "not_enough_margin", "invalid_stops"].contains(&reason);
    let (reason, count) = refusals.iter().filter(|(reason, _)| is_telling(reason)).max_by_key(|(_, count)| **count)?;
    if *count < trades.max(1) as u64 {
        return None;
    }
    let why = match *reason {
        "no_stop" => "sizing by risk needs a stop loss; use sizing by fraction or lots",
        "below_minimum_lots" => "the size is below the smallest lot; use more cash, or lots = \"fractional\"",
        "not_enough_margin" => "leverage does not allow the size; raise account.leverage or lower account.sizing",
        _ => "the stop or target lies on the wrong side of the price",
    };
    let times = if *count == 1 { "1 entry was".to_owned() } else { format!("{count} entries were") };
    Some(format!("{times} refused ({reason}): {why}."))
}

/// Positions that were held over holes in the data.
fn crossings(run: &Run) -> Option<String> {
    let most = run.crossings.iter().map(|crossing| crossing.gap.missing_bars).max()?;
    let (bars, gaps) = (if most == 1 { "bar" } else { "bars" }, "that the calendar does not explain");
    let what = match run.crossings.len() {
        1 => format!("A position was held over a gap of {most} {bars} {gaps}"),
        n => format!("Positions were held {n} times over a gap of up to {most} {bars} {gaps}"),
    };
    Some(format!("{what}: what the price did inside is not in the data."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_start_from_the_cash() {
        assert_eq!(returns(100.0, &[110.0, 99.0]), [110.0 / 100.0 - 1.0, 99.0 / 110.0 - 1.0]);
    }
}
