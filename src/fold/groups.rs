//! Groups of neighbouring rows, each tested by some folds and trained on by others: purged k-fold and combinatorial purged folds.
//!
//! The cuts are those of the source (M. López de Prado, "Advances in Financial Machine Learning", 2018): k-fold as evenly as it goes, the
//! longer groups first (section 7.4); combinatorial with the rest in the last group (section 12.4).

use std::ops::Range;

use super::{Fold, Leg, Rows};
use crate::error::{Error, Result};

/// Most splits accepted; each is a search of its own.
pub const MAX_SPLITS: u64 = 5_000;

type Cut = (Vec<Fold>, Vec<Vec<Leg>>);

pub(super) fn k_fold(rows: usize, groups: usize) -> Result<Cut> {
    check(rows, groups, 1)?;
    let (each, longer) = (rows / groups, rows % groups);
    let edge = |g: usize| g * each + g.min(longer);
    Ok(chosen(&(0..groups).map(|g| edge(g)..edge(g + 1)).collect::<Vec<_>>(), 1))
}

pub(super) fn combinatorial(rows: usize, groups: usize, test_groups: usize) -> Result<Cut> {
    check(rows, groups, test_groups)?;
    let each = rows / groups;
    let group = |g: usize| g * each..if g + 1 == groups { rows } else { (g + 1) * each };
    Ok(chosen(&(0..groups).map(group).collect::<Vec<_>>(), test_groups))
}

fn check(rows: usize, groups: usize, test_groups: usize) -> Result<()> {
    if groups < 2 {
        return Err(Error::config("walkforward.groups", format!("{groups} leaves nothing to train on; use 2 or more, such as 6")));
    }
    if groups > rows {
        return Err(Error::config("walkforward.groups", format!("{groups} groups cannot be made of {rows} bars; use fewer")));
    }
    if test_groups == 0 || test_groups >= groups {
        let problem = format!("{test_groups} of {groups} groups leaves nothing to {}", if test_groups == 0 { "test" } else { "train on" });
        return Err(Error::config("walkforward.test_groups", format!("{problem}; use 1 to {}", groups - 1)));
    }
    match binomial(groups as u64, test_groups as u64) {
        Some(splits) if splits <= MAX_SPLITS => Ok(()),
        splits => {
            let many = splits.map_or_else(|| "too many".to_owned(), |s| s.to_string());
            let problem =
                format!("choosing {test_groups} of {groups} makes {many} splits, each a search of its own; at most {MAX_SPLITS} are");
            Err(Error::config("walkforward.groups", format!("{problem} made, so use fewer groups, or fewer test_groups")))
        }
    }
}

/// How many ways there are of taking `chosen` of `all`; `None` past the range of numbers.
#[must_use]
pub fn binomial(all: u64, chosen: u64) -> Option<u64> {
    (1..=chosen).try_fold(1_u64, |ways, i| Some(ways.checked_mul(all.checked_sub(chosen - i)?)? / i))
}

/// One fold for every choice of `test_groups` groups, in lexical order, and the paths through their test blocks: the p-th path tests each
/// group by the p-th fold that tests it.
fn chosen(groups: &[Range<usize>], test_groups: usize) -> Cut {
    let choices = choices(groups.len(), test_groups);
    let fold = |choice: &Vec<usize>| Fold {
        train: Rows::from_ranges((0..groups.len()).filter(|g| !choice.contains(g)).map(|g| groups[g].clone())),
        test: Rows::from_ranges(choice.iter().map(|g| groups[*g].clone())),
    };
    let folds: Vec<Fold> = choices.iter().map(fold).collect();
    let testing = |g: usize| (0..choices.len()).filter(|fold| choices[*fold].contains(&g)).collect::<Vec<_>>();
    let by_group: Vec<Vec<usize>> = (0..groups.len()).map(testing).collect();
    let leg = |g: usize, path: usize| Leg { fold: by_group[g][path], rows: groups[g].clone() };
    let paths = (0..by_group[0].len()).map(|path| (0..groups.len()).map(|g| leg(g, path)).collect()).collect();
    (folds, paths)
}

/// Every choice of `count` numbers below `of`, ascending within and in lexical order.
fn choices(of: usize, count: usize) -> Vec<Vec<usize>> {
    let mut found = vec![(0..count).collect::<Vec<_>>()];
    loop {
        let last = found.last().expect("it holds the first choice");
        // The last number that can still grow; those after it follow on.
        let Some(place) = (0..count).rev().find(|i| last[*i] < of - count + i) else { return found };
        let mut next = last.clone();
        let from = next[place] + 1;
        next[place..].iter_mut().zip(from..).for_each(|(number, value)| *number = value);
        found.push(next);
    }
}
