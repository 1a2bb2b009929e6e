//! Does the moment of entry matter? The trades as they were, against the same trades at other times.
//!
//! Each draw keeps what a strategy is besides its timing: how many trades, how long each was held, on which side, and how long the market
//! was left alone in all. It shuffles the order of the trades, sets each down at a random moment of the time in which nothing was
//! held, and asks what the trades earn there. A rule whose entries mean something earns more than nearly all of the draws; one
//! that is merely long in a rising market does not. Costs, stops and sizes play no part: both sides of the comparison are the plain move
//! of the price from the entry's bar to the exit's, so exits are taken as holding times.
//! p = (1 + draws that earn at least as much)/(1 + draws), so never 0.

use rand_chacha::rand_core::Rng;
use rayon::prelude::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;

use crate::seed::Seed;
use crate::stats::moments::{finite, mean, sd};

/// Draws unless asked otherwise.
pub const DRAWS: usize = 2000;

/// A position that was held: the bars at whose prices it was entered and left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Row of the entry's price.
    pub from: usize,
    /// Row of the exit's price, not before the entry's.
    pub to: usize,
    /// Long, or short.
    pub is_long: bool,
}

/// One series of prices and what was held of it, trades in order and none overlapping another.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    /// Logarithm of the price at every bar.
    pub log_prices: &'a [f64],
    /// The trades.
    pub held: &'a [Held],
}

/// What the permutations say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Permutation {
    /// How often the same trades at other times would have earned at least as much.
    pub p: f64,
    /// Mean log return of a trade as held, before costs.
    pub mean_trade: f64,
    /// Mean over the draws of the same.
    pub drawn_mean: f64,
    /// Standard deviation over the draws.
    pub drawn_sd: f64,
    /// Trades moved about.
    pub trades: usize,
    /// Draws.
    pub draws: usize,
}

/// Tests the entry times of `timelines` together (one for each instrument and strategy) with `draws` draws.
///
/// `None` without a trade, below two draws, and where trades overlap, run backwards or leave the prices.
///
/// ```
/// use cthulu_lab::{seed::Seed, stats::permutation::{Held, Timeline, entry_permutation}};
/// // up on one bar of ten, and held just there
/// let log_prices: Vec<f64> = (0..200).map(|i| f64::from(i / 10) * 0.01).collect();
/// let held: Vec<Held> = (1..20).map(|i| Held { from: 10 * i - 1, to: 10 * i, is_long: true }).collect();
/// let found = entry_permutation(&[Timeline { log_prices: &log_prices, held: &held }], 500, Seed::new(7)).unwrap();
/// assert_eq!(found.p, 1.0 / 501.0);
/// assert!((found.mean_trade - 0.01).abs() < 1e-12);
/// ```
#[must_use]
pub fn entry_permutation(timelines: &[Timeline], draws: usize, seed: Seed) -> Option<Permutation> {
    let trades: usize = timelines.iter().map(|line| line.held.len()).sum();
    if trades == 0 || draws < 2 || !timelines.iter().all(is_in_order) {
        return None;
    }
    let observed = timelines.iter().map(|line| line.held.iter().map(|h| earned(line, h.from, *h)).sum::<f64>()).sum::<f64>();
    let drawn: Vec<f64> = (0..draws)
        .into_par_iter()
        .map_init(Default::default, |scratch, i| {
            let mut generator = seed.at(i as u64).generator();
            timelines.iter().map(|line| redrawn(line, &mut generator, scratch)).sum::<f64>()
        })
        .collect();
    let as_good = drawn.iter().filter(|sum| **sum >= observed).count();
    let per_trade: Vec<f64> = drawn.iter().map(|sum| sum / trades as f64).collect();
    Some(Permutation {
        p: (1 + as_good) as f64 / (1 + draws) as f64,
        mean_trade: finite(observed / trades as f64)?,
        drawn_mean: mean(&per_trade)?,
        drawn_sd: sd(&per_trade)?,
        trades,
        draws,
    })
}

fn is_in_order(line: &Timeline) -> bool {
    let ends_within = line.held.iter().all(|h| h.from <= h.to && h.to < line.log_prices.len());
    ends_within && line.held.windows(2).all(|pair| pair[0].to <= pair[1].from)
}

/// What a trade earns when entered at row `from`.
fn earned(line: &Timeline, from: usize, held: Held) -> f64 {
    let gain = line.log_prices[from + held.to - held.from] - line.log_prices[from];
    if held.is_long { gain } else { -gain }
}

/// What the trades earn in a random order and at random distances.
fn redrawn(line: &Timeline, generator: &mut impl Rng, (order, cuts): &mut (Vec<u32>, Vec<u64>)) -> f64 {
    if line.held.is_empty() {
        return 0.0;
    }
    let mut below = |n: u64| ((u128::from(generator.next_u64()) * u128::from(n)) >> 64) as u64;
    order.clear();
    order.extend(0..line.held.len() as u32);
    for i in (1..order.len()).rev() {
        order.swap(i, below(i as u64 + 1) as usize);
    }
    // Where each trade starts in the time in which nothing is held: sorted cuts are the gaps before each.
    let idle = line.log_prices.len() - 1 - line.held.iter().map(|h| h.to - h.from).sum::<usize>();
    cuts.clear();
    cuts.extend((0..order.len()).map(|_| below(idle as u64 + 1)));
    cuts.sort_unstable();
    let (mut held_so_far, mut sum) = (0, 0.0);
    for (which, cut) in order.iter().zip(cuts.iter()) {
        let held = line.held[*which as usize];
        sum += earned(line, *cut as usize + held_so_far, held);
        held_so_far += held.to - held.from;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, prop_assert, proptest};

    fn walk(rows: usize, seed: u64, drift: f64) -> Vec<f64> {
        let mut generator = Seed::new(seed).generator();
        let mut level = 0.0;
        (0..rows)
            .map(|_| {
                level += drift + (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
                level
            })
            .collect()
    }

    /// A trade of `length` bars every `every` bars.
    fn regular(rows: usize, every: usize, length: usize) -> Vec<Held> {
        (0..rows / every).map(|i| Held { from: i * every, to: i * every + length, is_long: true }).collect()
    }

    #[test]
    fn being_long_in_a_rising_market_is_no_timing() {
        let prices = walk(2000, 2, 0.05);
        let held = regular(2000, 20, 10);
        let found = entry_permutation(&[Timeline { log_prices: &prices, held: &held }], 500, Seed::new(7)).unwrap();
        assert!(found.mean_trade > 0.3 && (found.mean_trade - found.drawn_mean).abs() < 2.5 * found.drawn_sd, "{found:?}");
        // ten bars of 0.05 each are 0.5 wherever they lie
        assert!((found.drawn_mean - 0.5).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn random_entries_are_as_often_significant_as_promised() {
        let p = |seed: u64| {
            let (prices, held) = (walk(500, seed, 0.0), regular(500, 25, 5));
            entry_permutation(&[Timeline { log_prices: &prices, held: &held }], 99, Seed::new(7)).unwrap().p
        };
        // binomial(200, 0.1): 20 ± 4.2
        let found = (100..300).filter(|seed| p(*seed) <= 0.1).count();
        assert!((8..=34).contains(&found), "{found}");
    }

    #[test]
    fn the_side_counts() {
        let prices: Vec<f64> = (0..100).map(|i| f64::from(i % 10)).collect();
        let held = |is_long| (0..9).map(|i| Held { from: 10 * i + 9, to: 10 * i + 10, is_long }).collect::<Vec<_>>();
        let p = |held: &[Held]| entry_permutation(&[Timeline { log_prices: &prices, held }], 200, Seed::new(7)).unwrap();
        // the ninth bar falls by nine: shorts earn 9 each, and no other moment earns as much
        assert_eq!((p(&held(false)).p, p(&held(false)).mean_trade), (1.0 / 201.0, 9.0));
        assert_eq!(p(&held(true)).p, 1.0);
    }

    #[test]
    fn what_cannot_be_moved_has_no_answer() {
        let of = |held: &[Held]| entry_permutation(&[Timeline { log_prices: &[0.0; 10], held }], 100, Seed::new(7));
        let held = |from, to| Held { from, to, is_long: true };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[held(3, 10)]), None);
        assert_eq!(of(&[held(3, 5), held(4, 6)]), None);
        assert!(of(&[held(0, 9)]).is_some() && of(&[held(3, 5), held(5, 5)]).is_some());
    }

    proptest! {
        #[test]
        fn draws_keep_every_trade_whole_and_inside(lengths in prop::collection::vec((0usize..6, 0usize..6), 1..12), tail in 1usize..9) {
            // trades of the first length after a gap of the second; every bar earns one, so a draw earns the time held whatever its order
            let mut held = Vec::new();
            let mut row = 0;
            for (length, gap) in lengths {
                held.push(Held { from: row + gap, to: row + gap + length, is_long: true });
                row += gap + length;
            }
            let prices: Vec<f64> = (0..row + tail).map(|i| i as f64).collect();
            let time: usize = held.iter().map(|h| h.to - h.from).sum();
            let line = Timeline { log_prices: &prices, held: &held };
            let earned = redrawn(&line, &mut Seed::new(3).generator(), &mut Default::default());
            prop_assert!(earned == time as f64);
        }
    }
}
