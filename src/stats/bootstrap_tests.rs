//! Tests of the bootstrap: known intervals, coverage, and the same answer for any number of threads.

use super::*;
use crate::stats::moments::sd;

fn noise(rows: usize, seed: u64) -> Vec<f64> {
    let mut generator = Seed::new(seed).generator();
    let mut uniform = || (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    (0..rows).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect()
}

fn persistent(rows: usize, seed: u64, carry: f64) -> Vec<f64> {
    let mut last = 0.0;
    let step = |shock: f64| {
        last = carry * last + shock;
        last
    };
    noise(rows, seed).into_iter().map(step).collect()
}

fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let data = persistent(300, 1, 0.3);
    let options = Options { resamples: 500, ..Options::new(Seed::new(7)) };
    let iid = Options { block: Some(1.0), ..options };
    for chosen in [options, iid] {
        let one = in_pool(1, || interval(&data, mean, &chosen));
        assert!(one.is_some());
        assert_eq!(one, in_pool(3, || interval(&data, mean, &chosen)));
    }
}

#[test]
fn the_interval_of_a_mean_is_two_standard_errors_wide() {
    let data = noise(400, 3);
    let found = interval(&data, mean, &Options { block: Some(1.0), ..Options::new(Seed::new(1)) }).unwrap();
    let error = sd(&data).unwrap() / 400f64.sqrt();
    assert_eq!(found.method, Method::Bca);
    assert!(((found.high - found.low) / (2.0 * 1.96 * error) - 1.0).abs() < 0.08, "{found:?} {error}");
    assert!(found.low < found.point && found.point < found.high);
}

#[test]
fn blocks_widen_the_interval_of_a_persistent_series() {
    let data = persistent(500, 5, 0.7);
    let options = Options::new(Seed::new(1));
    let blocks = interval(&data, mean, &options).unwrap();
    let rows = interval(&data, mean, &Options { block: Some(1.0), ..options }).unwrap();
    assert!(blocks.block_bars > 3.0 && blocks.method == Method::Percentile);
    assert!(blocks.high - blocks.low > 1.4 * (rows.high - rows.low), "{blocks:?} {rows:?}");
}

#[test]
fn ninety_percent_intervals_cover_about_nine_times_in_ten() {
    let options = Options { resamples: 300, level: 0.9, block: Some(1.0), seed: Seed::new(11) };
    let covers = |i: &u64| interval(&noise(60, 1000 + i), mean, &options).is_some_and(|f| f.spans_zero());
    let covered = (0..300).filter(covers).count();
    // binomial(300, 0.9): 270 ± 5.2, and a small sample covers a little less
    assert!((250..=288).contains(&covered), "{covered}");
}

#[test]
fn skewed_data_moves_the_corrected_interval_right() {
    let data: Vec<f64> = noise(80, 9).into_iter().map(libm::exp).collect();
    let rows = data.len();
    let evaluate = |chosen: &[u32], buffer: &mut Vec<f64>| {
        gather(&data, chosen, buffer);
        mean(buffer)
    };
    assert!(acceleration(rows, &RowByRow(evaluate)).unwrap() > 0.0);
}

#[test]
fn a_series_against_itself_differs_by_nothing() {
    let data = persistent(100, 2, 0.2);
    let found = difference_interval(&data, &data, mean, &Options::new(Seed::new(1))).unwrap();
    assert_eq!((found.low, found.point, found.high), (0.0, 0.0, 0.0));
    let better: Vec<f64> = data.iter().map(|x| x + 0.5).collect();
    let found = difference_interval(&better, &data, mean, &Options::new(Seed::new(1))).unwrap();
    assert!((found.low - 0.5).abs() < 1e-9 && (found.high - 0.5).abs() < 1e-9);
    assert_eq!(difference_interval(&data, &data[1..], mean, &Options::new(Seed::new(1))), None);
}

#[test]
fn what_cannot_be_resampled_has_no_interval() {
    let options = Options::new(Seed::new(1));
    assert_eq!(interval(&[1.0], mean, &options), None);
    assert_eq!(interval(&[], mean, &options), None);
    assert_eq!(interval(&[1.0, 2.0], |_| None, &options), None);
    assert_eq!(interval(&[1.0, 2.0, 3.0], mean, &Options { block: Some(0.5), ..options }), None);
    assert_eq!(interval(&[1.0, 2.0, 3.0], mean, &Options { level: 1.0, ..options }), None);
    let flat = interval(&[2.0; 20], mean, &options).unwrap();
    assert_eq!((flat.low, flat.high, flat.block_bars), (2.0, 2.0, 1.0));
}

#[test]
fn independent_rows_get_short_blocks_and_persistent_ones_long() {
    assert!(automatic_block(&noise(1000, 21)).unwrap() < 5.0);
    let (some, much) = (automatic_block(&persistent(1000, 21, 0.5)).unwrap(), automatic_block(&persistent(1000, 21, 0.9)).unwrap());
    assert!(some > 3.0 && much > 2.0 * some, "{some} {much}");
    assert!(automatic_block(&(0..100).map(f64::from).collect::<Vec<_>>()).unwrap() <= 30.0);
}

#[test]
fn drawn_blocks_have_the_mean_length_asked_for() {
    let mut rows = Vec::new();
    let mut breaks = 0;
    for i in 0..200 {
        draw_rows(&mut rows, 1000, 8.0, &Seed::new(5).at(i));
        assert!(rows.len() == 1000 && rows.iter().all(|r| *r < 1000));
        breaks += rows.windows(2).filter(|w| (w[0] + 1) % 1000 != w[1]).count();
    }
    // 200·999 joints, one in eight broken: 24,975 ± 148
    assert!((24_300..25_650).contains(&breaks), "{breaks}");
}
