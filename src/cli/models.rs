//! `cthulu-lab models`: trained models, and what they say of rows.

use std::{fmt::Write as _, path::Path};

use super::{
    args::{ModelsCommand, PredictArgs},
    print, say,
};
use crate::{
    error::{Error, Result},
    model::{Forest, TreeModel, lightgbm, read_rows},
};

pub(super) fn run(command: &ModelsCommand) -> Result<()> {
    match command {
        ModelsCommand::Predict(args) => predict(args),
    }
}

fn predict(args: &PredictArgs) -> Result<()> {
    if args.model.is_dir() {
        let problem = "is a folder; name the model's text file in it";
        return Err(Error::config(args.model.display().to_string(), problem));
    }
    let model = lightgbm::read(&args.model)?;
    let rows = read_rows(&args.rows, &model.features)?;
    if !rows.unknown.is_empty() {
        say(&format!("{}: the model does not use {}", args.rows.display(), rows.unknown.join(", ")));
    }
    let forest = Forest::new(&model);
    let scores = if args.raw { forest.raw_batch(&rows.values) } else { forest.predict_batch(&rows.values) };
    let text = table(&model, args.raw, &scores);
    match &args.out {
        None => print(&text),
        Some(path) => write(path, &text),
    }
}

/// A row a row, numbers in the fewest digits that read back the same.
fn table(model: &TreeModel, is_raw: bool, scores: &[f64]) -> String {
    let mut text = names(model, is_raw).join(",") + "\n";
    for row in scores.chunks(model.scores) {
        for (n, score) in row.iter().enumerate() {
            write!(text, "{}{score}", if n == 0 { "" } else { "," }).expect("a string can be written");
        }
        text.push('\n');
    }
    text
}

/// `class_0,class_1,…` for several classes; for two, which have one score, that of the second; `value` for a number.
fn names(model: &TreeModel, is_raw: bool) -> Vec<String> {
    match model.scores {
        1 if model.link.is_probability() => vec!["class_1".to_owned()],
        1 if is_raw => vec!["score".to_owned()],
        1 => vec!["value".to_owned()],
        several => (0..several).map(|class| format!("class_{class}")).collect(),
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|e| Error::io(path, "cannot be written", e))
}
