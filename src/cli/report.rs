//! `cthulu-lab report` and `compare`: what people look at, from run folders that are there.

use super::{
    args::{CompareArgs, ReportArgs},
    print, run_json,
};
use crate::{error::Result, report};

pub(super) fn run(args: &ReportArgs) -> Result<()> {
    for run in &args.runs {
        run_json(run)?;
    }
    for run in &args.runs {
        print(&format!("{}\n", report::write(run)?.display()))?;
    }
    Ok(())
}

pub(super) fn compare(args: &CompareArgs) -> Result<()> {
    run_json(&args.a)?;
    run_json(&args.b)?;
    let comparison = report::compare(&args.a, &args.b)?;
    if let Some(page) = &args.out {
        comparison.write_html(page)?;
    }
    print(&comparison.to_text())
}
