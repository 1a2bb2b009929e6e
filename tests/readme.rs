//! What the front page shows is true.

use std::{fs, path::Path};

use crate::cli::{Scratch, lab};

/// The blocks between fences that open with "```" and `language`.
fn blocks(language: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_strategy_of_the_front_page_runs() {
    let [strategy] = &blocks("toml")[..] else { panic!("one strategy is shown") };
    assert!(strategy.lines().count() <= 11, "ten lines are promised");
    let scratch = Scratch::new("readme");
    let file = scratch.file("pullback.toml", strategy);
    let output = lab(&["backtest", "--strategy", &file, "--no-report", "--json", "--out", &scratch.path("run")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(run["metrics"]["trades"].as_u64().unwrap() > 0);
}

#[test]
fn the_sample_run_reproduces_and_is_the_one_shown() {
    let output = lab(&["reproduce", "reports/sample"]);
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let run: serde_json::Value =
        serde_json::from_slice(&fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample/run.json")).unwrap()).unwrap();
    let shown = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let profit_factor = format!("Profit factor  {:.2}", run["metrics"]["profit_factor"].as_f64().unwrap());
    assert!(shown.contains(&profit_factor), "README.md does not show '{profit_factor}'");
    let folder = format!("reports/{}/report.html", run["id"].as_str().unwrap());
    assert!(shown.contains(&folder), "README.md does not show '{folder}'");
}
