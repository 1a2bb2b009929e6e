use super::*;
use crate::stats::luck::effective_trials;

/// A ledger in a folder of its own, removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("cthulu-lab-ledger-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("reports/trials.sqlite")
    }

    fn open(&self) -> Ledger {
        Ledger::open(&self.path()).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn waves(count: u32, rows: u32, shift: u32) -> Vec<Vec<f64>> {
    let wave = |n: u32| (1..=rows).map(|t| libm::sin(0.7 * f64::from(t * (n + shift))) + 0.4 * libm::sin(f64::from(t))).collect();
    (1..=count).map(wave).collect()
}

fn tried<'a>(prefix: &str, columns: &'a [Vec<f64>]) -> Vec<Tried<'a>> {
    columns.iter().enumerate().map(|(i, returns)| Tried { question: format!("{prefix}{i}"), returns }).collect()
}

fn record(ledger: &mut Ledger, run: &str, role: Role, days: std::ops::Range<i32>, columns: &[Vec<f64>]) -> usize {
    let days: Vec<i32> = days.collect();
    let (markets, trials) = (["EURUSD".to_owned()], tried(run, columns));
    ledger.record(&Entry { run, markets: &markets, role, days: &days, trials: &trials }).unwrap()
}

fn look(ledger: &mut Ledger, market: &str, days: (i32, i32), out_of_sample: bool) -> Option<Knowledge> {
    ledger.look(&Look { markets: &[market.to_owned()], first_day: days.0, last_day: days.1, out_of_sample }).unwrap()
}

#[test]
fn one_run_is_counted_as_the_run_counts_itself() {
    let scratch = Scratch::new("one");
    let columns = waves(6, 50, 0);
    let mut ledger = scratch.open();
    assert_eq!(record(&mut ledger, "a", Role::Trial, 0..50, &columns), 6);
    let found = look(&mut ledger, "EURUSD", (0, 49), false).unwrap();
    assert_eq!((found.trials, found.runs), (6, 1));
    assert!((found.effective_trials - effective_trials(&columns).unwrap()).abs() < 1e-9, "{found:?}");
    let sharpes: Vec<f64> = columns.iter().map(|c| sharpe_per_period(c, 0.0).unwrap()).collect();
    assert_eq!(found.sharpe_variance, variance(&sharpes).unwrap());
}

#[test]
fn a_question_asked_again_is_no_new_trial() {
    let scratch = Scratch::new("again");
    let columns = waves(6, 50, 0);
    record(&mut scratch.open(), "a", Role::Trial, 0..50, &columns);
    let before = look(&mut scratch.open(), "EURUSD", (0, 49), false);
    assert_eq!(record(&mut scratch.open(), "a", Role::Trial, 0..50, &columns), 0);
    assert_eq!(look(&mut scratch.open(), "EURUSD", (0, 49), false), before);
    // within one entry too
    let twice = [columns[0].clone(), columns[0].clone()];
    let trials: Vec<Tried> = twice.iter().map(|returns| Tried { question: "same".into(), returns }).collect();
    let days: Vec<i32> = (0..50).collect();
    let entry = Entry { run: "b", markets: &["EURUSD".to_owned()], role: Role::Trial, days: &days, trials: &trials };
    assert_eq!(scratch.open().record(&entry).unwrap(), 1);
}

#[test]
fn two_runs_over_the_same_days_count_as_one_of_all_their_trials() {
    let scratch = Scratch::new("two");
    let (first, second) = (waves(6, 50, 0), waves(5, 50, 6));
    let mut ledger = scratch.open();
    record(&mut ledger, "a", Role::Trial, 0..50, &first);
    record(&mut ledger, "b", Role::Trial, 0..50, &second);
    let found = look(&mut ledger, "EURUSD", (10, 20), false).unwrap();
    let all = [first, second].concat();
    assert_eq!((found.trials, found.runs), (11, 2));
    assert!((found.effective_trials - effective_trials(&all).unwrap()).abs() < 1e-9, "{found:?}");
}

#[test]
fn runs_over_overlapping_days_are_compared_on_the_days_both_have() {
    let scratch = Scratch::new("overlap");
    let wave = waves(1, 100, 0).swap_remove(0);
    let mut ledger = scratch.open();
    // the same returns on days 0 to 59 and on days 40 to 99: on the twenty common days they are one
    record(&mut ledger, "a", Role::Trial, 0..60, &[wave[..60].to_vec()]);
    record(&mut ledger, "b", Role::Trial, 40..100, &[wave[40..].to_vec()]);
    let both = look(&mut ledger, "EURUSD", (0, 99), false).unwrap();
    assert!((1.0..1.5).contains(&both.effective_trials), "{both:?}");
    // days that no run has in common: uncorrelated
    record(&mut ledger, "c", Role::Trial, 200..260, &[wave[..60].to_vec()]);
    let all = look(&mut ledger, "EURUSD", (0, 300), false).unwrap();
    assert!(all.effective_trials > 1.9 + both.effective_trials - 1.0 && all.trials == 3, "{all:?}");
}

#[test]
fn only_trials_on_the_market_and_the_span_count() {
    let scratch = Scratch::new("span");
    let mut ledger = scratch.open();
    record(&mut ledger, "a", Role::Trial, 100..150, &waves(3, 50, 0));
    assert_eq!(look(&mut ledger, "GBPUSD", (100, 149), false), None);
    assert_eq!(look(&mut ledger, "EURUSD", (0, 99), false), None);
    assert_eq!(look(&mut ledger, "EURUSD", (150, 200), false), None);
    assert_eq!(look(&mut ledger, "EURUSD", (149, 200), false).unwrap().trials, 3);
}

#[test]
fn inner_trials_do_not_count_against_what_they_never_saw() {
    let scratch = Scratch::new("inner");
    let mut ledger = scratch.open();
    record(&mut ledger, "w-in", Role::Inner, 0..50, &waves(8, 50, 0));
    record(&mut ledger, "w", Role::Specification, 0..50, &waves(1, 50, 9));
    record(&mut ledger, "s", Role::Trial, 0..50, &waves(2, 50, 20));
    assert_eq!(look(&mut ledger, "EURUSD", (0, 49), true).unwrap().trials, 3);
    assert_eq!(look(&mut ledger, "EURUSD", (0, 49), false).unwrap().trials, 11);
}

#[test]
fn the_snapshot_names_what_was_counted() {
    let scratch = Scratch::new("snapshot");
    let mut ledger = scratch.open();
    record(&mut ledger, "a", Role::Trial, 0..50, &waves(3, 50, 0));
    let before = look(&mut ledger, "EURUSD", (0, 49), false).unwrap();
    record(&mut ledger, "b", Role::Trial, 500..550, &waves(3, 50, 0));
    assert_eq!(look(&mut ledger, "EURUSD", (0, 49), false).unwrap(), before);
    record(&mut ledger, "c", Role::Trial, 0..50, &waves(1, 50, 3));
    assert_ne!(look(&mut ledger, "EURUSD", (0, 49), false).unwrap().snapshot_sha256, before.snapshot_sha256);
}

#[test]
fn nothing_written_can_be_changed() {
    let scratch = Scratch::new("stays");
    record(&mut scratch.open(), "a", Role::Trial, 0..50, &waves(3, 50, 0));
    let connection = Connection::open(scratch.path()).unwrap();
    for sql in ["DELETE FROM trials", "UPDATE trials SET sharpe = 0", "DELETE FROM batches", "UPDATE batches SET varying = 0"] {
        assert!(connection.execute(sql, []).unwrap_err().to_string().contains("only grows"), "{sql}");
    }
}

#[test]
fn runs_at_once_lose_nothing() {
    let scratch = Scratch::new("at-once");
    std::thread::scope(|scope| {
        for n in 0..8 {
            let scratch = &scratch;
            scope.spawn(move || {
                // every run has five trials of its own and one that all share
                let columns = waves(5, 40, 10 * n);
                record(&mut scratch.open(), &format!("run{n}-"), Role::Trial, 0..40, &columns);
                let days: Vec<i32> = (0..40).collect();
                let trials = [Tried { question: "shared".into(), returns: &columns[0] }];
                let entry = Entry { run: "x", markets: &["EURUSD".to_owned()], role: Role::Trial, days: &days, trials: &trials };
                scratch.open().record(&entry).unwrap();
            });
        }
    });
    assert_eq!(look(&mut scratch.open(), "EURUSD", (0, 39), false).unwrap().trials, 8 * 5 + 1);
}

#[test]
fn a_file_that_is_no_ledger_is_named() {
    let scratch = Scratch::new("foreign");
    std::fs::create_dir_all(scratch.path().parent().unwrap()).unwrap();
    std::fs::write(scratch.path(), "time,equity\n1,2\n".repeat(100)).unwrap();
    let problem = Ledger::open(&scratch.path()).err().unwrap().to_string();
    assert!(problem.contains("trials.sqlite: the trial ledger cannot be used") && problem.contains("move the file away"), "{problem}");
}

#[test]
fn luck_after_many_trials_is_the_chance_of_one_among_them() {
    let returns: Vec<f64> = (0..400).map(|i| 0.1 + libm::sin(f64::from(i * i))).collect();
    let p = 1.0 - psr_of(&returns, 0.0).unwrap();
    let after = |effective_trials| {
        let known = Knowledge { trials: 0, runs: 0, effective_trials, sharpe_variance: 0.0025, snapshot_sha256: String::new() };
        (known.luck_p(&returns).unwrap(), known.dsr(&returns).unwrap())
    };
    assert!((after(1.0).0 - p).abs() < 1e-12 && (after(1.0).1 - (1.0 - p)).abs() < 1e-12);
    // 1 − (1 − p)²
    assert!((after(2.0).0 - (2.0 * p - p * p)).abs() < 1e-12);
    assert!(after(200.0).0 > after(50.0).0 && after(200.0).1 < after(50.0).1);
}
