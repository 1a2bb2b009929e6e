//! A graph made ready to run: which nodes wait for the position or a model, what runs on higher timeframes, and when each can first have a value.

use std::sync::Arc;

use super::check::Context;
use super::operation::{Op, Slot};
use super::study::Study;
use crate::time::Timeframe;

/// Nodes in order, inputs first.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) ops: Vec<Op>,
    /// Nodes that depend on bars alone, so that stored bars may be worked through ahead.
    pub(super) pure: Vec<Slot>,
    /// Nodes that read the position or a model, directly or not: evaluated bar by bar.
    pub(super) bound: Vec<Slot>,
    pub(super) subs: Vec<Sub>,
    /// Per node, the row (from 0) that can have the first value in data without gaps.
    pub(super) first_rows: Vec<usize>,
}

/// A plan on a higher timeframe, and where its values go.
#[derive(Debug)]
pub(super) struct Sub {
    pub(super) timeframe: Timeframe,
    pub(super) plan: Arc<Plan>,
    pub(super) feeds: Vec<Feed>,
}

/// From a slot of the higher timeframe to one of ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Feed {
    pub(super) from: Slot,
    pub(super) to: Slot,
    /// What stands there before the first completed bar: false for a condition, missing for a number.
    pub(super) before: f64,
}

impl Plan {
    /// The plan of `contexts[context]` for the values in `roots`, and where those went.
    pub(super) fn assemble(contexts: &[Context], context: usize, roots: &[Slot]) -> (Self, Vec<Slot>) {
        let Context { timeframe, graph, .. } = &contexts[context];
        let (ops, moved) = graph.pruned(roots);
        let mut subs: Vec<(u32, Vec<(Slot, Feed)>)> = Vec::new();
        for (to, op) in ops.iter().enumerate() {
            if let Op::Higher { sub, slot, condition } = *op {
                let feed = Feed { from: 0, to: to as Slot, before: if condition { 0.0 } else { f64::NAN } };
                match subs.iter_mut().find(|(known, _)| *known == sub) {
                    Some((_, feeds)) => feeds.push((slot, feed)),
                    None => subs.push((sub, vec![(slot, feed)])),
                }
            }
        }
        let subs: Vec<Sub> = subs
            .into_iter()
            .map(|(sub, feeds)| {
                let wanted: Vec<Slot> = feeds.iter().map(|(slot, _)| *slot).collect();
                let (plan, from) = Self::assemble(contexts, sub as usize, &wanted);
                let feeds = feeds.into_iter().zip(from).map(|((_, feed), from)| Feed { from, ..feed }).collect();
                Sub { timeframe: contexts[sub as usize].timeframe, plan: Arc::new(plan), feeds }
            })
            .collect();
        let first_rows = first_rows(&ops, |slot| higher_wait(slot, &subs, *timeframe));
        let (pure, bound) = split(&ops);
        (Self { ops, pure, bound, subs, first_rows }, moved)
    }

    /// Per node, the row that can have the first value where `higher` says it of the nodes fed from longer timeframes; `usize::MAX` is not yet.
    pub(super) fn first_rows_given(&self, higher: impl Fn(Slot) -> usize) -> Vec<usize> {
        first_rows(&self.ops, higher)
    }

    /// The plan on a longer timeframe that feeds a node, and how.
    ///
    /// # Panics
    /// For a node that no longer timeframe feeds.
    pub(super) fn higher(&self, slot: Slot) -> (&Sub, &Feed) {
        fed(&self.subs, slot)
    }

    /// Whether a node reads the open position.
    pub(super) fn uses_position(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Holding(_)))
    }
}

fn split(ops: &[Op]) -> (Vec<Slot>, Vec<Slot>) {
    let mut is_bound = vec![false; ops.len()];
    for (slot, op) in ops.iter().enumerate() {
        is_bound[slot] = matches!(op, Op::Holding(_) | Op::Model(_)) || op.inputs().any(|input| is_bound[input as usize]);
    }
    let work = |op: &Op| !matches!(op, Op::Constant(_) | Op::Part { .. } | Op::Higher { .. });
    let of = |bound: bool| (0..ops.len()).filter(|slot| is_bound[*slot] == bound && work(&ops[*slot])).map(|slot| slot as Slot).collect();
    (of(false), of(true))
}

fn first_rows(ops: &[Op], higher: impl Fn(Slot) -> usize) -> Vec<usize> {
    let mut rows: Vec<usize> = Vec::with_capacity(ops.len());
    for (slot, op) in ops.iter().enumerate() {
        let inputs = op.inputs().map(|input| rows[input as usize]).max().unwrap_or(0);
        let own = match op {
            Op::Lag { bars, .. } | Op::Run { bars, .. } => *bars as usize,
            Op::Study { key, .. } => Study::new(*key).warmup_bars(),
            Op::Part { study, part } => match ops[*study as usize] {
                Op::Study { key, .. } => key.later_bars(*part),
                _ => 0,
            },
            Op::Higher { .. } => higher(slot as Slot),
            _ => 0,
        };
        rows.push(inputs.saturating_add(own));
    }
    rows
}

fn fed(subs: &[Sub], slot: Slot) -> (&Sub, &Feed) {
    let found = subs.iter().find_map(|sub| sub.feeds.iter().find(|feed| feed.to == slot).map(|feed| (sub, feed)));
    found.expect("every higher node has its feed")
}

/// Base bars until the higher timeframe has seen enough, counted without gaps.
fn higher_wait(slot: Slot, subs: &[Sub], base: Timeframe) -> usize {
    let (sub, feed) = fed(subs, slot);
    let ratio = usize::try_from(sub.timeframe.ns() / base.ns()).unwrap_or(usize::MAX);
    (sub.plan.first_rows[feed.from as usize] + 1).saturating_mul(ratio).saturating_sub(1)
}
