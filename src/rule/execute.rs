//! Running a plan: the columns of its nodes, the state of those with memory, and the one loop over a node that both ways of running share.
//!
//! A live run is a block of one row; a replay works a thousand rows ahead. Since both go through [`Executor::run`], their values are the same.

use std::sync::Arc;

use super::apply;
use super::higher::Gather;
use super::machine::Book;
use super::operation::{Holding, Op, Slot};
use super::plan::Plan;
use super::series::{Rows, SessionClock, fill};
use super::study::{Parts, Study};
use crate::market::{Bar, Calendar};

/// What a node remembers from bar to bar.
#[derive(Clone, Debug)]
enum Memory {
    None,
    /// The last values, the oldest at `head`.
    Ring {
        values: Vec<f64>,
        head: usize,
    },
    Run {
        last: f64,
        bars: u32,
    },
    Since(Option<u32>),
    Study(Box<Study>),
}

/// A plan with its columns, `width` rows to a block.
#[derive(Debug)]
pub(super) struct Executor {
    plan: Arc<Plan>,
    calendar: Calendar,
    width: usize,
    columns: Vec<f64>,
    memories: Vec<Memory>,
    subs: Vec<Higher>,
    clock: SessionClock,
    /// Rows evaluated so far.
    rows_done: usize,
    /// Per node, the row that can have the first value; `usize::MAX` while that waits for a longer timeframe.
    first_rows: Vec<usize>,
}

#[derive(Debug)]
struct Higher {
    gather: Gather,
    executor: Executor,
    held: Vec<Held>,
}

/// What a feed from a longer timeframe says.
#[derive(Debug)]
struct Held {
    /// The value since the last completed longer bar.
    value: f64,
    /// The row at which the longer timeframe had warmed up; `usize::MAX` before.
    first_row: usize,
}

impl Executor {
    pub(super) fn new(plan: Arc<Plan>, width: usize, calendar: Calendar) -> Self {
        let mut columns = vec![f64::NAN; plan.ops.len() * width];
        for (slot, op) in plan.ops.iter().enumerate() {
            if let Op::Constant(bits) = op {
                columns[slot * width..(slot + 1) * width].fill(f64::from_bits(*bits));
            }
        }
        let memories = plan.ops.iter().map(memory).collect();
        let subs = plan
            .subs
            .iter()
            .map(|sub| Higher {
                gather: Gather::new(sub.timeframe),
                executor: Self::new(Arc::clone(&sub.plan), 1, calendar),
                held: sub.feeds.iter().map(|feed| Held { value: feed.before, first_row: usize::MAX }).collect(),
            })
            .collect();
        let first_rows = plan.first_rows_given(|_| usize::MAX);
        Self { plan, calendar, width, columns, memories, subs, clock: SessionClock::default(), rows_done: 0, first_rows }
    }

    /// The row, counted from the run's first, that can have a node's first value; `usize::MAX` while that is not known.
    pub(super) fn first_row(&self, slot: Slot) -> usize {
        self.first_rows[slot as usize]
    }

    /// Whether a node has had its first value.
    pub(super) fn has_warmed_up(&self, slot: Slot) -> bool {
        self.first_row(slot) < self.rows_done
    }

    /// Where a node's column begins.
    pub(super) const fn column(&self, slot: Slot) -> usize {
        slot as usize * self.width
    }

    /// The value at a place: a row after the beginning of a node's column.
    #[inline]
    pub(super) fn at(&self, place: usize) -> f64 {
        self.columns[place]
    }

    /// Whether something runs on a longer timeframe.
    pub(super) fn has_higher(&self) -> bool {
        !self.plan.subs.is_empty()
    }

    /// Evaluates what depends on bars alone, over a block of rows.
    pub(super) fn run_bars(&mut self, rows: Rows<'_>) {
        self.run_higher(rows);
        let plan = Arc::clone(&self.plan);
        for slot in &plan.pure {
            self.run(&plan, *slot, rows, 0);
        }
        self.rows_done += rows.len();
    }

    /// Evaluates what reads the position or a model, at one row of the block.
    pub(super) fn run_bound(&mut self, row: usize, bar: &Bar, book: &Book, models: &[f64]) {
        let plan = Arc::clone(&self.plan);
        for slot in &plan.bound {
            let given = match plan.ops[*slot as usize] {
                Op::Holding(Holding::Bars) => book.bars.map_or(f64::NAN, f64::from),
                Op::Holding(Holding::PnlFraction) => book.pnl_fraction.filter(|p| p.is_finite()).unwrap_or(f64::NAN),
                Op::Model(index) => models[index as usize],
                _ => {
                    self.run(&plan, *slot, Rows::One(bar), row);
                    continue;
                }
            };
            self.columns[*slot as usize * self.width + row] = given;
        }
    }

    fn run_higher(&mut self, rows: Rows<'_>) {
        let Self { plan, subs, columns, width, rows_done, first_rows, .. } = self;
        let mut has_warmed_up = false;
        for (sub, Higher { gather, executor, held }) in plan.subs.iter().zip(&mut *subs) {
            for (row, bar) in rows.iter().enumerate() {
                gather.push(&bar, |longer| {
                    executor.run_bars(Rows::One(longer));
                    for (held, feed) in held.iter_mut().zip(&sub.feeds) {
                        held.value = executor.at(executor.column(feed.from));
                        if held.first_row == usize::MAX && executor.has_warmed_up(feed.from) {
                            held.first_row = *rows_done + row;
                            has_warmed_up = true;
                        }
                    }
                });
                for (held, feed) in held.iter().zip(&sub.feeds) {
                    columns[feed.to as usize * *width + row] = held.value;
                }
            }
        }
        if has_warmed_up {
            let fed = |slot| {
                let feeds = plan.subs.iter().zip(&*subs).flat_map(|(sub, higher)| sub.feeds.iter().zip(&higher.held));
                feeds.into_iter().find(|(feed, _)| feed.to == slot).map_or(usize::MAX, |(_, held)| held.first_row)
            };
            *first_rows = plan.first_rows_given(fed);
        }
    }

    /// Evaluates one node over `rows`, from `row` of the block on.
    fn run(&mut self, plan: &Plan, slot: Slot, rows: Rows<'_>, row: usize) {
        let Self { calendar, width, columns, memories, clock, .. } = self;
        let (slot, width, len) = (slot as usize, *width, rows.len());
        // Inputs stand before the node, so its own columns begin the second half.
        let (before, own) = columns.split_at_mut(slot * width);
        let input = |of: Slot| &before[of as usize * width + row..][..len];
        let out = &mut own[row..];
        match plan.ops[slot] {
            Op::Unary(op, x) => apply::unary(op, input(x), &mut out[..len]),
            Op::Binary(op, a, b) => apply::binary(op, input(a), input(b), &mut out[..len]),
            Op::If([c, a, b]) => apply::choose(input(c), input(a), input(b), &mut out[..len]),
            op => fold(
                &op,
                &mut memories[slot],
                op.inputs().next().map(input),
                rows,
                (*calendar, clock),
                Parts { columns: out, stride: width, rows: len },
            ),
        }
    }
}

/// A node with a memory, or a series, over `rows` that continue those it has seen; `x` is the column it reads, where it reads one.
fn fold(
    op: &Op,
    memory: &mut Memory,
    x: Option<&[f64]>,
    rows: Rows<'_>,
    (calendar, clock): (Calendar, &mut SessionClock),
    parts: Parts<'_>,
) {
    let Parts { columns: out, stride, rows: len } = parts;
    match (op, memory, x) {
        (Op::Series(series), ..) => fill(*series, rows, clock, &mut out[..len]),
        (Op::Lag { .. }, Memory::Ring { values, head }, Some(x)) => lag(x, &mut out[..len], values, head),
        (Op::Run { bars, falling, .. }, Memory::Run { last, bars: streak }, Some(x)) => {
            for (out, x) in out.iter_mut().zip(x) {
                let goes_on = if *falling { *x < *last } else { *x > *last };
                *streak = if goes_on { streak.saturating_add(1) } else { 0 };
                *last = *x;
                *out = f64::from(u8::from(*streak >= *bars));
            }
        }
        (Op::Since(_), Memory::Since(since), Some(c)) => {
            for (out, c) in out.iter_mut().zip(c) {
                *since = if *c == 1.0 { Some(0) } else { since.map(|n| n.saturating_add(1)) };
                *out = since.map_or(f64::NAN, f64::from);
            }
        }
        (Op::Study { .. }, Memory::Study(study), Some(x)) => study.fold_numbers(x, Parts { columns: out, stride, rows: len }),
        (Op::Study { .. }, Memory::Study(study), None) => {
            let mut days = calendar.days();
            study.fold_bars(rows.iter(), |at| days.day(at), Parts { columns: out, stride, rows: len });
        }
        (op, ..) => unreachable!("{op:?} is filled elsewhere or has its memory"),
    }
}

/// The same over the rows of a whole series, from its first on.
pub(super) fn fold_node(op: &Op, x: Option<&[f64]>, rows: Rows<'_>, market: (Calendar, &mut SessionClock), out: &mut [f64]) {
    let parts = Parts { columns: out, stride: rows.len(), rows: rows.len() };
    fold(op, &mut memory(op), x, rows, market, parts);
}

fn memory(op: &Op) -> Memory {
    match op {
        Op::Lag { bars, condition, .. } => Memory::Ring { values: vec![if *condition { 0.0 } else { f64::NAN }; *bars as usize], head: 0 },
        Op::Run { .. } => Memory::Run { last: f64::NAN, bars: 0 },
        Op::Since(_) => Memory::Since(None),
        Op::Study { key, .. } => Memory::Study(Box::new(Study::new(*key))),
        _ => Memory::None,
    }
}

/// Each value as many rows late as the ring is long.
fn lag(x: &[f64], out: &mut [f64], ring: &mut [f64], head: &mut usize) {
    if let ([last], [.., newest]) = (&mut *ring, x) {
        out[0] = *last;
        out[1..].copy_from_slice(&x[..x.len() - 1]);
        *last = *newest;
        return;
    }
    for (out, x) in out.iter_mut().zip(x) {
        *out = std::mem::replace(&mut ring[*head], *x);
        *head = if *head + 1 == ring.len() { 0 } else { *head + 1 };
    }
}
