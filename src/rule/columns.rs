//! Columns of one series of bars, computed once and shared by every program that reads them.
//!
//! A column is the fold of its node over all the bars, from the first on, by the same code that runs live; so it does not matter which program
//! asks first, or on which thread. Kept are the columns of what has a memory and of the series themselves; what is computed from a row's own
//! values is not, as it is cheaper to compute than to fetch. Beyond a given size those go that have not been read for longest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::apply;
use super::cone::Cone;
use super::execute::{Executor, fold_node};
use super::higher::Gather;
use super::operation::{Op, Slot};
use super::plan::Plan;
use super::series::{Rows, SessionClock};
use crate::market::{Bars, Calendar};

/// What a data set keeps of columns unless told otherwise: 160 of a hundred thousand rows.
const MOST_BYTES: usize = 128 << 20;

/// One node's values at every row; of a study with several parts, those of one part after another.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) values: Vec<f64>,
    /// The row at which a longer timeframe had warmed up; `usize::MAX` where it never does, 0 for what reads none directly.
    pub(super) first_row: usize,
}

/// The columns of one series of bars.
#[derive(Debug)]
pub struct Columns {
    bars: Arc<Bars>,
    calendar: Calendar,
    most_bytes: usize,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    kept: BTreeMap<Cone, Kept>,
    bytes: usize,
    /// Counts the readings, to tell which came last.
    readings: u64,
}

#[derive(Debug)]
struct Kept {
    column: Arc<OnceLock<Arc<Column>>>,
    bytes: usize,
    read_at: u64,
}

impl Columns {
    /// No column yet, for bars of a market with that calendar.
    #[must_use]
    pub fn new(bars: Arc<Bars>, calendar: Calendar) -> Self {
        Self::with_room(bars, calendar, MOST_BYTES)
    }

    /// The same, keeping at most `most_bytes` of columns beyond those in use.
    #[must_use]
    pub fn with_room(bars: Arc<Bars>, calendar: Calendar, most_bytes: usize) -> Self {
        Self { bars, calendar, most_bytes, shelf: Mutex::default() }
    }

    /// The bars.
    #[must_use]
    pub const fn bars(&self) -> &Arc<Bars> {
        &self.bars
    }

    /// How many columns are kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.shelf().kept.len()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // A panic while a column was looked up leaves the shelf whole.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The column of that key, made by the first who asks.
    fn shared(&self, cone: Cone, parts: usize, make: impl FnOnce() -> Column) -> Arc<Column> {
        let bytes = parts * self.bars.len() * size_of::<f64>();
        let cell = self.shelf().place(cone, bytes, self.most_bytes);
        Arc::clone(cell.get_or_init(|| Arc::new(make())))
    }
}

impl Shelf {
    fn place(&mut self, cone: Cone, bytes: usize, most_bytes: usize) -> Arc<OnceLock<Arc<Column>>> {
        self.readings += 1;
        let read_at = self.readings;
        if let Some(kept) = self.kept.get_mut(&cone) {
            kept.read_at = read_at;
            return Arc::clone(&kept.column);
        }
        while self.bytes + bytes > most_bytes {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.read_at).map(|(cone, _)| cone.clone());
            let Some(gone) = oldest.and_then(|cone| self.kept.remove(&cone)) else { break };
            self.bytes -= gone.bytes;
        }
        self.bytes += bytes;
        let column = Arc::default();
        self.kept.insert(cone, Kept { column: Arc::clone(&column), bytes, read_at });
        column
    }
}

/// Makes the columns that one plan asks for.
pub(super) struct Maker<'a> {
    columns: &'a Columns,
    plan: &'a Plan,
    made: Vec<Option<Arc<Column>>>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(columns: &'a Columns, plan: &'a Plan) -> Self {
        Self { columns, plan, made: vec![None; plan.ops.len()] }
    }

    /// The column that holds a node's values, and the place of the first of them.
    ///
    /// # Panics
    /// For what reads the position or a model: that has no column.
    pub(super) fn column(&mut self, slot: Slot) -> (Arc<Column>, usize) {
        match self.plan.ops[slot as usize] {
            Op::Part { study, part } => (self.whole(study), part as usize * self.columns.bars.len()),
            _ => (self.whole(slot), 0),
        }
    }

    fn whole(&mut self, slot: Slot) -> Arc<Column> {
        if let Some(made) = &self.made[slot as usize] {
            return Arc::clone(made);
        }
        let columns = self.columns;
        let op = self.plan.ops[slot as usize];
        let parts = if let Op::Study { key, .. } = op { key.parts() } else { 1 };
        let column = if is_kept(&op) {
            columns.shared(Cone::of(self.plan, slot), parts, || self.make(slot, parts))
        } else {
            Arc::new(self.make(slot, parts))
        };
        self.made[slot as usize] = Some(Arc::clone(&column));
        column
    }

    fn make(&mut self, slot: Slot, parts: usize) -> Column {
        let (bars, op) = (&self.columns.bars, self.plan.ops[slot as usize]);
        if matches!(op, Op::Higher { .. }) {
            return self.longer(slot);
        }
        let mut values = vec![f64::NAN; parts * bars.len()];
        let inputs: Vec<(Arc<Column>, usize)> = op.inputs().collect::<Vec<_>>().into_iter().map(|input| self.column(input)).collect();
        let input = |i: usize| {
            let (column, from) = &inputs[i];
            &column.values[*from..from + bars.len()]
        };
        match op {
            Op::Constant(bits) => values.fill(f64::from_bits(bits)),
            Op::Unary(op, _) => apply::unary(op, input(0), &mut values),
            Op::Binary(op, ..) => apply::binary(op, input(0), input(1), &mut values),
            Op::If(_) => apply::choose(input(0), input(1), input(2), &mut values),
            op => {
                let rows = Rows::Block { bars, start: 0, len: bars.len() };
                let of = if inputs.is_empty() { None } else { Some(input(0)) };
                fold_node(&op, of, rows, (self.columns.calendar, &mut SessionClock::default()), &mut values);
            }
        }
        Column { values, first_row: 0 }
    }

    /// What a longer timeframe says at each row: the value of its last completed bar.
    fn longer(&self, slot: Slot) -> Column {
        let (sub, feed) = self.plan.higher(slot);
        let mut gather = Gather::new(sub.timeframe);
        let mut executor = Executor::new(Arc::clone(&sub.plan), 1, self.columns.calendar);
        let (mut held, mut first_row) = (feed.before, usize::MAX);
        let bars = &self.columns.bars;
        let mut values = Vec::with_capacity(bars.len());
        for (row, bar) in bars.iter().enumerate() {
            gather.push(&bar, |longer| {
                executor.run_bars(Rows::One(longer));
                held = executor.at(executor.column(feed.from));
                if first_row == usize::MAX && executor.has_warmed_up(feed.from) {
                    first_row = row;
                }
            });
            values.push(held);
        }
        Column { values, first_row }
    }
}

/// Whether a node's column is worth keeping: what has a memory, and what every bar brings.
pub(super) const fn is_kept(op: &Op) -> bool {
    matches!(op, Op::Series(_) | Op::Study { .. } | Op::Run { .. } | Op::Since(_) | Op::Lag { .. } | Op::Higher { .. })
}
