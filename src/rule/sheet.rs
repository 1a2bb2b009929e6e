//! A program over stored bars, at any row: what has a memory is read from shared columns, the rest is computed where it is asked for.
//!
//! A [`Machine`](super::Machine) steps from bar to bar and computes everything at each. A sheet is for many runs over the same bars: columns
//! are made once for all of them, a rule is evaluated sixty-four rows at a time, and a stop's price only where somebody enters. Both say the
//! same at every row, to the bit.

use super::bits::{WORD, lowest};
use super::columns::{Columns, Maker};
use super::machine::{Answers, Book};
use super::node::{Node, Place, View, Window, laid_out};
use super::operation::{Holding, Op, Slot};
use super::program::{OutputId, Program};
use crate::market::Bar;

/// The state of one run over shared columns.
#[derive(Debug)]
pub struct Sheet {
    nodes: Vec<Node>,
    numbers: Vec<[f64; WORD]>,
    bits: Vec<u64>,
    answers: Vec<Option<Answer>>,
    rows: usize,
    /// Bars stepped through or passed; the last of them is the row that answers are for.
    seen: usize,
    window: Window,
    /// Tells what was computed for the present window from what was not.
    stamp: u64,
}

/// One output: which nodes it takes, in their order.
#[derive(Debug)]
struct Answer {
    slot: Slot,
    tape: Vec<Slot>,
    /// Rows that go before its first value.
    wait: usize,
    is_condition: bool,
    /// Whether what it reads of the position is known as long as the position stays.
    is_foreseen: bool,
    /// The words computed so far of a rule that no position changes; empty for every other output.
    words: Vec<Option<u64>>,
}

impl Sheet {
    /// A run over `columns` that has seen the first `seen` bars and will be asked for the outputs in `wanted`. `None` where the program
    /// remembers what the position did, or asks for a model: such a run has to be stepped.
    ///
    /// # Panics
    /// When there are not so many bars.
    #[must_use]
    pub fn new(program: &Program, columns: &Columns, seen: usize, wanted: &[OutputId]) -> Option<Self> {
        let (rows, plan) = (columns.bars().len(), &program.plan);
        assert!(seen <= rows, "{seen} bars of {rows}");
        let is_bound = bound(&plan.ops)?;
        let mut maker = Maker::new(columns, plan);
        let slots: Vec<Slot> = wanted.iter().map(|id| program.outputs[id.0 as usize].slot).collect();
        let nodes = laid_out(&plan.ops, &slots, &mut maker);
        let longer: Vec<usize> = (0..plan.ops.len()).map(|slot| warmed_up(&plan.ops, slot, &mut maker)).collect();
        let first_rows = plan.first_rows_given(|slot| longer[slot as usize]);
        let answer = |id: OutputId| {
            let output = &program.outputs[id.0 as usize];
            let (slot, tape) = (output.slot, tape(&nodes, output.slot));
            let is_pure = !is_bound[slot as usize];
            Answer {
                slot,
                wait: if output.is_rule { first_rows[slot as usize] } else { 0 },
                is_condition: output.is_condition,
                is_foreseen: !tape.iter().any(|slot| nodes[*slot as usize].op == Op::Holding(Holding::PnlFraction)),
                words: if output.is_rule && is_pure { vec![None; rows.div_ceil(WORD)] } else { Vec::new() },
                tape,
            }
        };
        let id = |i: usize| OutputId(i as u32);
        let answers = (0..program.outputs.len()).map(|i| wanted.contains(&id(i)).then(|| answer(id(i)))).collect();
        let constant = |op: &Op| if let Op::Constant(bits) = op { f64::from_bits(*bits) } else { f64::NAN };
        let numbers = plan.ops.iter().map(|op| [constant(op); WORD]).collect();
        let (bits, window) = (vec![0; nodes.len()], Window::default());
        Some(Self { nodes, numbers, bits, answers, rows, seen, window, stamp: 0 })
    }

    /// Goes on to the next row, where this is known of the position.
    ///
    /// # Panics
    /// Behind the last row.
    pub fn step(&mut self, book: &Book) {
        assert!(self.seen < self.rows, "a row for every step");
        self.look_at(Window { start: self.seen, len: 1, book: *book });
        self.seen += 1;
    }

    /// Goes on by `rows` rows without a look at them.
    pub const fn pass(&mut self, rows: usize) {
        self.seen += rows;
    }

    /// Rows stepped through or passed.
    #[must_use]
    pub const fn seen(&self) -> usize {
        self.seen
    }

    /// Rows there are.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The value at the row stepped to; `None` while it is missing. A condition is 1 or 0.
    ///
    /// # Panics
    /// For an output that was not wanted.
    #[must_use]
    pub fn number(&mut self, id: OutputId) -> Option<f64> {
        let Answer { wait, is_condition, slot, .. } = *self.answer(id);
        if self.seen <= wait {
            return (self.seen > 0 && is_condition).then_some(0.0);
        }
        self.compute(id);
        let value = match self.nodes[slot as usize].is_bits {
            true => (self.bits[slot as usize] & 1) as f64,
            false => self.view().values(slot)[0],
        };
        (!value.is_nan()).then_some(value)
    }

    /// Whether the condition holds at the row stepped to.
    ///
    /// # Panics
    /// For an output that was not wanted.
    #[must_use]
    pub fn holds(&mut self, id: OutputId) -> bool {
        let row = self.seen - 1;
        if self.answer(id).words.is_empty() {
            return self.truths(id) & 1 == 1;
        }
        self.word(id, row / WORD) >> (row % WORD) & 1 == 1
    }

    /// Whether the condition can be told ahead while the position stays as it is.
    #[must_use]
    pub fn is_foreseen(&self, id: OutputId) -> bool {
        self.answer(id).is_foreseen
    }

    /// Where the condition holds among the `len` rows from `start` on, which lie in one word, as bits: `book` is what will be known of the
    /// position at the first of them, if it stays. What is asked of the row stepped to is to be asked before, or after the next step.
    #[must_use]
    pub fn rows_where(&mut self, id: OutputId, start: usize, len: usize, book: &Book) -> u64 {
        debug_assert!(start % WORD + len <= WORD, "rows of one word");
        if self.answer(id).words.is_empty() {
            self.look_at(Window { start, len, book: *book });
            return self.truths(id);
        }
        self.word(id, start / WORD) >> (start % WORD) & lowest(len)
    }

    /// A word of a rule that no position changes.
    #[inline]
    fn word(&mut self, id: OutputId, word: usize) -> u64 {
        match self.answer(id).words[word] {
            Some(known) => known,
            None => self.fill_word(id, word),
        }
    }

    #[inline(never)]
    fn fill_word(&mut self, id: OutputId, word: usize) -> u64 {
        let (before, start) = (self.window, word * WORD);
        self.look_at(Window { start, len: WORD.min(self.rows - start), book: Book::default() });
        let bits = self.truths(id);
        self.answer_mut(id).words[word] = Some(bits);
        self.look_at(before);
        bits
    }

    const fn look_at(&mut self, window: Window) {
        self.window = window;
        self.stamp += 1;
    }

    /// Where a condition holds in the window; nowhere while it warms up.
    fn truths(&mut self, id: OutputId) -> u64 {
        self.compute(id);
        let Answer { slot, wait, .. } = *self.answer(id);
        let bits = self.view().truths(slot);
        let Window { start, len, .. } = self.window;
        if start >= wait { bits } else { bits & !lowest((wait - start).min(len)) }
    }

    fn compute(&mut self, id: OutputId) {
        let tape = std::mem::take(&mut self.answer_mut(id).tape);
        for slot in &tape {
            let node = &mut self.nodes[*slot as usize];
            if node.computed != self.stamp {
                node.computed = self.stamp;
                self.run(*slot as usize);
            }
        }
        self.answer_mut(id).tape = tape;
    }

    /// Computes one node over the window.
    fn run(&mut self, at: usize) {
        let Self { nodes, numbers, bits, window, .. } = self;
        // Inputs stand before the node.
        let (before, own) = numbers.split_at_mut(at);
        let view = View { nodes, numbers: before, bits, window: *window };
        let Node { op, is_bits, is_read_as_number, .. } = &nodes[at];
        if !is_bits {
            return view.fill(op, at, &mut own[0][..window.len]);
        }
        let word = view.condition(op);
        bits[at] = word;
        if *is_read_as_number {
            (0..window.len).for_each(|row| own[0][row] = (word >> row & 1) as f64);
        }
    }

    fn view(&self) -> View<'_> {
        View { nodes: &self.nodes, numbers: &self.numbers, bits: &self.bits, window: self.window }
    }

    #[inline]
    fn answer(&self, id: OutputId) -> &Answer {
        self.answers[id.0 as usize].as_ref().expect("an output that was wanted")
    }

    #[inline]
    fn answer_mut(&mut self, id: OutputId) -> &mut Answer {
        self.answers[id.0 as usize].as_mut().expect("an output that was wanted")
    }
}

impl Answers for Sheet {
    fn step(&mut self, _: &Bar, book: &Book) {
        Self::step(self, book);
    }

    fn number(&mut self, id: OutputId) -> Option<f64> {
        Self::number(self, id)
    }

    fn holds(&mut self, id: OutputId) -> bool {
        Self::holds(self, id)
    }

    fn sheet(&mut self) -> Option<&mut Sheet> {
        Some(self)
    }
}

/// Which nodes read the position; `None` where one remembers what it read, or asks for a model.
fn bound(ops: &[Op]) -> Option<Vec<bool>> {
    let mut is_bound: Vec<bool> = Vec::with_capacity(ops.len());
    for op in ops {
        let reads = op.inputs().any(|input| is_bound[input as usize]);
        let remembers = matches!(op, Op::Lag { .. } | Op::Run { .. } | Op::Since(_) | Op::Study { .. });
        if matches!(op, Op::Model(_)) || (reads && remembers) {
            return None;
        }
        is_bound.push(reads || matches!(op, Op::Holding(_)));
    }
    Some(is_bound)
}

/// The row at which the longer timeframe that feeds a node had warmed up; 0 for every other node.
fn warmed_up(ops: &[Op], slot: usize, maker: &mut Maker<'_>) -> usize {
    if matches!(ops[slot], Op::Higher { .. }) { maker.column(slot as Slot).0.first_row } else { 0 }
}

/// The nodes to compute for one of them, in their order.
fn tape(nodes: &[Node], slot: Slot) -> Vec<Slot> {
    let mut needed = vec![false; slot as usize + 1];
    needed[slot as usize] = true;
    for at in (0..=slot as usize).rev() {
        if needed[at] && matches!(nodes[at].place, Place::Here) {
            nodes[at].op.inputs().for_each(|input| needed[input as usize] = true);
        }
    }
    let is_computed = |at: &usize| match nodes[*at].place {
        Place::Column(..) => false,
        Place::Earlier { .. } => true,
        Place::Here => !matches!(nodes[*at].op, Op::Constant(_)),
    };
    (0..=slot as usize).filter(|at| needed[*at] && is_computed(at)).map(|at| at as Slot).collect()
}
