//! The loop for a trial that nobody watches: bars in which nothing can happen are passed, all others go through the one loop's own steps.
//!
//! A bar is passed when no order is under way, the strategy tells ahead that it will be silent, no price of the bar comes near a stop, a target
//! or ruin, and the equity at its close stays clear of every limit. What such a bar does to an account is its mark, and that is all that is
//! done here. Whatever this does not know is stepped: slower, and right. What it gives is equal to what [`run`](super::run) gives, to the bit.

use std::{ops::Range, sync::Arc};

use super::{
    Account, Engine, Figures, Run, Seat, Track,
    figures::Path,
    gauge::{Gauge, Held},
};
use crate::{
    broker::{Broker, Simulator},
    bus::Bus,
    event::{Kind, Market, Mode, Names},
    market::{Bar, InstrumentId},
    risk::Limits,
    time::Nanos,
};

/// The one instrument there is.
const ONLY: InstrumentId = InstrumentId(0);
/// Equity below this share of its peak may be no equity; such a bar is stepped.
const NEAR_NOTHING: f64 = 1e-6;

/// Plays one strategy over some rows, with nobody listening, and takes the figures.
///
/// # Panics
/// When the rows reach past the last bar, or the seat is not on the one instrument.
#[must_use]
pub fn play(track: &Track, rows: Range<usize>, seat: &mut Seat, broker: &mut Simulator, account: &Account) -> Figures {
    // Named one by one: whoever gives an account more to do has to say here whether it can happen in a bar that is passed.
    let Account { cash: _, sizing: _, lots: _, limits: _, instruments, gaps: _, close_at_end: _ } = account;
    assert!(seat.instrument == ONLY && instruments.len() == 1, "one instrument, and a seat on it");
    let mut bus = Bus::new(Arc::<Names>::default(), Mode::Backtest);
    let engine = Engine::new(account, 1, broker.deals_at_close(), Gauge::new(account.cash));
    let next_end = track.day_ends.partition_point(|end| *end < rows.start);
    let mut skipper = Skipper {
        track,
        engine,
        next_end,
        begin: rows.start,
        end: rows.end,
        alarm: alarm(&account.limits),
        has_news: false,
        day_rows: Vec::new(),
        day_equity: Vec::new(),
    };
    let mut now = Nanos(i64::MIN);
    let mut row = rows.start;
    while row < rows.end {
        row += skipper.pass(row, seat, broker);
        let bar = track.bars.bar(row);
        if now.0 == i64::MIN {
            bus.publish(bar.opened_at, None, None, Kind::RunStarted { cash: account.cash });
        }
        skipper.step(row, &bar, seat, broker, &mut bus);
        now = bar.closed_at;
        row += 1;
    }
    skipper.finish(now, seat, broker, &mut bus)
}

/// The share of its peak at or below which the equity may hit a limit; `None` where a limit needs every bar.
fn alarm(limits: &Limits) -> Option<f64> {
    // Named one by one: whoever adds a limit has to say here what it does to bars that are passed.
    let Limits { max_positions: _, max_daily_loss_fraction, max_drawdown_fraction } = limits;
    let halt = max_drawdown_fraction.map_or(0.0, |most| (1.0 - most) * (1.0 + 1e-9) + 1e-12);
    max_daily_loss_fraction.is_none().then_some(halt.max(NEAR_NOTHING))
}

/// The engine, and how far it is.
struct Skipper<'a> {
    track: &'a Track,
    engine: Engine<'a, Gauge>,
    /// Place of the present day's end among the track's.
    next_end: usize,
    begin: usize,
    end: usize,
    alarm: Option<f64>,
    /// Whether a trade was closed after the strategy had seen its bar: then it hears of that at the next.
    has_news: bool,
    day_rows: Vec<usize>,
    day_equity: Vec<f64>,
}

impl Skipper<'_> {
    /// Passes the bars from `row` on in which nothing can happen, and says how many. The last bar is always stepped.
    fn pass(&mut self, row: usize, seat: &mut Seat, broker: &Simulator) -> usize {
        let Some(alarm) = self.alarm else { return 0 };
        if self.has_news || self.engine.desk.has_pending() || !broker.is_idle() {
            return 0;
        }
        let position = self.engine.desk.book.positions().first().copied();
        let silent = seat.strategy.silent_bars(position.as_ref(), self.end - 1 - row);
        if silent == 0 {
            return 0;
        }
        let held = position.map(|position| Held::new(&position, &self.engine.desk.book, broker.leverage()));
        let passed = self.pass_rows(row..row + silent, held.as_ref(), alarm);
        seat.strategy.pass(passed);
        passed
    }

    /// The same, day by day.
    fn pass_rows(&mut self, rows: Range<usize>, held: Option<&Held>, alarm: f64) -> usize {
        let mut row = rows.start;
        while row < rows.end {
            let day_end = self.track.day_ends[self.next_end];
            let stop = rows.end.min(day_end + 1);
            let gauge = &mut self.engine.curve;
            let passed = match held {
                None => gauge.pass_flat(self.engine.desk.book.cash(), stop - row, alarm),
                Some(held) => gauge.pass_held(held, self.track.exits(held.side()), row..stop, alarm),
            };
            row += passed;
            if row < stop {
                break;
            }
            self.end_day(row - 1);
        }
        self.note(rows.start, row, held.is_some());
        row - rows.start
    }

    /// What passed bars leave in the book and in the counts.
    fn note(&mut self, from: usize, to: usize, is_held: bool) {
        let bars = (to - from) as u64;
        if bars == 0 {
            return;
        }
        let Engine { desk, curve, bars: all, exposed_bars, .. } = &mut self.engine;
        *all += bars;
        desk.guard.pass(curve.meter.peak(), curve.equity);
        if is_held {
            *exposed_bars += bars;
            let closes = (self.track.bid.close[to - 1], self.track.ask.close[to - 1]);
            desk.book.pass_bars(ONLY, bars as u32, closes);
        }
    }

    /// One bar through the loop's own steps.
    fn step(&mut self, row: usize, bar: &Bar, seat: &mut Seat, broker: &mut Simulator, bus: &mut Bus) {
        self.engine.settle(&Market::Open(ONLY, bar), false, broker, bus);
        self.engine.settle(&Market::Completion { instrument: ONLY, bar, more: false }, false, broker, bus);
        let closed = self.engine.trades.len();
        self.engine.complete((ONLY, bar, false), std::slice::from_mut(seat), broker, bus);
        self.has_news = self.engine.trades.len() != closed;
        self.end_day(row);
    }

    /// Writes down the day's equity where `row` ended it; that of the last day is the run's.
    fn end_day(&mut self, row: usize) {
        if row == self.track.day_ends[self.next_end] && row + 1 < self.end {
            self.day_rows.push(row - self.begin);
            self.day_equity.push(self.engine.curve.equity);
            self.next_end += 1;
        }
    }

    fn finish(mut self, now: Nanos, seat: &Seat, broker: &mut Simulator, bus: &mut Bus) -> Figures {
        let run: Run<Gauge> = self.engine.finish(now, std::slice::from_ref(seat), broker, bus);
        self.day_rows.push(self.end - 1 - self.begin);
        self.day_equity.push(run.curve.equity);
        let Self { day_rows, day_equity, track, .. } = self;
        Figures::along(&run, &track.days, Path { falls: run.curve.meter, day_rows, day_equity })
    }
}
