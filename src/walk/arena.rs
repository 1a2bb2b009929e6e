//! One data set and its strategies, made ready once and played with many sets of parameters.
//!
//! Indicators read the data from its first row, whatever the span: a rule says at a row what it would say live with the whole history
//! behind it, and two sets of parameters are scored on the same rows, however long each needs to warm up. What was not known at a row is
//! not used there. A play knows no journal and writes no file; its figures are those that a backtest of the same rows has, by the same
//! code. It shares nothing that changes, so plays may run side by side.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use crate::{
    broker::{Fills, House, Simulator, Venue},
    bus::Bus,
    engine::{self, Account, CostBreakdown, Days, Figures, Seat, Track},
    error::{Error, Result, suggest},
    event::{Mode, Names},
    feed::Replay,
    market::{Bars, Instrument, InstrumentId},
    rule::{Columns, CompiledStrategy, StrategyFile},
    stats::{ratios, summary::Metrics},
    strategy::RuleStrategy,
    time::Nanos,
};

/// One instrument of the data set.
#[derive(Clone)]
pub struct Prices {
    /// Its bars.
    pub bars: Arc<Bars>,
    /// What they price.
    pub instrument: Instrument,
    /// How it deals.
    pub venue: Venue,
}

/// One strategy and where it sits.
#[derive(Clone)]
pub struct Entrant {
    /// The strategy, with the parameter values that a play does not name.
    pub file: StrategyFile,
    /// Which of the prices it trades.
    pub instrument: InstrumentId,
    /// Its share of the account's sizing.
    pub weight: f64,
}

/// What an arena is made of: the parts of a checked experiment.
#[derive(Clone)]
pub struct Setup {
    /// The prices, by instrument.
    pub prices: Vec<Prices>,
    /// The strategies, in seat order.
    pub entrants: Vec<Entrant>,
    /// The account; [`Span::at_end`] takes the place of its `close_at_end`.
    pub account: Account,
    /// Notional over equity allowed, 1 for no margin.
    pub leverage: f64,
    /// How orders meet the market.
    pub fills: Fills,
    /// What the returns are counted by.
    pub days: Days,
}

/// What becomes of a position that is open at the end of a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtEnd {
    /// It is closed at the last close, costs paid.
    Close,
    /// It stays open, marked at the last close, and is no closed trade.
    #[default]
    Carry,
}

/// Which rows are traded and scored.
///
/// Rows are the moments at which a bar of any instrument opens ([`timeline`]): with one instrument those of its file. A bar belongs to the
/// span when it opens at one of its moments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The rows; those before them are read.
    pub scored: Range<usize>,
    /// What becomes of open positions.
    pub at_end: AtEnd,
}

/// What one set of parameters came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// Every figure; `dsr` is that of a single trial.
    pub metrics: Metrics,
    /// What it cost.
    pub costs: CostBreakdown,
    /// Pnl of each closed trade, in the order of closing.
    pub trade_pnls: Vec<f64>,
    /// The return of each trading day of the span, the first from the starting cash; `None` where the account fell to nothing.
    pub day_returns: Option<Vec<f64>>,
    /// Account value at the end, open positions marked.
    pub final_equity: f64,
    /// Positions open at the end.
    pub open_positions: usize,
}

/// A data set with its strategies, ready to be played with any parameters.
pub struct Arena {
    setup: Setup,
    names: Arc<Names>,
    timeline: Vec<Nanos>,
    /// By instrument.
    columns: Vec<Columns>,
    /// Where one strategy trades one instrument.
    track: Option<Track>,
}

/// Every moment at which a bar of any of these series opens, once, ascending.
#[must_use]
pub fn timeline(series: &[&Bars]) -> Vec<Nanos> {
    let mut moments: Vec<Nanos> = series.iter().flat_map(|bars| bars.opened_at().iter().copied()).collect();
    if series.len() > 1 {
        moments.sort_unstable();
        moments.dedup();
    }
    moments
}

/// Columns kept over all instruments: 160 of a hundred thousand rows.
const MOST_BYTES: usize = 128 << 20;

impl Arena {
    /// Checks that the strategies compile with the values they have.
    ///
    /// # Errors
    /// When one does not compile for its data, or asks for a model; when there are no prices or no bars.
    pub fn new(setup: Setup) -> Result<Self> {
        if setup.prices.iter().all(|prices| prices.bars.is_empty()) {
            return Err(Error::config("data", "there is no bar to play; name a price file that has some"));
        }
        let timeline = timeline(&setup.prices.iter().map(|prices| &*prices.bars).collect::<Vec<_>>());
        let room = MOST_BYTES / setup.prices.len();
        let columns = |prices: &Prices| Columns::with_room(Arc::clone(&prices.bars), prices.instrument.calendar, room);
        let columns = setup.prices.iter().map(columns).collect();
        let track = match &*setup.prices {
            [only] if setup.entrants.len() == 1 && only.venue.is_plain() => {
                Some(Track::new(Arc::clone(&only.bars), &only.venue, setup.days))
            }
            _ => None,
        };
        let arena = Self { setup, names: Arc::default(), timeline, columns, track };
        for entrant in &arena.setup.entrants {
            arena.compile(entrant, &entrant.file)?;
        }
        Ok(arena)
    }

    /// How many rows there are.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.timeline.len()
    }

    /// The moments that rows stand for.
    #[must_use]
    pub fn timeline(&self) -> &[Nanos] {
        &self.timeline
    }

    /// What the arena is made of.
    #[must_use]
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Bars until every rule can have a value with these parameters, in data without gaps; a span that begins there warms nothing up.
    ///
    /// # Errors
    /// As [`Arena::play`].
    pub fn warmup_bars(&self, params: &BTreeMap<String, f64>) -> Result<usize> {
        let compiled = self.compiled(params)?;
        Ok(compiled.iter().map(|rules| rules.program.warmup_bars()).max().unwrap_or(1))
    }

    /// Plays one set of parameters over a span. What `params` does not name stays as the strategy has it.
    ///
    /// # Errors
    /// A parameter that no strategy has, or a value outside its range; a span that is empty or reaches past the data.
    pub fn play(&self, params: &BTreeMap<String, f64>, span: &Span) -> Result<Played> {
        let rows = self.rows_of(&span.scored)?;
        let (compiled, account) = (self.compiled(params)?, self.account(span));
        let seats = |(rules, entrant): (CompiledStrategy, &Entrant)| {
            let index = usize::from(entrant.instrument.0);
            seat(entrant, rules, &self.columns[index], rows[index].start)
        };
        let mut seats: Vec<Seat> = compiled.into_iter().zip(&self.setup.entrants).map(seats).collect();
        Ok(self.played(match (&self.track, &mut *seats) {
            (Some(track), [seat]) => engine::play(track, rows[0].clone(), seat, &mut self.broker(), &account),
            _ => self.looped(rows, seats, &account),
        }))
    }

    /// As [`Arena::play`], with every bar stepped through the loop and nothing shared: slower, and the same to the bit.
    ///
    /// # Errors
    /// As [`Arena::play`].
    pub fn play_stepped(&self, params: &BTreeMap<String, f64>, span: &Span) -> Result<Played> {
        let rows = self.rows_of(&span.scored)?;
        let seats = |(rules, entrant): (CompiledStrategy, &Entrant)| {
            let index = usize::from(entrant.instrument.0);
            stepped(entrant, rules, &self.setup.prices[index].bars, rows[index].start)
        };
        let seats = self.compiled(params)?.into_iter().zip(&self.setup.entrants).map(seats).collect();
        Ok(self.played(self.looped(rows, seats, &self.account(span))))
    }

    /// The loop as a backtest runs it.
    fn looped(&self, rows: Vec<Range<usize>>, mut seats: Vec<Seat>, account: &Account) -> Figures {
        let series: Vec<_> = self.setup.prices.iter().map(|prices| Arc::clone(&prices.bars)).zip(rows).collect();
        let mut bus = Bus::new(Arc::clone(&self.names), Mode::Backtest);
        let mut feed = Replay::of_rows(&series);
        let run = match &mut House::new(self.venues(), self.setup.leverage, self.setup.fills.clone()) {
            House::Plain(simulator) => engine::run(&mut feed, &mut seats, &mut **simulator, account, &mut bus),
            House::Full(broker) => engine::run(&mut feed, &mut seats, &mut **broker, account, &mut bus),
        };
        Figures::of(&run, &self.setup.days)
    }

    fn played(&self, figures: Figures) -> Played {
        let Figures { metrics, costs, trade_pnls, day_equity, final_equity, open_positions, day_rows: _ } = figures;
        let day_returns = ratios::returns_of(self.setup.account.cash, &day_equity);
        Played { metrics, costs, trade_pnls, day_returns, final_equity, open_positions }
    }

    fn venues(&self) -> Vec<Venue> {
        self.setup.prices.iter().map(|prices| prices.venue.clone()).collect()
    }

    /// The simulator alone, which is enough where the venues are plain.
    fn broker(&self) -> Simulator {
        Simulator::filling(self.venues(), self.setup.leverage, self.setup.fills.clone())
    }

    fn account(&self, span: &Span) -> Account {
        Account { close_at_end: span.at_end == AtEnd::Close, ..self.setup.account.clone() }
    }

    fn compiled(&self, params: &BTreeMap<String, f64>) -> Result<Vec<CompiledStrategy>> {
        let files = self.files(params)?;
        self.setup.entrants.iter().zip(&files).map(|(entrant, file)| self.compile(entrant, file)).collect()
    }

    /// The strategies with their parameters set: each takes those it has, and one at least must have each.
    fn files(&self, params: &BTreeMap<String, f64>) -> Result<Vec<StrategyFile>> {
        let has = |file: &StrategyFile, name: &str| file.parameters().iter().any(|p| p.name == name);
        let entrants = &self.setup.entrants;
        if let Some(unknown) = params.keys().find(|name| !entrants.iter().any(|entrant| has(&entrant.file, name))) {
            let known = entrants.iter().flat_map(|entrant| entrant.file.parameters()).map(|p| p.name.as_str());
            let problem = format!("no strategy has a parameter '{unknown}'{}", suggest(unknown, known));
            return Err(Error::config("params", problem));
        }
        let set = |entrant: &Entrant| {
            let own = params.iter().filter(|(name, _)| has(&entrant.file, name));
            entrant.file.with_params(&own.map(|(name, value)| (name.clone(), *value)).collect())
        };
        entrants.iter().map(set).collect()
    }

    fn compile(&self, entrant: &Entrant, file: &StrategyFile) -> Result<CompiledStrategy> {
        let Prices { bars, instrument, .. } = &self.setup.prices[usize::from(entrant.instrument.0)];
        let rules = file.compile_for(bars.timeframe(), instrument.calendar)?;
        rules.program.needs_no_model(file.name())?;
        Ok(rules)
    }

    /// The rows of each instrument that a span takes in.
    fn rows_of(&self, scored: &Range<usize>) -> Result<Vec<Range<usize>>> {
        let Range { start, end } = *scored;
        if start >= end || end > self.rows() {
            let problem = format!("rows {start} to {end} are no span of {} rows; the first must lie before the end", self.rows());
            return Err(Error::config("span", problem));
        }
        let (from, to) = (Some(self.timeline[start]), self.timeline.get(end).copied());
        Ok(self.setup.prices.iter().map(|prices| prices.bars.span(from, to)).collect())
    }
}

/// The strategy in its seat after the first `seen` bars, on shared columns where its rules allow that.
fn seat(entrant: &Entrant, rules: CompiledStrategy, columns: &Columns, seen: usize) -> Seat {
    match RuleStrategy::on_columns(&rules, columns, seen) {
        Some(strategy) => Seat { strategy: Box::new(strategy), instrument: entrant.instrument, weight: entrant.weight },
        None => stepped(entrant, rules, columns.bars(), seen),
    }
}

fn stepped(entrant: &Entrant, rules: CompiledStrategy, bars: &Arc<Bars>, seen: usize) -> Seat {
    let mut strategy = RuleStrategy::new(rules);
    strategy.prepare_after(bars, seen);
    Seat { strategy: Box::new(strategy), instrument: entrant.instrument, weight: entrant.weight }
}
