//! `cthulu-lab eval`: any rule expression as a column, to look at a rule before trading it.

use std::{collections::BTreeMap, fmt::Write as _, path::Path, sync::Arc};

use super::{args::EvalArgs, backtest, print, say};
use crate::{
    data::{self, Instruments, ReadOptions},
    error::{Error, Result, nearest},
    market::Bars,
    rule::{Book, Kind, Machine, Program, Source},
};

pub(super) fn run(args: &EvalArgs) -> Result<()> {
    let spec = backtest::data(&args.data, &args.file)?;
    let path = Path::new(&spec.path);
    let (files, symbol) = super::data::series(path, spec.symbol.as_deref(), args.file.timeframe)?;
    let options = super::data::options(&files[0], &args.file, None)?;
    let known = Instruments::at_hand()?;
    let options = match symbol.as_ref().and_then(|symbol| known.get(symbol)) {
        Some(instrument) => {
            let calendar = args.file.calendar.or(options.calendar).or(Some(instrument.calendar));
            ReadOptions { point: instrument.point, calendar, ..options }
        }
        None => options,
    };
    // A column deals at no price, so trades may stand for quotes.
    let options = ReadOptions { trades_as_quotes: true, ..options };
    let bars = data::load_series(path, &files, &options, (None, None))?.bars;
    let params: BTreeMap<String, f64> = args.param.iter().cloned().collect();
    check_params(&args.expression, &params)?;
    let source = Source { name: "value", text: &args.expression, kind: Kind::Let, place: "expression" };
    let program = Program::compile(&[source], &params, bars.timeframe(), options.calendar.unwrap_or_default())?;
    if let Some(model) = program.models().next() {
        return Err(Error::config("expression", format!("model(\"{model}\") has a value in a run only, where the model is at hand")));
    }
    if program.uses_position() {
        return Err(Error::config("expression", "position.… has a value in a run only, where there is a position"));
    }
    let text = column(&Arc::new(program), &bars);
    if text.lines().skip(1).all(|row| row.ends_with(',')) {
        say("warning: no bar has a value; the file is shorter than the warm-up, or lacks a column that the expression needs");
    }
    match &args.out {
        None => print(&text),
        Some(path) => std::fs::write(path, text).map_err(|e| Error::io(path, "cannot be written", e)),
    }
}

/// A parameter that the expression does not name would be silently without effect.
fn check_params(expression: &str, params: &BTreeMap<String, f64>) -> Result<()> {
    let names: Vec<&str> = expression.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty()).collect();
    match params.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(unused) => {
            let hint = nearest(unused, names).map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
            Err(Error::config("--param", format!("the expression has no '{unused}'{hint}")))
        }
    }
}

/// `time,value`, a row a bar by its opening; a missing value is an empty cell, a condition 1 or 0.
fn column(program: &Arc<Program>, bars: &Arc<Bars>) -> String {
    let id = program.output("value").expect("compiled under this name");
    let mut machine = Machine::new(Arc::clone(program));
    machine.attach(Arc::clone(bars));
    let mut text = String::from("time,value\n");
    for bar in bars.iter() {
        machine.step(&bar, &Book::default());
        let value = machine.number(id).map(|v| v.to_string()).unwrap_or_default();
        writeln!(text, "{},{value}", bar.opened_at).expect("a string can be written");
    }
    text
}
