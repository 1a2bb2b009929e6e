//! The nodes of a sheet: where each one's values stand, and how those of up to 64 rows are computed from its inputs'.

use std::sync::Arc;

use super::apply;
use super::bits::{WORD, lowest, where_both, where_each};
use super::columns::{Column, Maker, is_kept};
use super::machine::Book;
use super::operation::{Binary, Holding, Op, Slot, Unary};

/// One node of a plan.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) place: Place,
    /// Whether it is a condition computed here, and so kept as bits.
    pub(super) is_bits: bool,
    /// Whether something reads those as the numbers 1 and 0.
    pub(super) is_read_as_number: bool,
    /// The stamp of the window that it was last computed for.
    pub(super) computed: u64,
}

/// Where a node's values stand.
#[derive(Debug)]
pub(super) enum Place {
    /// In a column, from this place on.
    Column(Arc<Column>, usize),
    /// In a column, so many rows back.
    Earlier {
        column: Arc<Column>,
        from: usize,
        bars: usize,
        /// What stands before the first row.
        missing: f64,
    },
    /// Computed where it is asked for, or a constant.
    Here,
}

/// The rows being computed, and what is known of the position at the first of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) book: Book,
}

/// The nodes of a plan, with the columns that those in `wanted` need.
pub(super) fn laid_out(ops: &[Op], wanted: &[Slot], maker: &mut Maker<'_>) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::with_capacity(ops.len());
    for op in ops {
        let is_bits = is_condition(op, &nodes);
        nodes.push(Node { op: *op, place: Place::Here, is_bits, is_read_as_number: false, computed: 0 });
    }
    let mut needed = vec![false; ops.len()];
    wanted.iter().for_each(|slot| needed[*slot as usize] = true);
    for (at, op) in ops.iter().enumerate().rev() {
        if !needed[at] {
            continue;
        }
        nodes[at].place = place(ops, at as Slot, maker);
        if matches!(nodes[at].place, Place::Here) {
            op.inputs().for_each(|input| needed[input as usize] = true);
            numbers_read(op).for_each(|input| nodes[input as usize].is_read_as_number = true);
        }
    }
    nodes
}

/// The inputs that a node computed here reads as numbers, whatever they are.
fn numbers_read(op: &Op) -> impl Iterator<Item = Slot> {
    let slots = match *op {
        Op::Unary(Unary::Not, _) | Op::Binary(Binary::And | Binary::Or, ..) => [None; 2],
        Op::Unary(_, x) => [Some(x), None],
        Op::Binary(_, a, b) | Op::If([_, a, b]) => [Some(a), Some(b)],
        _ => [None; 2],
    };
    slots.into_iter().flatten()
}

fn place(ops: &[Op], slot: Slot, maker: &mut Maker<'_>) -> Place {
    match ops[slot as usize] {
        Op::Lag { of, bars, condition } if has_column(&ops[of as usize]) => {
            let (column, from) = maker.column(of);
            Place::Earlier { column, from, bars: bars as usize, missing: if condition { 0.0 } else { f64::NAN } }
        }
        op if is_kept(&op) || matches!(op, Op::Part { .. }) => {
            let (column, from) = maker.column(slot);
            Place::Column(column, from)
        }
        _ => Place::Here,
    }
}

/// Whether a lag of this may be read further back in its column.
const fn has_column(op: &Op) -> bool {
    !matches!(op, Op::Lag { .. }) && (is_kept(op) || matches!(op, Op::Part { .. }))
}

/// Whether a node is a condition that is computed from its row alone.
fn is_condition(op: &Op, before: &[Node]) -> bool {
    match *op {
        Op::Unary(op, _) => op == Unary::Not,
        Op::Binary(Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::Min | Binary::Max, ..) => false,
        Op::Binary(..) => true,
        Op::If([_, a, b]) => before[a as usize].is_bits && before[b as usize].is_bits,
        _ => false,
    }
}

/// What stands before a node, over a window.
pub(super) struct View<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) numbers: &'a [[f64; WORD]],
    pub(super) bits: &'a [u64],
    pub(super) window: Window,
}

impl View<'_> {
    /// Computes a node of numbers.
    pub(super) fn fill(&self, op: &Op, at: usize, out: &mut [f64]) {
        let Window { start, book, .. } = self.window;
        match *op {
            Op::Unary(op, x) => apply::unary(op, self.values(x), out),
            Op::Binary(op, a, b) => apply::binary(op, self.values(a), self.values(b), out),
            Op::If([c, a, b]) => {
                let holds = self.truths(c);
                for (row, (out, (a, b))) in out.iter_mut().zip(self.values(a).iter().zip(self.values(b))).enumerate() {
                    *out = if holds >> row & 1 == 1 { *a } else { *b };
                }
            }
            Op::Holding(Holding::Bars) => {
                let first = book.bars.map_or(f64::NAN, f64::from);
                out.iter_mut().enumerate().for_each(|(row, out)| *out = first + row as f64);
            }
            Op::Holding(Holding::PnlFraction) => out.fill(book.pnl_fraction.filter(|p| p.is_finite()).unwrap_or(f64::NAN)),
            Op::Lag { .. } => self.fill_first_rows(at, start, out),
            op => unreachable!("{op:?} is a column or a constant"),
        }
    }

    /// What looks back further than the data begins; elsewhere it is read where it stands.
    fn fill_first_rows(&self, at: usize, start: usize, out: &mut [f64]) {
        if let Place::Earlier { column, from, bars, missing } = &self.nodes[at].place
            && start < *bars
        {
            for (row, out) in (start..).zip(out) {
                *out = row.checked_sub(*bars).map_or(*missing, |row| column.values[from + row]);
            }
        }
    }

    /// The bits of a condition.
    pub(super) fn condition(&self, op: &Op) -> u64 {
        match *op {
            Op::Unary(Unary::Not, x) if self.nodes[x as usize].is_bits => !self.bits[x as usize] & lowest(self.window.len),
            Op::Unary(Unary::Not, x) => where_each(self.values(x), |x| x == 0.0),
            Op::Binary(Binary::And, a, b) => self.not_zero(a) & self.not_zero(b),
            Op::Binary(Binary::Or, a, b) => self.not_zero(a) | self.not_zero(b),
            Op::Binary(op, a, b) => compared(op, self.values(a), self.values(b)),
            Op::If([c, a, b]) => {
                let holds = self.truths(c);
                holds & self.bits[a as usize] | !holds & self.bits[b as usize]
            }
            op => unreachable!("{op:?} is no condition computed here"),
        }
    }

    /// Where a condition holds.
    pub(super) fn truths(&self, slot: Slot) -> u64 {
        if self.nodes[slot as usize].is_bits { self.bits[slot as usize] } else { where_each(self.values(slot), |x| x == 1.0) }
    }

    fn not_zero(&self, slot: Slot) -> u64 {
        if self.nodes[slot as usize].is_bits { self.bits[slot as usize] } else { where_each(self.values(slot), |x| x != 0.0) }
    }

    /// A node's numbers.
    pub(super) fn values(&self, slot: Slot) -> &[f64] {
        let Window { start, len, .. } = self.window;
        match &self.nodes[slot as usize].place {
            Place::Column(column, from) => &column.values[from + start..][..len],
            Place::Earlier { column, from, bars, .. } if start >= *bars => &column.values[from + start - bars..][..len],
            Place::Earlier { .. } | Place::Here => &self.numbers[slot as usize][..len],
        }
    }
}

fn compared(op: Binary, a: &[f64], b: &[f64]) -> u64 {
    match op {
        Binary::Less => where_both(a, b, |a, b| a < b),
        Binary::LessOrEqual => where_both(a, b, |a, b| a <= b),
        Binary::Greater => where_both(a, b, |a, b| a > b),
        Binary::GreaterOrEqual => where_both(a, b, |a, b| a >= b),
        Binary::Equal => where_both(a, b, |a, b| a == b),
        Binary::NotEqual => where_both(a, b, |a, b| (a < b) | (a > b)),
        op => unreachable!("{op:?} gives numbers"),
    }
}
