//! A strategy written in the rule language.
//!
//! Decides once per completed bar. Flat: the side whose `enter` holds is entered (both at once contradict each other: neither is). In a position:
//! the opposite `enter` reverses, `exit` or `max_bars` closes, and trailing and break-even move the stop, only ever in the position's favour,
//! for the bars to come. A limit or stop entry is good for the next bar and is renewed while its rule holds.

use std::sync::Arc;

use super::{Context, Entry, Strategy, silence};
use crate::{
    market::{Bar, Bars, ExitReason, OrderKind, Side},
    portfolio::Position,
    rule::{Answers, Book, CompiledStrategy, Machine, OrderWay, OutputId, SideRules},
};

/// Runs a compiled strategy file on one instrument, its answers from a [`Machine`] or from a [`Sheet`](crate::rule::Sheet).
pub struct RuleStrategy<A = Machine> {
    pub(super) rules: CompiledStrategy,
    pub(super) machine: A,
    reads_position: bool,
    trades_seen: u32,
    pub(super) bars_since_trade: Option<u32>,
}

impl RuleStrategy {
    /// Ready to see its first bar.
    #[must_use]
    pub fn new(rules: CompiledStrategy) -> Self {
        let machine = Machine::new(Arc::clone(&rules.program));
        Self::with(rules, machine)
    }

    /// As [`Strategy::prepare`] for a replay that begins after the first `rows` bars: what they tell is known, and none of it was traded.
    ///
    /// # Panics
    /// When a bar has been seen already, or there are not so many.
    pub fn prepare_after(&mut self, bars: &Arc<Bars>, rows: usize) {
        self.machine.attach_after(bars, rows);
    }
}

impl<A: Answers> RuleStrategy<A> {
    pub(super) fn with(rules: CompiledStrategy, machine: A) -> Self {
        let reads_position = rules.program.uses_position();
        Self { rules, machine, reads_position, trades_seen: 0, bars_since_trade: None }
    }

    /// Begins in the middle of a run in which so many trades have been closed: none of them is followed by a cool-down.
    pub const fn begin_after(&mut self, trades_closed: u32) {
        self.trades_seen = trades_closed;
    }

    #[inline]
    fn holds(&mut self, side: Option<SideRules>) -> bool {
        side.is_some_and(|rules| self.machine.holds(rules.enter))
    }

    #[inline]
    fn number(&mut self, id: Option<OutputId>) -> Option<f64> {
        id.and_then(|id| self.machine.number(id))
    }

    /// The side to enter, where exactly one says so.
    #[inline]
    fn wish(&mut self) -> Option<Side> {
        match (self.holds(self.rules.long), self.holds(self.rules.short)) {
            (true, false) => Some(Side::Buy),
            (false, true) => Some(Side::Sell),
            _ => None,
        }
    }

    pub(super) const fn side(&self, side: Side) -> Option<SideRules> {
        match side {
            Side::Buy => self.rules.long,
            Side::Sell => self.rules.short,
        }
    }

    /// The entry of a side, or `None` while a price it needs is missing.
    fn entry(&mut self, side: Side) -> Option<Entry> {
        let rules = self.side(side)?;
        let order = match self.rules.order {
            OrderWay::Market => OrderKind::Market,
            OrderWay::Limit => OrderKind::Limit(self.number(rules.price)?),
            OrderWay::Stop => OrderKind::Stop(self.number(rules.price)?),
        };
        let Self { rules: CompiledStrategy { let_outputs, .. }, machine, .. } = self;
        let mut needed = |id: Option<OutputId>| match id {
            None => Some(None),
            Some(id) => machine.number(id).map(Some),
        };
        Some(Entry {
            side,
            order,
            stop_loss: needed(rules.stop_loss)?,
            take_profit: needed(rules.take_profit)?,
            confidence: rules.confidence.and_then(|id| machine.number(id)).unwrap_or(1.0).clamp(0.0, 1.0),
            features: let_outputs.iter().map(|id| machine.number(*id)).collect(),
        })
    }

    /// Where trailing and break-even would have the stop; `None` where it stays.
    #[inline]
    fn better_stop(&mut self, position: &Position) -> Option<f64> {
        let sign = position.side.sign();
        let gain = sign * (position.best_price - position.entry);
        let trailed = self.number(self.rules.trail_distance).and_then(|distance| {
            let active = self.rules.trail_activate.is_none() || self.number(self.rules.trail_activate).is_some_and(|least| gain >= least);
            active.then_some(position.best_price - sign * distance)
        });
        let even = self.number(self.rules.break_even).filter(|least| gain >= *least).map(|_| position.entry);
        let best = [trailed, even].into_iter().flatten().reduce(|a, b| if sign * (a - b) >= 0.0 { a } else { b })?;
        position.stop_loss.is_none_or(|stop| sign * (best - stop) > 0.0).then_some(best)
    }

    #[inline]
    fn manage(&mut self, ctx: &mut Context<'_>, position: &Position) {
        let own = self.side(position.side);
        if self.rules.max_bars.is_some_and(|most| position.bars >= most) {
            ctx.exit_for(ExitReason::TimeExit);
        } else if own.and_then(|rules| rules.exit).is_some_and(|exit| self.machine.holds(exit)) {
            ctx.exit();
        } else if let Some(stop) = self.better_stop(position) {
            ctx.move_stop(stop);
        }
    }

    /// Counts bars since the last trade; says whether the cool-down is over.
    fn is_rested(&mut self, trades_closed: u32) -> bool {
        if trades_closed != self.trades_seen {
            self.trades_seen = trades_closed;
            self.bars_since_trade = Some(0);
        } else if let Some(bars) = &mut self.bars_since_trade {
            *bars = bars.saturating_add(1);
        }
        self.bars_since_trade.is_none_or(|bars| bars >= self.rules.cooldown_bars)
    }
}

impl<A: Answers> Strategy for RuleStrategy<A> {
    #[inline]
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        let position = ctx.position();
        let pnl_fraction = if self.reads_position { ctx.pnl_fraction() } else { None };
        self.machine.step(bar, &Book { bars: position.map(|p| p.bars), pnl_fraction });
        let rested = self.is_rested(ctx.trades_closed());
        let wish = self.wish();
        match (position, wish) {
            (None, wish) => match wish.filter(|_| rested).and_then(|side| self.entry(side)) {
                Some(entry) => ctx.enter(entry),
                None if ctx.has_resting_entry() => ctx.withdraw(),
                None => {}
            },
            // A resting order cannot close what is held: it closes at the market, and the order waits for its price once flat.
            (Some(position), Some(side)) if side != position.side && self.rules.order == OrderWay::Market => match self.entry(side) {
                Some(entry) => ctx.enter(entry),
                None => self.manage(ctx, position),
            },
            (Some(position), Some(side)) if side != position.side => ctx.exit_for(ExitReason::Reverse),
            (Some(position), _) => self.manage(ctx, position),
        }
    }

    fn prepare(&mut self, bars: &Arc<Bars>) {
        self.machine.attach(bars);
    }

    fn silent_bars(&mut self, position: Option<&Position>, most: usize) -> usize {
        silence::silent_bars(self, position, most)
    }

    fn pass(&mut self, bars: usize) {
        silence::pass(self, bars);
    }

    fn feature_names(&self) -> Vec<String> {
        self.rules.let_names.clone()
    }
}
