//! `cthulu-lab lookahead`: whether a strategy's decisions depend on bars that come after them.

use std::sync::atomic::AtomicU64;

use super::{args::LookaheadArgs, backtest, print, print_json, progress};
use crate::{
    error::Result,
    experiment::{Experiment, Spec},
    seed::Seed,
    walk::{Difference, Leak, Lookahead},
};

/// Whether the strategy is honest.
pub(super) fn run(args: &LookaheadArgs) -> Result<bool> {
    let data = backtest::data(&args.data, &args.file)?;
    let mut spec = Spec::of("lookahead", &args.strategy, vec![data]);
    spec.params.extend(args.param.iter().cloned());
    let experiment = progress::show("reading prices", 0, &AtomicU64::new(0), || Experiment::new(spec))?;
    let found =
        progress::show("cutting and changing the future", 0, &AtomicU64::new(0), || experiment.lookahead(Seed::new(experiment.spec.seed)))?;
    if args.json {
        print_json(&serde_json::json!(found))?;
    } else {
        print(&told(&experiment.placed[0].name, &found))?;
    }
    Ok(found.leak.is_none())
}

fn told(name: &str, found: &Lookahead) -> String {
    let at = |d: &Difference| {
        format!(
            "At row {} (opened {}) it decided:\n  with the whole history  {}\n  without it              {}\n",
            d.row, d.opened_at, d.whole, d.otherwise
        )
    };
    let cuts = found.cuts.len();
    match &found.leak {
        None if found.decisions == 0 => {
            format!("{name} decided nothing on {} bars, which proves nothing; use data on which it trades.\n", found.rows)
        }
        None => format!(
            "{name} sees nothing ahead: its {} decisions on {} bars stayed the same when the future was cut at {cuts} places\nand changed at \
             {cuts}, and its {} entries in an unrelated market know nothing of this one.\n",
            found.decisions, found.rows, found.entries_elsewhere
        ),
        Some(Leak::Repetition(difference)) => {
            format!("{name} does not repeat itself: two runs over the same bars differ, so something outlives a run.\n{}", at(difference))
        }
        Some(Leak::Truncation { cut, difference }) => {
            format!("{name} sees ahead: a decision changed when the bars from row {cut} on were cut off.\n{}", at(difference))
        }
        Some(Leak::OtherFuture { cut, difference }) => {
            format!("{name} sees ahead: a decision changed when the prices from row {cut} on were replaced.\n{}", at(difference))
        }
        Some(Leak::OtherMarket { entries, standard_errors }) => format!(
            "{name} sees ahead: its {entries} entries in an unrelated market earn in this one's next bars, {standard_errors:.1} standard \
             errors better than chance.\n"
        ),
    }
}
