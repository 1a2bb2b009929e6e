//! One run of a program: completed bars in, values out.
//!
//! Live, each bar is evaluated as it arrives. With stored bars attached, what depends on bars alone is evaluated a block ahead, so that a step
//! costs little more than a look-up; what reads the position or a model is evaluated bar by bar either way. The values are the same.
//! A missing value is NaN inside and `None` outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::execute::Executor;
use super::program::{Kind, Output, OutputId, Program, Source};
use super::series::Rows;
use super::sheet::Sheet;
use crate::error::Result;
use crate::market::{Bar, Bars, Calendar};

/// Rows evaluated ahead in a replay.
const BLOCK: usize = 1024;

/// What a rule may know of the open position; all missing when flat.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Book {
    /// Completed bars since the entry, that of the entry included: 1 at the close of the bar whose open filled it.
    pub bars: Option<u32>,
    /// Profit as a fraction of the entry's value.
    pub pnl_fraction: Option<f64>,
}

/// What a strategy asks of a program as it goes from bar to bar.
pub trait Answers {
    /// Takes the next completed bar and what is known of the position at its close.
    fn step(&mut self, bar: &Bar, book: &Book);

    /// The value at that bar; `None` while it is missing. A condition is 1 or 0.
    fn number(&mut self, id: OutputId) -> Option<f64>;

    /// Whether the condition holds at that bar.
    fn holds(&mut self, id: OutputId) -> bool;

    /// Takes the bars that are to come, where that is of use.
    fn attach(&mut self, _bars: &Arc<Bars>) {}

    /// The sheet that tells what rows to come say, where there is one.
    fn sheet(&mut self) -> Option<&mut Sheet> {
        None
    }
}

impl Answers for Machine {
    #[inline]
    fn step(&mut self, bar: &Bar, book: &Book) {
        Self::step(self, bar, book);
    }

    #[inline]
    fn number(&mut self, id: OutputId) -> Option<f64> {
        Self::number(self, id)
    }

    #[inline]
    fn holds(&mut self, id: OutputId) -> bool {
        Self::holds(self, id)
    }

    fn attach(&mut self, bars: &Arc<Bars>) {
        Self::attach(self, Arc::clone(bars));
    }
}

/// Stored bars and how far they are evaluated.
#[derive(Debug)]
struct Replay {
    bars: Arc<Bars>,
    /// Row of the next block's first bar.
    next: usize,
}

/// Where an output's values stand, looked up once and not at every bar.
#[derive(Clone, Copy, Debug)]
struct Answer {
    /// Its column's first place.
    column: usize,
    /// Bars that go before its first value; a rule has none until everything it reads has warmed up.
    wait: u64,
}

/// The state of one run.
#[derive(Debug)]
pub struct Machine {
    program: Arc<Program>,
    executor: Executor,
    replay: Option<Replay>,
    models: Vec<f64>,
    answers: Vec<Answer>,
    /// Whether something waits for the position or a model.
    is_bound: bool,
    /// Rows evaluated ahead: those of the present block, none live.
    ahead: usize,
    /// Row of the block that the last step stood at.
    row: usize,
    /// Bars stepped through.
    seen: u64,
}

impl Machine {
    /// A run that has seen no bar.
    #[must_use]
    pub fn new(program: Arc<Program>) -> Self {
        let executor = Executor::new(Arc::clone(&program.plan), 1, program.calendar);
        let models = vec![f64::NAN; program.models.len()];
        let answers = answers(&program, &executor);
        let is_bound = !program.plan.bound.is_empty();
        Self { program, executor, replay: None, models, answers, is_bound, ahead: 0, row: 0, seen: 0 }
    }

    /// Says that the bars to come are those of `bars`, from the first on, so that they may be evaluated ahead.
    ///
    /// # Panics
    /// When a bar has been stepped already.
    pub fn attach(&mut self, bars: Arc<Bars>) {
        self.attach_from(bars, 0);
    }

    /// As [`Machine::attach`], from row `first` on.
    ///
    /// # Panics
    /// When a bar has been stepped already.
    pub fn attach_from(&mut self, bars: Arc<Bars>, first: usize) {
        assert!(self.seen == 0, "bars are attached before the first step");
        let width = BLOCK.min(bars.len().saturating_sub(first)).max(1);
        self.executor = Executor::new(Arc::clone(&self.program.plan), width, self.program.calendar);
        self.answers = answers(&self.program, &self.executor);
        self.replay = Some(Replay { bars, next: first });
    }

    /// As [`Machine::attach`], with the first `rows` bars stepped through already, flat: what is read and not traded.
    ///
    /// # Panics
    /// When a bar has been stepped already, or there are not so many.
    pub fn attach_after(&mut self, bars: &Arc<Bars>, rows: usize) {
        self.attach(Arc::clone(bars));
        for row in 0..rows {
            self.step(&bars.bar(row), &Book::default());
        }
    }

    /// Sets what `model(name)` reads from the next step on, until set again; the slot is [`Program::model_slot`]'s.
    pub fn set_model(&mut self, slot: usize, value: Option<f64>) {
        self.models[slot] = value.filter(|v| v.is_finite()).unwrap_or(f64::NAN);
    }

    /// Takes the next completed bar and what is known of the position at its close.
    ///
    /// # Panics
    /// When bars are attached and this is not the next one of them.
    #[inline]
    pub fn step(&mut self, bar: &Bar, book: &Book) {
        if self.row + 1 < self.ahead {
            self.row += 1;
            debug_assert!(self.is_attached(bar), "the bars stepped are those attached");
        } else {
            self.evaluate(bar);
        }
        self.seen += 1;
        if self.is_bound {
            self.executor.run_bound(self.row, bar, book, &self.models);
        }
    }

    /// Whether `bar` opens with the row that this stands at.
    fn is_attached(&self, bar: &Bar) -> bool {
        let opened_at = |replay: &Replay| replay.bars.opened_at()[replay.next - self.ahead + self.row];
        self.replay.as_ref().is_none_or(|replay| opened_at(replay) == bar.opened_at)
    }

    /// Evaluates the next block of the attached bars, or without them this bar alone.
    fn evaluate(&mut self, bar: &Bar) {
        match &mut self.replay {
            None => self.executor.run_bars(Rows::One(bar)),
            Some(Replay { bars, next }) => {
                let (start, len) = (*next, BLOCK.min(bars.len() - *next));
                assert!(len > 0 && bars.opened_at()[start] == bar.opened_at, "the bars stepped are those attached");
                self.executor.run_bars(Rows::Block { bars, start, len });
                *next += len;
                (self.ahead, self.row) = (len, 0);
            }
        }
        if self.executor.has_higher() {
            // A longer timeframe tells only with its data when it has warmed up.
            self.answers = answers(&self.program, &self.executor);
        }
    }

    /// The value after the last step; `None` while it is missing. A condition is 1 or 0.
    ///
    /// # Panics
    /// When `id` is another program's.
    #[must_use]
    #[inline]
    pub fn number(&self, id: OutputId) -> Option<f64> {
        let answer = self.answers[id.0 as usize];
        if self.seen <= answer.wait {
            return (self.seen > 0 && self.program.is_condition(id)).then_some(0.0);
        }
        let value = self.executor.at(answer.column + self.row);
        (!value.is_nan()).then_some(value)
    }

    /// Whether the condition holds after the last step; a rule whose inputs are warming up does not.
    ///
    /// # Panics
    /// When `id` is another program's.
    #[must_use]
    #[inline]
    pub fn holds(&self, id: OutputId) -> bool {
        let answer = self.answers[id.0 as usize];
        self.seen > answer.wait && self.executor.at(answer.column + self.row) == 1.0
    }

    /// The program this runs.
    #[must_use]
    pub const fn program(&self) -> &Arc<Program> {
        &self.program
    }
}

fn answers(program: &Program, executor: &Executor) -> Vec<Answer> {
    let answer = |output: &Output| Answer {
        column: executor.column(output.slot),
        wait: if output.is_rule { executor.first_row(output.slot) as u64 } else { 0 },
    };
    program.outputs.iter().map(answer).collect()
}

/// An expression's value at each row of `bars`; conditions are 1 and 0.
///
/// # Errors
/// As [`Program::compile`], and [`Error::Rule`](crate::error::Error::Rule) where the expression asks for a model: no model speaks here.
///
/// ```
/// use std::{collections::BTreeMap, sync::Arc};
/// use cthulu_lab::market::{Bar, Bars};
/// use cthulu_lab::time::{HOUR, Nanos};
/// let mut bars = Bars::new("1h".parse().unwrap());
/// for i in 0..3 {
///     bars.push(&Bar { opened_at: Nanos(i * HOUR), close: 1.0 + i as f64, ..Bar::default() });
/// }
/// let column = cthulu_lab::rule::evaluate("sma(close, 2)", &BTreeMap::new(), &Arc::new(bars)).unwrap();
/// assert_eq!(column, [None, Some(1.5), Some(2.5)]);
/// ```
pub fn evaluate(expr: &str, params: &BTreeMap<String, f64>, bars: &Arc<Bars>) -> Result<Vec<Option<f64>>> {
    let source = Source { name: "value", text: expr, kind: Kind::Let, place: "the expression" };
    let program = Program::compile(&[source], params, bars.timeframe(), Calendar::default())?;
    program.needs_no_model(source.place)?;
    let id = program.output("value").expect("compiled under this name");
    let mut machine = Machine::new(Arc::new(program));
    machine.attach(Arc::clone(bars));
    let step = |bar: Bar| {
        machine.step(&bar, &Book::default());
        machine.number(id)
    };
    Ok(bars.iter().map(step).collect())
}
