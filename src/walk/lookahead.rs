//! Does a strategy see ahead? The same strategy over the same past with no future, with another future, and in another market altogether.
//!
//! A decision at a row may depend on the rows up to it. So nothing that was decided may change when the history is cut after that row
//! (truncation) or when everything after it is replaced (another future). Both catch whatever the strategy is given with its bars. A strategy
//! that was handed the real future in some other way, once and for all, repeats it whatever it is shown: it is caught in a market of
//! the same hours and unrelated prices, where what it enters must not know the next move of the real one. And a strategy that keeps in shared
//! state what an earlier run saw decides otherwise the second time, which is caught first.
//!
//! A rule strategy cannot fail: the language has no way to write the future. For a strategy in Rust this is the proof that it is honest, as far
//! as these markets go; what it would do in others is not promised.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use rand_chacha::{ChaCha8Rng, rand_core::Rng};
use serde::Serialize;

use super::Prices;
use crate::{
    broker::{MarketFill, Simulator},
    bus::Bus,
    engine::{self, Account, Seat},
    error::{Error, Result},
    event::{Action, Mode, Names, Signal},
    feed::Replay,
    market::{Bar, Bars, InstrumentId, Ohlc, Side},
    risk::{Limits, Lots, Sizing},
    seed::Seed,
    stats::moments::{mean, sd},
    strategy::{Context, Strategy},
    time::Nanos,
};

/// Places at which the future is cut and changed.
const CUTS: usize = 24;

/// Standard errors beyond which entries in another market know the real one; chance does that once in three and a half million.
const TOO_WELL: f64 = 5.0;

/// Entries in another market below which nothing is said of them.
const ENOUGH_ENTRIES: usize = 30;

/// Makes the strategy, new, for a replay of these bars.
pub type Make<'a> = dyn Fn(&Arc<Bars>) -> Result<Box<dyn Strategy>> + 'a;

/// How a strategy was caught.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Leak {
    /// Two runs over the same bars differ: something outlives a run.
    Repetition(Difference),
    /// A decision changes when the bars from `cut` on are not there.
    Truncation {
        /// First row that was left out.
        cut: usize,
        /// The decision.
        #[serde(flatten)]
        difference: Difference,
    },
    /// A decision changes when the bars from `cut` on have other prices.
    OtherFuture {
        /// First row that was changed.
        cut: usize,
        /// The decision.
        #[serde(flatten)]
        difference: Difference,
    },
    /// Entries in an unrelated market know the real one's next move.
    OtherMarket {
        /// Entries there.
        entries: usize,
        /// How many standard errors better than chance they are.
        standard_errors: f64,
    },
}

/// A decision that should be the same and is not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The row of the decision.
    pub row: usize,
    /// When that bar opened.
    pub opened_at: Nanos,
    /// What was decided with the whole history there.
    pub whole: String,
    /// What was decided without it.
    pub otherwise: String,
}

/// What the test found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lookahead {
    /// Rows played.
    pub rows: usize,
    /// Rows at which something was decided.
    pub decisions: usize,
    /// Rows at which the future was cut, and again changed.
    pub cuts: Vec<usize>,
    /// Entries in the unrelated market.
    pub entries_elsewhere: usize,
    /// What gave the strategy away.
    pub leak: Option<Leak>,
}

/// What a strategy asked for at each row.
type Decisions = Vec<Vec<Signal>>;

/// Looks for a leak. `make` is called for every replay with the bars of that replay, and should give the strategy nothing else.
///
/// ```
/// use std::sync::Arc;
/// use cthulu_lab::{
///     broker::Venue, market::{Bar, Bars, Instrument, Quoting, Side}, seed::Seed,
///     strategy::{Context, Entry, Strategy}, time::{HOUR, Nanos, Timeframe}, walk::{Prices, lookahead},
/// };
///
/// /// Buys when the next close will be higher.
/// struct Cheat { bars: Arc<Bars>, row: usize }
/// impl Strategy for Cheat {
///     fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
///         self.row += 1;
///         if self.bars.close().get(self.row).is_some_and(|next| *next > bar.close) { ctx.enter(Entry::market(Side::Buy)) } else { ctx.exit() }
///     }
/// }
///
/// let mut bars = Bars::new(Timeframe::from_ns(HOUR).unwrap());
/// for i in 0..300 {
///     let price = 100.0 + f64::from(i % 7);
///     let (opened_at, closed_at) = (Nanos(i64::from(i) * HOUR), Nanos(i64::from(i + 1) * HOUR));
///     bars.push(&Bar { opened_at, closed_at, open: price, high: price, low: price, close: price, ..Bar::default() });
/// }
/// let venue = Venue { quoting: Quoting { spread: Some(0.0), ..Quoting::default() }, ..Venue::default() };
/// let prices = Prices { bars: Arc::new(bars), instrument: Instrument::fractional("X"), venue };
/// let found = lookahead(&prices, &|bars| Ok(Box::new(Cheat { bars: Arc::clone(bars), row: 0 })), Seed::new(7)).unwrap();
/// assert!(found.leak.is_some());
/// ```
///
/// # Errors
/// When there are fewer than 20 bars, and whatever `make` fails with.
pub fn lookahead(prices: &Prices, make: &Make<'_>, seed: Seed) -> Result<Lookahead> {
    let bars = &prices.bars;
    let rows = bars.len();
    if rows < 20 {
        return Err(Error::config("data", format!("{rows} bars are too few to cut; use 20 or more")));
    }
    let stage = Stage { prices, make };
    let whole = stage.play(bars)?;
    let decisions = whole.iter().filter(|signals| !signals.is_empty()).count();
    let cuts: Vec<usize> = (1..=CUTS).map(|i| (i * rows / (CUTS + 1)).max(2)).collect();
    let mut found = Lookahead { rows, decisions, cuts, entries_elsewhere: 0, leak: None };
    found.leak = stage.repeated(&whole)?;
    for cut in found.cuts.clone() {
        found.leak = match found.leak {
            None => stage.cut(&whole, cut, seed)?,
            leak => leak,
        };
    }
    if found.leak.is_none() {
        let elsewhere = other_future(bars, 0, seed.child("elsewhere"));
        let entries = entries(&stage.play(&elsewhere)?);
        found.entries_elsewhere = entries.len();
        found.leak = knowing(&entries, bars);
    }
    Ok(found)
}

/// Where the strategy is played.
struct Stage<'a> {
    prices: &'a Prices,
    make: &'a Make<'a>,
}

impl Stage<'_> {
    fn repeated(&self, whole: &Decisions) -> Result<Option<Leak>> {
        let again = self.play(&self.prices.bars)?;
        Ok(difference(whole, &again, whole.len(), &self.prices.bars).map(Leak::Repetition))
    }

    fn cut(&self, whole: &Decisions, cut: usize, seed: Seed) -> Result<Option<Leak>> {
        let bars = &self.prices.bars;
        let short = Arc::new(bars.slice(0..cut));
        // Without its successor a bar that was cut short closes later, which a strategy may see.
        let known = if short.closed_at(cut - 1) == bars.closed_at(cut - 1) { cut } else { cut - 1 };
        let truncated = self.play(&short)?;
        if let Some(difference) = difference(whole, &truncated, known, bars) {
            return Ok(Some(Leak::Truncation { cut, difference }));
        }
        let other = self.play(&other_future(bars, cut, seed.child("future")))?;
        Ok(difference(whole, &other, cut, bars).map(|difference| Leak::OtherFuture { cut, difference }))
    }

    fn play(&self, bars: &Arc<Bars>) -> Result<Decisions> {
        let told: Rc<RefCell<Decisions>> = Rc::default();
        let strategy = Box::new(Recorded { inner: (self.make)(bars)?, told: Rc::clone(&told) });
        let mut seats = [Seat { strategy, instrument: InstrumentId(0), weight: 1.0 }];
        let account = Account {
            cash: 10_000.0,
            sizing: Sizing::Fraction(0.5),
            lots: Lots::Fractional,
            limits: Limits::default(),
            instruments: vec![self.prices.instrument.clone()],
            close_at_end: false,
            gaps: Vec::new(),
        };
        let mut broker = Simulator::new(vec![self.prices.venue.clone()], 1.0, MarketFill::NextOpen);
        let mut bus = Bus::new(Arc::new(Names::default()), Mode::Backtest);
        engine::run(&mut Replay::new(&[Arc::clone(bars)]), &mut seats, &mut broker, &account, &mut bus);
        Ok(told.take())
    }
}

/// Notes what a strategy asks for.
struct Recorded {
    inner: Box<dyn Strategy>,
    told: Rc<RefCell<Decisions>>,
}

impl Strategy for Recorded {
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        let before = ctx.signals.len();
        self.inner.on_bar(ctx, bar);
        self.told.borrow_mut().push(ctx.signals[before..].to_vec());
    }
}

/// The first of the first `known` rows at which the decisions differ.
fn difference(whole: &Decisions, other: &Decisions, known: usize, bars: &Bars) -> Option<Difference> {
    let row = (0..known).find(|row| whole.get(*row) != other.get(*row))?;
    let told = |decisions: &Decisions| decisions.get(row).map_or_else(|| "nothing".to_owned(), |signals| words(signals));
    Some(Difference { row, opened_at: bars.opened_at()[row], whole: told(whole), otherwise: told(other) })
}

/// Decisions in words.
fn words(signals: &[Signal]) -> String {
    let one = |signal: &Signal| match signal.action {
        Action::Enter { side, order, stop_loss, take_profit } => {
            let price = order.price().map_or_else(String::new, |p| format!(" at {p}"));
            let level = |name: &str, price: Option<f64>| price.map_or_else(String::new, |p| format!(", {name} {p}"));
            format!("enter {}{price}{}{}", side.name(), level("stop", stop_loss), level("target", take_profit))
        }
        Action::Exit(reason) => format!("exit ({})", reason.name()),
        Action::MoveStop(price) => format!("move the stop to {price}"),
        Action::Withdraw => "withdraw the order".to_owned(),
    };
    if signals.is_empty() { "nothing".to_owned() } else { signals.iter().map(one).collect::<Vec<_>>().join(", ") }
}

/// The same bars, but from row `from` on with prices that owe nothing to theirs: steps as large as the market's own, in directions drawn anew.
fn other_future(bars: &Bars, from: usize, seed: Seed) -> Arc<Bars> {
    let mut changed = bars.slice(0..from);
    let mut generator = seed.at(from as u64).generator();
    let mut draw = || uniform(&mut generator);
    let returns: Vec<f64> = bars.close().windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
    // A uniform step of this width has the standard deviation of the market's returns; it may not halve a price.
    let width = (sd(&returns).unwrap_or(0.01) * 12.0_f64.sqrt()).clamp(1e-6, 1.0);
    let volume = mean(bars.volume()).unwrap_or(0.0);
    let mut last = bars.close()[from.saturating_sub(1)];
    for bar in bars.iter().skip(from) {
        let open = last * (1.0 + (draw() - 0.5) * width * 0.1);
        let close = open * (1.0 + (draw() - 0.5) * width);
        let (high, low) = (open.max(close) * (1.0 + draw() * width * 0.3), open.min(close) * (1.0 - draw() * width * 0.3));
        let ask = bar.ask.map(|ask| {
            let spread = (ask.open - bar.open).max(0.0);
            Ohlc { open: open + spread, high: high + spread, low: low + spread, close: close + spread }
        });
        changed.push(&Bar { open, high, low, close, volume: 2.0 * draw() * volume, ask, ..bar });
        last = close;
    }
    Arc::new(changed)
}

/// Uniform in 0..1.
fn uniform(generator: &mut ChaCha8Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Row and sign of each entry.
fn entries(decisions: &Decisions) -> Vec<(usize, f64)> {
    let side = |signal: &Signal| match signal.action {
        Action::Enter { side, .. } => Some(if side == Side::Buy { 1.0 } else { -1.0 }),
        _ => None,
    };
    decisions.iter().enumerate().filter_map(|(row, signals)| Some((row, signals.iter().find_map(side)?))).collect()
}

/// Whether entries decided elsewhere earn in the real market's next bar what only its future can tell: Σ side·(r − r̄)/(s·√n), over the mean
/// so that holding a rising market is nothing to know.
fn knowing(entries: &[(usize, f64)], bars: &Bars) -> Option<Leak> {
    let returns: Vec<f64> = bars.close().windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
    let (mean, sd) = (mean(&returns)?, sd(&returns).filter(|sd| *sd > 0.0)?);
    let gains: Vec<f64> = entries.iter().filter_map(|(row, side)| Some(side * (returns.get(*row)? - mean))).collect();
    if gains.len() < ENOUGH_ENTRIES {
        return None;
    }
    let standard_errors = gains.iter().sum::<f64>() / (sd * (gains.len() as f64).sqrt());
    (standard_errors > TOO_WELL).then_some(Leak::OtherMarket { entries: gains.len(), standard_errors })
}
