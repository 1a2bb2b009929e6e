//! Run folders → pictures and pages: `report.html`, the PNGs, and the comparison of two runs.
//!
//! Reads what a run wrote and draws it; computes nothing beyond `stats`, and changes nothing a run recorded. Promises the same bytes
//! for the same folder, and a page that needs no network. Every text that comes from a file is escaped.

mod axis;
mod chart_equity;
mod chart_sweep;
mod chart_trades;
mod chart_walk;
pub mod compare;
mod compare_page;
mod fills;
mod findings;
mod format;
mod head;
mod ink;
mod manifest;
mod metrics;
mod page;
mod paths;
mod plot;
mod png;
mod run;
mod series;
mod svg;
mod sweep;
mod tables;
mod thin;
mod trials;
mod walk;
mod words;

use crate::error::{Error, Result};
use chart_equity::Detail;
use run::RunFolder;
use series::{ROLLING_DAYS, Series};
use std::path::{Path, PathBuf};

pub use compare::{Comparison, compare};

/// Draws the run in `run_dir` and writes `report.html`, `equity.png`, `drawdown.png`, `trades.png` and `sharpe.png` beside it, for a
/// search `objective.png`, `trials.png` and `logits.png` too, for a walk-forward `folds.png`, `in_out.png` and `oos_paths.png`. Returns the page's path. A picture whose data the run lacks is not written; a
/// run of many paths has its page alone.
///
/// # Errors
/// [`Error::Io`] when `run.json` is missing or a file cannot be read or written, [`Error::Data`] when one does not parse, and
/// [`Error::Failed`] when a picture cannot be drawn.
pub fn write(run_dir: &Path) -> Result<PathBuf> {
    let run = RunFolder::read(run_dir)?;
    if run.text("kind") == Some("monte_carlo") {
        let page = paths::render(&run, &paths::Rows::read(run_dir, &run)?)?;
        return written(run_dir, page);
    }
    let series = Series::of(&run);
    let pictures = [
        ("equity.png", chart_equity::equity(&run, Detail::Wide), 400),
        ("drawdown.png", chart_equity::drawdown(&run, Detail::Wide), 300),
        ("trades.png", chart_trades::histogram(&run, &series.bins, Detail::Wide), 360),
        ("sharpe.png", chart_equity::rolling_sharpe(&run, ROLLING_DAYS, &series.rolling, Detail::Wide), 340),
        ("objective.png", chart_sweep::heat_map(&run, Detail::Wide), 480),
        ("trials.png", chart_sweep::histogram(&run, Detail::Wide), 360),
        ("logits.png", chart_sweep::logits(&run, Detail::Wide), 340),
        ("folds.png", chart_walk::timeline(&run, Detail::Wide), 420),
        ("in_out.png", chart_walk::scatter(&run, Detail::Wide), 420),
        ("oos_paths.png", chart_walk::fan(&run, Detail::Wide), 400),
    ];
    for (file, plot, height) in pictures {
        if let Some(plot) = plot {
            png::write(&plot, height, &run_dir.join(file))?;
        }
    }
    written(run_dir, page::render(&run, &series)?)
}

fn written(run_dir: &Path, page: String) -> Result<PathBuf> {
    let path = run_dir.join("report.html");
    std::fs::write(&path, page).map_err(|e| Error::io(&path, "cannot write the report", e))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const RUN: &str = r#"{"id":"a1","name":"<i>x</i>","manifest":{"spec":{"account":{"cash":100.0,"currency":"USD"},"fills":{"market":"close"}},
        "data":[{"symbol":"EURUSD","timeframe":"1h","first":"2017-01-02T00:00:00Z","last":"2017-01-06T00:00:00Z","rows":96}]},
        "metrics":{"trades":2,"profit_factor":1.5,"sharpe":null},"warnings":["a & b"]}"#;
    const TRADES: &str = "ticket,side,opened_at,closed_at,pnl,mae,mfe\n1,long,2017-01-02T01:00:00Z,2017-01-02T05:00:00Z,3.0,-1.0,4.0\n\
                          2,short,2017-01-03T01:00:00Z,2017-01-03T05:00:00Z,-2.0,-2.5,\n";
    const EQUITY: &str =
        "time,equity,cash,drawdown_fraction,exposure\n2017-01-02T05:00:00Z,103,103,0,0.5\n2017-01-03T05:00:00Z,101,101,0.0194,0\n";

    /// A folder of the given files that is removed when dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn of(name: &str, files: &[(&str, &str)]) -> Self {
            let path = std::env::temp_dir().join(format!("cthulu-lab-report-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            files.iter().for_each(|(file, text)| fs::write(path.join(file), text).unwrap());
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_run_without_anything_else_still_makes_a_page() {
        let folder = Folder::of("bare", &[("run.json", "{}")]);
        let page = fs::read_to_string(write(&folder.0).unwrap()).unwrap();
        assert!(page.contains("No verdict was recorded") && page.contains("In-sample") && !page.contains("NaN"));
        assert!(page.contains("No trade was closed.") && !page.contains("One dot a trade"));
        assert!(!folder.0.join("equity.png").exists());
    }

    #[test]
    fn the_same_folder_gives_the_same_bytes_and_no_markup_of_its_own() {
        let folder = Folder::of("same", &[("run.json", RUN), ("trades.csv", TRADES), ("equity.csv", EQUITY)]);
        let files = ["report.html", "equity.png", "drawdown.png", "trades.png"];
        let read = || files.map(|file| fs::read(folder.0.join(file)).unwrap());
        write(&folder.0).unwrap();
        let first = read();
        write(&folder.0).unwrap();
        assert!(first == read());
        let page = String::from_utf8(first[0].clone()).unwrap();
        assert!(page.contains("&lt;i&gt;x&lt;/i&gt;") && !page.contains("<i>x") && page.contains("a &amp; b"));
        assert!(page.contains("Optimistic") && page.contains("<strong>3.00</strong>") && page.contains("−2.00"));
        assert!(!page.contains("http://") || page.matches("http://").count() == page.matches("http://www.w3.org/").count());
    }

    /// The page of a run that has a buy-and-hold curve beside it.
    fn page_with_benchmark(name: &str) -> String {
        let curve = |levels: [f64; 3]| {
            let rows = levels.iter().zip(2..).map(|(level, day)| format!("2017-01-0{day}T05:00:00Z,{level}\n"));
            "time,equity\n".to_owned() + &rows.collect::<String>()
        };
        let equity = EQUITY.to_owned() + "2017-01-04T05:00:00Z,102,102,0.0097,0\n";
        let run = RUN.replace("\"warnings\"", "\"benchmark\":{\"name\":\"buy and hold EURUSD\"},\"warnings\"");
        let held = curve([110.0, 88.0, 99.0]);
        let folder = Folder::of(name, &[("run.json", &run), ("trades.csv", TRADES), ("equity.csv", &equity), ("buyhold.csv", &held)]);
        fs::read_to_string(write(&folder.0).unwrap()).unwrap()
    }

    #[test]
    fn equity_and_drawdown_stand_beside_buy_and_hold_net_of_the_same_costs() {
        let page = page_with_benchmark("held");
        assert!(page.contains("buy and hold EURUSD, net of the same costs: 99.00"));
        // From 110 down to 88: (110 − 88)/110 = 20 %.
        assert!(page.contains("buy and hold EURUSD, deepest 20.00%") && page.contains("strategy, deepest 1.94%"));
    }

    #[test]
    fn the_page_opens_with_the_verdict_and_keeps_the_order_of_the_contract() {
        let page = page_with_benchmark("order");
        let parts = [
            "verdict caution",
            "class=\"tiles\"",
            ">Warnings<",
            ">Equity against buy and hold<",
            ">Drawdown against buy and hold<",
            ">Costs<",
        ];
        let more = [">Monthly returns<", ">Rolling Sharpe ratio<", ">Exposure over time<", ">Profit and loss of single trades<"];
        let rest = [
            ">Trade scatter: MAE and MFE<",
            ">Best trades<",
            ">Worst trades<",
            ">Data findings<",
            ">Assumptions<",
            ">All metrics<",
            ">Manifest<",
        ];
        let places: Vec<Option<usize>> = parts.iter().chain(&more).chain(&rest).map(|part| page.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    }

    #[test]
    fn every_tile_leads_to_a_definition_that_is_there() {
        let page = page_with_benchmark("tiles");
        for key in ["profit_factor", "sharpe"] {
            assert!(page.contains(&format!("href=\"#m-{key}\"")) && page.contains(&format!("id=\"m-{key}\"")), "{key}");
        }
    }

    #[test]
    fn a_file_that_does_not_parse_is_named() {
        let folder = Folder::of("broken", &[("run.json", "{}"), ("verdict.json", "{")]);
        assert!(write(&folder.0).unwrap_err().to_string().contains("verdict.json"));
    }

    #[test]
    fn a_run_compared_with_itself_does_not_differ() {
        let folder = Folder::of("twice", &[("run.json", RUN), ("trades.csv", TRADES), ("equity.csv", EQUITY)]);
        let comparison = compare(&folder.0, &folder.0).unwrap();
        assert!(comparison.warnings.is_empty() && comparison.sharpe.is_none() && comparison.common_days == 2);
        assert!(comparison.rows.iter().all(|row| row.difference().is_none_or(|d| d == 0.0)));
        assert!(comparison.to_text().contains("Profit factor  1.50  1.50   0.00"), "{}", comparison.to_text());
        let page = folder.0.join("compare.html");
        comparison.write_html(&page).unwrap();
        assert!(fs::read_to_string(page).unwrap().contains("Too few common days"));
    }
}
