//! When a rule strategy on a sheet will next have something to say.
//!
//! Flat, it speaks where exactly one side's `enter` holds once the cool-down is over; in a position, where its `exit` or the other side's `enter`
//! holds, or its time is up. Where a stop trails, and where a rule reads the position's gain, every bar has its own answer, and none is told ahead.

use super::RuleStrategy;
use crate::{
    market::Side,
    portfolio::Position,
    rule::{Answers, Book, Columns, CompiledStrategy, OutputId, Sheet, SideRules},
};

/// Rows looked at in one go; further ones are looked at when it comes to them.
const MOST_ROWS: usize = 4096;
/// Rows to a word of a sheet.
const WORD: usize = 64;

impl RuleStrategy<Sheet> {
    /// Ready to see the bar after the first `seen` of `columns`; records no values with its entries. `None` where the rules have to be stepped
    /// from bar to bar.
    ///
    /// # Panics
    /// When there are not so many bars.
    #[must_use]
    pub fn on_columns(rules: &CompiledStrategy, columns: &Columns, seen: usize) -> Option<Self> {
        let rules = CompiledStrategy { let_names: Vec::new(), let_outputs: Vec::new(), ..rules.clone() };
        let sheet = Sheet::new(&rules.program, columns, seen, &outputs(&rules))?;
        Some(Self::with(rules, sheet))
    }
}

/// What a strategy without records reads of its program.
fn outputs(rules: &CompiledStrategy) -> Vec<OutputId> {
    let of_side = |side: SideRules| {
        let SideRules { enter, exit, stop_loss, take_profit, confidence, price } = side;
        [Some(enter), exit, stop_loss, take_profit, confidence, price]
    };
    let CompiledStrategy { long, short, trail_distance, trail_activate, break_even, .. } = rules;
    let sides = [*long, *short].into_iter().flatten().flat_map(of_side);
    sides.chain([*trail_distance, *trail_activate, *break_even]).flatten().collect()
}

/// As [`Strategy::silent_bars`](super::Strategy::silent_bars).
pub(super) fn silent_bars<A: Answers>(strategy: &mut RuleStrategy<A>, position: Option<&Position>, most: usize) -> usize {
    let rested_in = strategy.bars_since_trade.map_or(0, |bars| strategy.rules.cooldown_bars.saturating_sub(bars.saturating_add(1)));
    let Some(sheet) = strategy.machine.sheet() else { return 0 };
    let most = most.min(MOST_ROWS);
    match position {
        None => {
            let resting = most.min(rested_in as usize);
            let (long, short) = (strategy.rules.long, strategy.rules.short);
            resting + quiet_rows(sheet, resting, most, |sheet, rows| sheet.enters(long, rows) ^ sheet.enters(short, rows))
        }
        Some(position) => silent_in_position(&strategy.rules, sheet, position, most),
    }
}

fn silent_in_position(rules: &CompiledStrategy, sheet: &mut Sheet, position: &Position, most: usize) -> usize {
    // Named one by one: whoever adds a way out of a position has to say here when it speaks.
    let CompiledStrategy {
        program: _,
        long,
        short,
        trail_distance,
        trail_activate: _,
        break_even,
        let_names: _,
        let_outputs: _,
        cooldown_bars: _,
        max_bars,
        order: _,
    } = rules;
    let (own, other) = if position.side == Side::Buy { (*long, *short) } else { (*short, *long) };
    let exit = own.and_then(|rules| rules.exit);
    let enters = [own, other].into_iter().flatten().map(|rules| rules.enter);
    if trail_distance.is_some() || break_even.is_some() || !enters.chain(exit).all(|id| sheet.is_foreseen(id)) {
        return 0;
    }
    let most = max_bars.map_or(most, |bars| most.min(bars.saturating_sub(position.bars + 1) as usize));
    quiet_rows(sheet, 0, most, |sheet, rows| {
        let rows = Rows { bars: Some(position.bars), ..rows };
        sheet.exits(exit, rows) | (sheet.enters(other, rows) & !sheet.enters(own, rows))
    })
}

/// As [`Strategy::pass`](super::Strategy::pass).
pub(super) fn pass<A: Answers>(strategy: &mut RuleStrategy<A>, bars: usize) {
    if let Some(sheet) = strategy.machine.sheet() {
        sheet.pass(bars);
    }
    if let Some(since) = &mut strategy.bars_since_trade {
        *since = since.saturating_add(u32::try_from(bars).unwrap_or(u32::MAX));
    }
}

/// Rows of one word.
#[derive(Clone, Copy)]
struct Rows {
    start: usize,
    len: usize,
    /// How many rows the first of them lies after the last one seen.
    ahead: usize,
    /// How long the position has been held at the last one seen; `None` when flat.
    bars: Option<u32>,
}

impl Sheet {
    fn enters(&mut self, side: Option<SideRules>, rows: Rows) -> u64 {
        self.exits(side.map(|rules| rules.enter), rows)
    }

    fn exits(&mut self, rule: Option<OutputId>, Rows { start, len, ahead, bars }: Rows) -> u64 {
        let book = Book { bars: bars.map(|bars| bars + ahead as u32), pnl_fraction: None };
        rule.map_or(0, |rule| self.rows_where(rule, start, len, &book))
    }
}

/// How many rows from `first` after the last one seen up to `most` after it say nothing.
fn quiet_rows(sheet: &mut Sheet, first: usize, most: usize, mut says: impl FnMut(&mut Sheet, Rows) -> u64) -> usize {
    let (begin, end) = (sheet.seen() + first, (sheet.seen() + most).min(sheet.rows()));
    let mut start = begin;
    while start < end {
        let len = (WORD - start % WORD).min(end - start);
        let said = says(sheet, Rows { start, len, ahead: start - sheet.seen() + 1, bars: None });
        if said != 0 {
            return start + said.trailing_zeros() as usize - begin;
        }
        start += len;
    }
    end.saturating_sub(begin)
}
