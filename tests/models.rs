//! Models from files, as a user asks them.

use std::fs;

use crate::cli::{Scratch, lab, stderr, stdout};

const MODEL: &str = "datasets/models/direction.txt";
const ROWS: &str = "datasets/models/rows.csv";

#[test]
fn probabilities_lie_beside_their_raw_scores() {
    let raw = stdout(&lab(&["models", "predict", MODEL, "--rows", ROWS, "--raw"]));
    let odds = stdout(&lab(&["models", "predict", MODEL, "--rows", ROWS]));
    assert_eq!((raw.lines().next(), odds.lines().next()), (Some("class_1"), Some("class_1")));
    let numbers = |text: &str| text.lines().skip(1).map(|cell| cell.parse::<f64>().unwrap()).collect::<Vec<_>>();
    let (raw, odds) = (numbers(&raw), numbers(&odds));
    assert_eq!(raw.len(), fs::read_to_string(ROWS).unwrap().lines().count() - 1);
    // Python's lightgbm 4.7.0 says of the first and the third row, by predict(rows, raw_score=True) and predict(rows):
    assert_eq!((raw[0], raw[2]), (-0.485_011_844_387_161_7, -0.374_140_327_235_005_3));
    assert!((odds[0] - 0.381_069_351_632_007_9).abs() < 1e-15 && (odds[2] - 0.407_540_952_663_727_6).abs() < 1e-15);
    for (raw, odds) in raw.iter().zip(&odds) {
        assert!((odds - 1.0 / (1.0 + (-raw).exp())).abs() < 1e-15, "{raw} is not {odds}");
    }
}

#[test]
fn columns_are_found_by_name_in_any_order() {
    let scratch = Scratch::new("predict-columns");
    let turned: String = fs::read_to_string(ROWS)
        .unwrap()
        .lines()
        .map(|line| line.split(',').rev().chain(["9"]).collect::<Vec<_>>().join(",") + "\r\n")
        .collect::<String>()
        .replacen(",9", ",note", 1);
    let rows = scratch.file("turned.csv", &turned);
    let out = scratch.path("odds.csv");
    let output = lab(&["models", "predict", MODEL, "--rows", &rows, "--out", &out]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("the model does not use note"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(out).unwrap(), stdout(&lab(&["models", "predict", MODEL, "--rows", ROWS])));
}

#[test]
fn rows_that_cannot_be_asked_are_named() {
    let scratch = Scratch::new("predict-wrong");
    let good = fs::read_to_string(ROWS).unwrap();
    let told = |text: &str| {
        let rows = scratch.file("rows.csv", text);
        let output = lab(&["models", "predict", MODEL, "--rows", &rows]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        stderr(&output)
    };
    let renamed = told(&good.replacen("roc_5", "roc5", 1));
    assert!(renamed.contains("the model's feature 'roc_5' has no column; 'roc5' is the nearest there is"), "{renamed}");
    let twice = told(&good.replacen("roc_5", "rsi", 1));
    assert!(twice.contains("the column 'rsi' stands twice"), "{twice}");
    let word = told(&good.replacen("22.0", "late", 1));
    assert!(word.contains("row 2, column hour: 'late' is not a number; leave a missing value empty"), "{word}");
    let missing = lab(&["models", "predict", "datasets/models/direction", "--rows", ROWS]);
    assert!(stderr(&missing).contains("did you mean 'datasets/models/direction.txt'?"), "{}", stderr(&missing));
    let folder = lab(&["models", "predict", "datasets/models", "--rows", ROWS]);
    assert!(stderr(&folder).contains("is a folder; name the model's text file in it"), "{}", stderr(&folder));
    let prices = lab(&["models", "predict", ROWS, "--rows", ROWS]);
    assert!(stderr(&prices).contains("does not begin with 'tree'"), "{}", stderr(&prices));
}
