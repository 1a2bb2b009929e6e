//! The backtest that five other tools agree on: SMA(10) over SMA(30), all in, 0.02 % a side.
use std::path::Path;

use cthulu_lab::experiment::{Experiment, Spec, Watchers};

fn experiment(path: &str, market: &str) -> Experiment {
    let text = format!(
        "strategy = \"sma_crossover\"\n[params]\nfast = 10\nslow = 30\n[[data]]\npath = '{path}'\nsymbol = \"SYNTH\"\n\
         [costs]\ncommission_fraction = 0.0002\n[fills]\nmarket = \"{market}\"\n"
    );
    Experiment::new(Spec::parse(&text, Path::new("five_tools.toml")).unwrap()).unwrap()
}

fn close_to(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs()
}

#[test]
fn the_shared_series_gives_the_equity_and_trades_that_five_tools_give() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/peers/synth_m1_100k.csv.gz");
    if !path.exists() {
        eprintln!("skipped: the shared series is not here");
        return;
    }
    let path = path.to_str().unwrap();
    let open = experiment(path, "next_open").run(Watchers::Off).unwrap();
    assert_eq!(open.metrics.trades, 1918);
    assert!(close_to(open.run.book.equity(), 4866.017028521), "{}", open.run.book.equity());
    let close = experiment(path, "close").run(Watchers::Off).unwrap();
    assert!((close.run.book.equity() - 4876.61268).abs() < 1e-5, "{}", close.run.book.equity());
}
