//! Folds against those of other splitters, and the `folds` command.

use cthulu_lab::{
    experiment::WalkforwardSpec,
    fold::Labels,
    time::{DAY, Nanos},
};
use serde_json::{Value, json};

use crate::cli::{Scratch, lab, waves};

/// Daily rows from the first of January 2017.
fn days(count: usize) -> Vec<Nanos> {
    let first: Nanos = "2017-01-01T00:00:00Z".parse().unwrap();
    (0..count as i64).map(|day| first.plus(day * DAY)).collect()
}

#[test]
fn folds_are_those_of_skfolio_and_scikit_learn() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("folds/references.json")).unwrap();
    let mut compared = 0;
    for case in &cases {
        let spec: WalkforwardSpec = serde_json::from_value(case["keys"].clone()).unwrap();
        let rows = case["rows"].as_u64().unwrap() as usize;
        let found = json!(spec.plan().unwrap().folds(&days(rows), Labels::None).unwrap());
        let found: Vec<Value> =
            found["folds"].as_array().unwrap().iter().map(|f| json!({ "train": f["train"], "test": f["test"] })).collect();
        assert_eq!(json!(found), case["folds"], "{} of {rows} rows, {}", case["name"], case["keys"]);
        compared += found.len();
    }
    assert!(cases.len() > 60 && compared > 500, "{} cases, {compared} folds", cases.len());
}

/// The folds of an experiment, as the command prints them.
fn folds_of(experiment: &str) -> Value {
    let output = lab(&["folds", experiment, "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A small experiment over 300 hourly bars from the first of January 2017 with this `[walkforward]`.
fn experiment(scratch: &Scratch, walkforward: &str) -> String {
    let prices = scratch.file("waves.csv", &waves(300));
    let text = format!("strategy = \"sma_crossover\"\n[[data]]\npath = '{prices}'\ntimeframe = \"1h\"\n{walkforward}\n");
    scratch.file("asked.toml", &text)
}

#[test]
fn the_command_prints_half_open_row_ranges() {
    let scratch = Scratch::new("folds");
    let told = folds_of(&experiment(&scratch, "[walkforward]\ntrain = 100\ntest = 50\npurge_bars = 24\nembargo_bars = 24"));
    assert_eq!(
        told,
        json!({ "rows": 300, "folds": [
            { "fold": 0, "train": [[0, 100]], "test": [[124, 174]] },
            { "fold": 1, "train": [[50, 150]], "test": [[174, 224]] },
            { "fold": 2, "train": [[100, 200]], "test": [[224, 274]] },
        ] })
    );
    let days = folds_of(&experiment(&scratch, "[walkforward]\nscheme = \"anchored\"\ntrain = \"1w\"\ntest = \"2d\""));
    assert_eq!(days["folds"][1], json!({ "fold": 1, "train": [[0, 216]], "test": [[216, 264]] }));
}

#[test]
fn the_committed_experiments_have_the_folds_that_they_say() {
    let count = |name: &str| folds_of(name)["folds"].as_array().unwrap().len();
    assert_eq!((count("experiments/rsi.toml"), count("experiments/cpcv.toml"), count("experiments/portfolio.toml")), (8, 15, 15));
    let people = String::from_utf8(lab(&["folds", "experiments/cpcv.toml"]).stdout).unwrap();
    assert!(
        people.contains("15 folds, 5031 rows tested by each of 5 paths") && people.contains("path 4  folds 4 8 11 13 14 14"),
        "{people}"
    );
}

#[test]
fn what_cannot_be_folded_is_refused_by_key_and_remedy() {
    let scratch = Scratch::new("unfolded");
    let told = |walkforward: &str| {
        let output = lab(&["folds", &experiment(&scratch, walkforward), "--json"]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{walkforward}");
        String::from_utf8(output.stderr).unwrap()
    };
    let cases = [
        ("", "[walkforward]: the section is missing; write it as scheme = \"rolling\", train = \"12mo\", test = \"3mo\""),
        ("[walkforward]\ntest = 10", "walkforward.train: is missing; scheme = \"rolling\" needs it, as train = \"12mo\" or 5000 (bars)"),
        (
            "[walkforward]\ntrain = \"12m\"\ntest = 10",
            "'12m' is no length of a window; write bars as a number, as 5000, or a count and a unit",
        ),
        ("[walkforward]\ntrain = 0\ntest = 10", "'0' is no length of a window"),
        (
            "[walkforward]\ntrain = 5000\ntest = 10",
            "the data has 300 bars, 2017-01-01T00:00:00Z to 2017-01-13T11:00:00Z; make them shorter",
        ),
        ("[walkforward]\nscheme = \"kfold\"\ntrain = 100", "walkforward.train: is no key of scheme = \"kfold\"; it is cut by groups"),
        ("[walkforward]\nscheme = \"kfold\"\npurge_bars = 200", "leaves fold 1 (test rows 60..120) nothing to train on; lower it"),
        ("[walkforward]\nscheme = \"rollin\"", "unknown value 'rollin'; did you mean 'rolling'?"),
        ("[walkforward]\nembargo_bar = 3", "unknown key 'embargo_bar'; did you mean 'embargo_bars'?"),
        ("[walkforward]\nscheme = \"cpcv\"\nedges = \"carry\"", "walkforward.edges: \"carry\" needs test spans that follow one another"),
        ("[walkforward]\ntrain = 100\ntest = 50\ninner_split = 1.5", "walkforward.inner_split: 1.5 is no share of the training span"),
        ("[walkforward]\ntrain = 100\ntest = 50\nfinalists = 0", "walkforward.finalists: 0 leaves nothing to choose from"),
        (
            "[walkforward]\ntrain = 100\ntest = 50\npurge_bars = 10\n[model]\nkind = \"gbdt\"\nlabel = { kind = \"triple_barrier\", horizon_bars = 24 }",
            "walkforward.purge_bars: 10 is less than the 24 bars that a label looks ahead",
        ),
    ];
    for (walkforward, words) in cases {
        assert!(told(walkforward).contains(words), "{walkforward}: {}", told(walkforward));
    }
}

#[test]
fn the_rows_of_several_instruments_are_the_moments_at_which_any_of_them_opens() {
    let scratch = Scratch::new("merged");
    let hours = |name: &str, opens: &[i64]| {
        let rows: String = opens.iter().map(|h| format!("{},1,1,1,1,1\n", 1_483_228_800 + h * 3600)).collect();
        scratch.file(name, &format!("timestamp,open,high,low,close,volume\n{rows}"))
    };
    // Moments 0 to 5: hour 2 is of the second alone, hour 4 of the first alone.
    let (a, b) = (hours("a.csv", &[0, 1, 3, 4, 5]), hours("b.csv", &[0, 1, 2, 3, 5]));
    let text = format!(
        "strategy = \"sma_crossover\"\n[[data]]\npath = '{a}'\ntimeframe = \"1h\"\n[[data]]\npath = '{b}'\ntimeframe = \"1h\"\n[walkforward]\ntrain = 3\ntest = 2\n"
    );
    let told = folds_of(&scratch.file("merged.toml", &text));
    assert_eq!(told, json!({ "rows": 6, "folds": [{ "fold": 0, "train": [[0, 3]], "test": [[3, 5]] }] }));
}
