//! The nodes of a program while it is built: equal ones once, constants folded, the unused dropped at the end.

use std::collections::BTreeMap;

use super::apply;
use super::operation::{Binary, Op, Slot, Unary};

/// Nodes, each after those it reads.
#[derive(Debug, Default)]
pub(super) struct Graph {
    ops: Vec<Op>,
    known: BTreeMap<Op, Slot>,
}

impl Graph {
    /// The slot of `op`: the one that does the same already, or a new one.
    pub(super) fn add(&mut self, op: Op) -> Slot {
        if let Some(slot) = self.known.get(&op) {
            return *slot;
        }
        let slot = slot_after(self.ops.len());
        self.ops.push(op);
        self.known.insert(op, slot);
        if let Op::Study { key, .. } = op {
            for part in 1..key.parts() {
                self.add(Op::Part { study: slot, part: part as u32 });
            }
        }
        slot
    }

    pub(super) fn constant(&mut self, value: f64) -> Slot {
        // Both zeros are one constant, and so is everything that is no finite number: missing.
        let value = if value.is_finite() { value + 0.0 } else { f64::NAN };
        self.add(Op::Constant(value.to_bits()))
    }

    /// The number in `slot` where it is the same on every bar.
    pub(super) fn constant_at(&self, slot: Slot) -> Option<f64> {
        match self.ops[slot as usize] {
            Op::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    pub(super) fn unary(&mut self, op: Unary, x: Slot) -> Slot {
        match self.constant_at(x) {
            Some(x) => {
                let mut out = [0.0];
                apply::unary(op, &[x], &mut out);
                self.constant(out[0])
            }
            None => self.add(Op::Unary(op, x)),
        }
    }

    pub(super) fn binary(&mut self, op: Binary, a: Slot, b: Slot) -> Slot {
        match (self.constant_at(a), self.constant_at(b)) {
            (Some(a), Some(b)) => {
                let mut out = [0.0];
                apply::binary(op, &[a], &[b], &mut out);
                self.constant(out[0])
            }
            _ => self.add(Op::Binary(op, a, b)),
        }
    }

    pub(super) fn choose(&mut self, condition: Slot, a: Slot, b: Slot) -> Slot {
        match self.constant_at(condition) {
            Some(c) => [b, a][usize::from(c == 1.0)],
            None if a == b => a,
            None => self.add(Op::If([condition, a, b])),
        }
    }

    /// The nodes that `roots` need, in the same order, and where each root went.
    pub(super) fn pruned(&self, roots: &[Slot]) -> (Vec<Op>, Vec<Slot>) {
        let mut used = vec![false; self.ops.len()];
        for root in roots {
            used[*root as usize] = true;
        }
        for slot in (0..self.ops.len()).rev() {
            if used[slot] {
                for input in self.ops[slot].inputs() {
                    used[input as usize] = true;
                }
            }
        }
        // A study keeps all its parts: they stand in the slots behind it.
        let mut moved = vec![0; self.ops.len()];
        let mut kept: Vec<Op> = Vec::new();
        for (slot, op) in self.ops.iter().enumerate() {
            let needed = match op {
                Op::Part { study, .. } => used[*study as usize],
                _ => used[slot],
            };
            if needed {
                moved[slot] = slot_after(kept.len());
                kept.push(op.moved(|input| moved[input as usize]));
            }
        }
        (kept, roots.iter().map(|root| moved[*root as usize]).collect())
    }
}

fn slot_after(len: usize) -> Slot {
    Slot::try_from(len).expect("fewer nodes than 2^32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::series::Series;
    use crate::rule::study::{StudyKey, StudyKind};

    #[test]
    fn equal_nodes_are_one_and_constants_fold() {
        let mut graph = Graph::default();
        let close = graph.add(Op::Series(Series::Close));
        let (a, b) = (graph.constant(2.0), graph.constant(3.0));
        let six = graph.binary(Binary::Multiply, a, b);
        assert_eq!(graph.constant_at(six), Some(6.0));
        let first = graph.binary(Binary::Add, close, six);
        assert_eq!(graph.binary(Binary::Add, close, six), first);
        assert_eq!(graph.add(Op::Series(Series::Close)), close);
    }

    #[test]
    fn pruning_keeps_a_studys_parts_behind_it() {
        let mut graph = Graph::default();
        graph.constant(9.0);
        let close = graph.add(Op::Series(Series::Close));
        let study = graph.add(Op::Study { key: StudyKey::new(StudyKind::Bollinger, [20, 0, 0], 2.0), of: Some(close) });
        let (ops, roots) = graph.pruned(&[study + 2]);
        assert_eq!(roots, [3]);
        assert_eq!(ops.len(), 5, "close, the study and its three further parts; the unused 9 is gone");
        assert_eq!(ops[3], Op::Part { study: 1, part: 2 });
    }
}
