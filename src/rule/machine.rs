//! One run of a program: completed bars in, values out.
//!
//! Live, each bar is evaluated as it arrives. With stored bars attached, what depends on bars alone is evaluated a block ahead, so that a step
//! costs little more than a look-up; what reads the position or a model is evaluated bar by bar either way. The values are the same.
//! A missing value is NaN inside and `None` outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::execute::Executor;
use super::program::{Kind, OutputId, Program, Source};
use super::series::Rows;
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

/// Stored bars and how far they are evaluated.
#[derive(Debug)]
struct Replay {
    bars: Arc<Bars>,
    /// Row of the next block's first bar.
    next: usize,
    /// Rows in the present block.
    filled: usize,
}

/// The state of one run.
#[derive(Debug)]
pub struct Machine {
    program: Arc<Program>,
    executor: Executor,
    replay: Option<Replay>,
    models: Vec<f64>,
    /// Row of the block that the last step evaluated.
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
        Self { program, executor, replay: None, models, row: 0, seen: 0 }
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
        self.replay = Some(Replay { bars, next: first, filled: 0 });
        self.row = 0;
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
        match &self.replay {
            Some(replay) if self.seen > 0 && self.row + 1 < replay.filled => {
                self.row += 1;
                debug_assert_eq!(
                    replay.bars.opened_at()[replay.next - replay.filled + self.row],
                    bar.opened_at,
                    "the bars stepped are those attached"
                );
            }
            Some(_) => self.next_block(bar),
            None => self.executor.run_bars(Rows::One(bar)),
        }
        self.seen += 1;
        if !self.program.plan.bound.is_empty() {
            self.executor.run_bound(self.row, bar, book, &self.models);
        }
    }

    fn next_block(&mut self, bar: &Bar) {
        let replay = self.replay.as_mut().expect("called with bars attached");
        let (start, len) = (replay.next, BLOCK.min(replay.bars.len() - replay.next));
        assert!(len > 0 && replay.bars.opened_at()[start] == bar.opened_at, "the bars stepped are those attached");
        self.executor.run_bars(Rows::Block { bars: &replay.bars, start, len });
        replay.next += len;
        replay.filled = len;
        self.row = 0;
    }

    /// The value after the last step; `None` while it is missing. A condition is 1 or 0.
    ///
    /// # Panics
    /// When `id` is another program's.
    #[must_use]
    #[inline]
    pub fn number(&self, id: OutputId) -> Option<f64> {
        let output = &self.program.outputs[id.0 as usize];
        let first_row = if output.is_rule { self.executor.first_row(output.slot) } else { 0 };
        if self.seen <= first_row as u64 {
            return (self.seen > 0 && output.is_condition).then_some(0.0);
        }
        let value = self.executor.value(output.slot, self.row);
        (!value.is_nan()).then_some(value)
    }

    /// Whether the condition holds after the last step; a rule whose inputs are warming up does not.
    ///
    /// # Panics
    /// When `id` is another program's.
    #[must_use]
    #[inline]
    pub fn holds(&self, id: OutputId) -> bool {
        self.number(id) == Some(1.0)
    }

    /// The program this runs.
    #[must_use]
    pub const fn program(&self) -> &Arc<Program> {
        &self.program
    }
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
