//! The key of a column: everything that its values depend on beside the bars, and nothing else.
//!
//! Two programs that write the same sub-expression with the same parameter values have equal cones, wherever it stands in them.

use std::collections::BTreeMap;

use super::operation::{Op, Slot};
use super::plan::Plan;
use crate::time::Timeframe;

/// A node with all that it reads, inputs first, in the order in which they are first met from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cone {
    ops: Vec<Op>,
    /// What is read from longer timeframes, by the index that stands in place of a sub-plan's.
    longer: Vec<(Timeframe, Self)>,
}

impl Cone {
    /// Of one node of a plan.
    pub(super) fn of(plan: &Plan, slot: Slot) -> Self {
        let mut cone = Self::default();
        cone.take(plan, slot, &mut BTreeMap::new());
        cone
    }

    fn take(&mut self, plan: &Plan, slot: Slot, taken: &mut BTreeMap<Slot, Slot>) -> Slot {
        if let Some(place) = taken.get(&slot) {
            return *place;
        }
        let op = plan.ops[slot as usize];
        let inputs: Vec<Slot> = op.inputs().collect();
        for input in inputs {
            self.take(plan, input, taken);
        }
        let op = match op {
            Op::Higher { condition, .. } => {
                let (sub, feed) = plan.higher(slot);
                self.longer.push((sub.timeframe, Self::of(&sub.plan, feed.from)));
                Op::Higher { sub: self.longer.len() as u32 - 1, slot: 0, condition }
            }
            op => op.moved(|input| taken[&input]),
        };
        let place = self.ops.len() as Slot;
        self.ops.push(op);
        taken.insert(slot, place);
        place
    }
}
