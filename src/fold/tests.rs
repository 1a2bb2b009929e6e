//! Folds by hand, and what holds for every plan.

use proptest::prelude::*;

use super::*;
use crate::time::DAY;

fn days(count: usize) -> Vec<Nanos> {
    (0..count as i64).map(|day| Nanos(day * DAY)).collect()
}

fn plan(scheme: Scheme, purge_bars: usize, embargo_bars: usize) -> Plan {
    Plan { scheme, purge_bars, embargo_bars, keeps_partial: false }
}

fn rolling(train: usize, test: usize) -> Scheme {
    Scheme::Rolling { train: Length::Bars(train), test: Length::Bars(test) }
}

fn told(folds: &Folds) -> Vec<String> {
    folds.folds.iter().map(|fold| format!("{} | {}", fold.train, fold.test)).collect()
}

fn refused(plan: Plan, rows: usize, labels: Labels<'_>) -> String {
    plan.folds(&days(rows), labels).unwrap_err().to_string()
}

#[test]
fn the_json_form_is_that_of_the_command() {
    let folds = Plan { keeps_partial: true, ..plan(rolling(900, 400), 24, 24) }.folds(&days(1100), Labels::None).unwrap();
    let text = serde_json::to_string(&folds).unwrap();
    assert_eq!(text, r#"{"rows":1100,"folds":[{"fold":0,"train":[[0,900]],"test":[[924,1100]]}]}"#);
}

#[test]
fn a_window_in_bars_keeps_its_length_beside_the_purge() {
    // 12 rows, 4 of training, 2 of purge: the first test opens at row 6.
    let folds = plan(rolling(4, 2), 2, 0).folds(&days(12), Labels::None).unwrap();
    assert_eq!(told(&folds), ["0..4 | 6..8", "2..6 | 8..10", "4..8 | 10..12"]);
    let anchored = Scheme::Anchored { train: Length::Bars(4), test: Length::Bars(3) };
    assert_eq!(told(&plan(anchored, 0, 0).folds(&days(12), Labels::None).unwrap()), ["0..4 | 4..7", "0..7 | 7..10"]);
}

#[test]
fn calendar_windows_end_on_the_same_day_of_the_month_and_do_not_drift() {
    // Days from 31 January 2019: edges 28 February, 31 March, 30 April, 31 May are rows 28, 59, 89, 120.
    let start: Nanos = "2019-01-31".parse::<chrono::NaiveDate>().ok().and_then(Nanos::from_date).unwrap();
    let at: Vec<Nanos> = (0..120).map(|day| start.plus(day * DAY + DAY / 2)).collect();
    let scheme = Scheme::Rolling { train: Length::Months(1), test: Length::Months(1) };
    let folds = plan(scheme, 3, 0).folds(&at, Labels::None).unwrap();
    assert_eq!(told(&folds), ["0..25 | 28..59", "28..56 | 59..89", "59..86 | 89..120"]);
}

#[test]
fn units_may_be_mixed() {
    let at = days(100);
    let by = |train, test| told(&plan(Scheme::Rolling { train, test }, 5, 0).folds(&at, Labels::None).unwrap());
    // 1970-01-01 on: February starts at row 31, March at 59, April at 90. Row 61 is the third of March; the third of February is row 33.
    assert_eq!(by(Length::Months(1), Length::Bars(30)), ["0..26 | 31..61", "33..56 | 61..91"]);
    assert_eq!(by(Length::Bars(20), Length::Months(1)), ["6..26 | 31..59", "34..54 | 59..90"]);
    assert_eq!(by(Length::Days(28), Length::Days(30)), ["0..23 | 28..58", "30..53 | 58..88"]);
}

#[test]
fn a_last_window_cut_short_is_dropped_unless_asked_for() {
    let short = |keeps_partial| told(&Plan { keeps_partial, ..plan(rolling(6, 5), 0, 0) }.folds(&days(12), Labels::None).unwrap());
    assert_eq!(short(false), ["0..6 | 6..11"]);
    assert_eq!(short(true), ["0..6 | 6..11", "5..11 | 11..12"]);
    // A month of which the last two days are a weekend is whole; of half a month nothing is said.
    let scheme = Scheme::Rolling { train: Length::Months(1), test: Length::Months(1) };
    let of = |rows| told(&plan(scheme, 0, 0).folds(&days(rows), Labels::None).unwrap());
    assert_eq!(of(57 + 31), ["0..31 | 31..59", "31..59 | 59..88"]);
    assert_eq!(of(59 + 15), ["0..31 | 31..59"]);
}

#[test]
fn a_gap_in_the_data_makes_no_fold() {
    // Days 0 to 39, then nothing for eight weeks.
    let at: Vec<Nanos> = (0..40).chain(96..110).map(|day| Nanos(day * DAY)).collect();
    let scheme = Scheme::Rolling { train: Length::Days(28), test: Length::Days(14) };
    let folds = plan(scheme, 0, 0).folds(&at, Labels::None);
    // Tests 28..42, 42..56 (empty), 56..70 (empty), 70..84 (empty), 84..98 trains on nothing.
    assert!(folds.unwrap_err().to_string().contains("nothing to train on"));
    let anchored = Scheme::Anchored { train: Length::Days(28), test: Length::Days(14) };
    assert_eq!(told(&plan(anchored, 0, 0).folds(&at, Labels::None).unwrap()), ["0..28 | 28..40", "0..40 | 40..42"]);
}

#[test]
fn six_groups_by_two_make_fifteen_splits_and_five_paths() {
    for (groups, test_groups, splits, paths) in [(6, 2, 15, 5), (10, 2, 45, 9), (5, 1, 5, 1), (6, 3, 20, 10)] {
        let folds = plan(Scheme::Combinatorial { groups, test_groups }, 0, 0).folds(&days(60), Labels::None).unwrap();
        assert_eq!((folds.folds.len(), folds.paths.len()), (splits, paths));
    }
}

#[test]
fn combinatorial_folds_purge_both_sides_and_embargo_after() {
    // 12 rows in 3 groups of 4, two of them tested: the published example with a purge and an embargo of one.
    let folds = plan(Scheme::Combinatorial { groups: 3, test_groups: 2 }, 1, 1).folds(&days(12), Labels::None).unwrap();
    assert_eq!(told(&folds), ["10..12 | 0..8", "6..7 | 0..4 8..12", "0..3 | 4..12"]);
    let path = |p: usize| folds.paths[p].iter().map(|leg| (leg.fold, leg.rows.clone())).collect::<Vec<_>>();
    assert_eq!(path(0), [(0, 0..4), (0, 4..8), (1, 8..12)]);
    assert_eq!(path(1), [(1, 0..4), (2, 4..8), (2, 8..12)]);
}

#[test]
fn a_training_label_that_reaches_the_test_is_purged_by_its_actual_end() {
    // Row 1 has a label that ends at row 4, inside the test block 4..8; row 5's ends at row 9, so that rows 8 and 9 overlap it.
    let mut ends: Vec<usize> = (0..12).collect();
    (ends[1], ends[5]) = (4, 9);
    let scheme = Scheme::KFold { groups: 3 };
    let folds = plan(scheme, 0, 1).folds(&days(12), Labels::Ends(&ends)).unwrap();
    // After 9 comes one row of embargo, so that only row 11 is left behind the block; row 1 is gone before it.
    assert_eq!(folds.folds[1].train.to_string(), "0..1 2..4 11..12");
}

#[test]
fn a_purge_below_the_labels_horizon_is_refused_with_the_remedy() {
    let told = refused(plan(rolling(50, 10), 10, 0), 100, Labels::Horizon(24));
    assert!(told.starts_with("walkforward.purge_bars: 10 is less than the 24 bars") && told.ends_with("set it to 24 or more"), "{told}");
    assert!(plan(rolling(50, 10), 24, 0).folds(&days(100), Labels::Horizon(24)).is_ok());
}

#[test]
fn what_cannot_be_cut_is_refused_by_key() {
    let nothing = refused(plan(Scheme::KFold { groups: 5 }, 40, 0), 100, Labels::None);
    assert!(nothing.starts_with("walkforward.purge_bars: a purge of 40 bars leaves fold 2"), "{nothing}");
    let embargo = refused(plan(Scheme::KFold { groups: 2 }, 0, 60), 100, Labels::None);
    assert!(embargo.starts_with("walkforward.embargo_bars: a purge of 0 bars and an embargo of 60 leaves fold 0"), "{embargo}");
    let short = refused(plan(rolling(5000, 1000), 24, 0), 100, Labels::None);
    assert!(
        short.starts_with("walkforward.train: a training window of 5000 bars, a purge of 24 bars and a test window of 1000 bars"),
        "{short}"
    );
    assert!(refused(plan(rolling(0, 10), 0, 0), 100, Labels::None).starts_with("walkforward.train: a window of length 0"));
    assert!(refused(plan(Scheme::KFold { groups: 1 }, 0, 0), 100, Labels::None).starts_with("walkforward.groups: 1 leaves"));
    assert!(refused(plan(Scheme::KFold { groups: 200 }, 0, 0), 100, Labels::None).contains("cannot be made of 100 bars"));
    let of = |groups, test_groups| refused(plan(Scheme::Combinatorial { groups, test_groups }, 0, 0), 100, Labels::None);
    assert!(of(6, 6).contains("use 1 to 5") && of(6, 0).contains("nothing to test") && of(30, 15).contains("at most 5000"));
}

#[test]
fn binomials_stay_exact_until_they_do_not_fit() {
    assert_eq!([(6, 2), (10, 5), (5, 0), (40, 20)].map(|(n, k)| binomial(n, k)), [Some(15), Some(252), Some(1), Some(137_846_528_820)]);
    assert_eq!((binomial(200, 100), binomial(2, 3)), (None, Some(0)));
}

fn schemes() -> impl Strategy<Value = Scheme> {
    let lengths =
        prop_oneof![(1..60_usize).prop_map(Length::Bars), (1..4_u32).prop_map(Length::Months), (1..40_u32).prop_map(Length::Days)];
    prop_oneof![
        (lengths.clone(), lengths.clone()).prop_map(|(train, test)| Scheme::Rolling { train, test }),
        (lengths.clone(), lengths).prop_map(|(train, test)| Scheme::Anchored { train, test }),
        (2..9_usize).prop_map(|groups| Scheme::KFold { groups }),
        (2..8_usize, 1..5_usize).prop_map(|(groups, test_groups)| Scheme::Combinatorial { groups, test_groups }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_plan_keeps_training_away_from_testing(
        scheme in schemes(), rows in 20..300_usize, purge_bars in 0..8_usize, embargo_bars in 0..8_usize, keeps_partial in any::<bool>(), spread in 0..9_usize,
    ) {
        let ends: Vec<usize> = (0..rows).map(|row| (row + row * 7 % (spread + 1)).min(rows - 1)).collect();
        let plan = Plan { scheme, purge_bars, embargo_bars, keeps_partial };
        let Ok(found) = plan.folds(&days(rows), Labels::Ends(&ends)) else { return Ok(()) };
        for fold in &found.folds {
            prop_assert!(!fold.train.is_empty() && !fold.test.is_empty());
            for block in fold.test.ranges() {
                let reached = block.clone().map(|row| ends[row]).max().unwrap();
                for row in fold.train.iter() {
                    // At least the purge away on both sides, no label in common, and the embargo after only.
                    prop_assert!(row + purge_bars < block.start || row >= block.end + purge_bars, "row {row}, test {block:?}");
                    prop_assert!(ends[row] < block.start || row > reached + embargo_bars && row >= block.end + purge_bars + embargo_bars);
                }
            }
        }
    }

    #[test]
    fn paths_test_each_row_once_and_by_a_fold_that_tests_it(scheme in schemes(), rows in 20..300_usize) {
        let Ok(found) = plan(scheme, 0, 0).folds(&days(rows), Labels::None) else { return Ok(()) };
        let is_grouped = matches!(scheme, Scheme::KFold { .. } | Scheme::Combinatorial { .. });
        for path in &found.paths {
            let tested = Rows::from_ranges(path.iter().map(|leg| leg.rows.clone()));
            prop_assert_eq!(tested.len(), path.iter().map(|leg| leg.rows.len()).sum::<usize>());
            for leg in path {
                prop_assert!(leg.rows.clone().all(|row| found.folds[leg.fold].test.contains(row)));
            }
            if is_grouped {
                prop_assert_eq!(tested.to_string(), format!("0..{rows}"));
            }
        }
        // Every test row of every fold is on exactly one path.
        let tested: usize = found.folds.iter().map(|fold| fold.test.len()).sum();
        let walked: usize = found.paths.iter().flatten().map(|leg| leg.rows.len()).sum();
        prop_assert_eq!(tested, walked);
    }

    #[test]
    fn the_embargo_costs_rows_after_a_test_block_only(rows in 40..200_usize, groups in 2..6_usize, embargo_bars in 1..5_usize) {
        let scheme = Scheme::KFold { groups };
        let (with, without) = (plan(scheme, 0, embargo_bars).folds(&days(rows), Labels::None), plan(scheme, 0, 0).folds(&days(rows), Labels::None));
        let (Ok(with), Ok(without)) = (with, without) else { return Ok(()) };
        for (a, b) in with.folds.iter().zip(&without.folds) {
            let end = b.test.end().unwrap();
            let expected = b.train.without(end..(end + embargo_bars).min(rows));
            prop_assert_eq!(a.train.clone(), expected);
        }
    }
}
