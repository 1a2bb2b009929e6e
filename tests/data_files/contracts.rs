//! Planted faults that break no rule of a price file and are faults all the same; and the quiet of a file without them.

use cthulu_lab::{
    data::{Finding, ReadOptions, Severity},
    market::Calendar,
    time::{DAY, HOUR, Nanos},
};

use super::examine;

/// Closes that move by about a thousandth, never twice alike; no randomness, so that every run sees the same.
fn walk(n: usize) -> Vec<f64> {
    let mut price = 1.25;
    let step = |i: usize| ((i * 7919 % 201) as f64 - 100.0) / 100_000.0;
    (0..n)
        .map(|i| {
            price *= 1.0 + step(i);
            price
        })
        .collect()
}

/// Bars around closes: each opens where the one before closed.
fn bars(times: &[Nanos], closes: &[f64]) -> Vec<String> {
    let row = |i: usize| {
        let (open, close) = (closes[i.saturating_sub(1)], closes[i]);
        format!("{},{open},{},{},{close}", times[i], open.max(close), open.min(close))
    };
    (0..closes.len()).map(row).collect()
}

fn hours(n: usize) -> Vec<Nanos> {
    (0..n as i64).map(|i| Nanos(1_483_315_200_000_000_000 + i * HOUR)).collect()
}

fn found(rows: &[String], kind: &str) -> Vec<Finding> {
    let options = ReadOptions { calendar: Some(Calendar::RoundTheClock), ..ReadOptions::default() };
    let checked = examine("planted.csv", format!("time,open,high,low,close\n{}\n", rows.join("\n")), &options);
    assert!(checked.ok, "{checked:?}");
    checked.findings.into_iter().filter(|f| f.kind == kind).collect()
}

fn warns(finding: &Finding, row: u64, column: &str) {
    assert_eq!((finding.severity, finding.row, finding.column.as_deref()), (Severity::Warning, Some(row), Some(column)), "{finding:?}");
}

#[test]
fn a_quiet_file_gives_no_warning() {
    let rows = bars(&hours(500), &walk(500));
    for kind in
        ["outlier", "outliers", "split_like", "spliced", "stale_prices", "clock_shift", "wide_spread", "zero_spread", "gaps", "points"]
    {
        assert_eq!(found(&rows, kind), [], "{kind}");
    }
}

#[test]
fn a_bad_print_is_named_and_a_real_move_only_counted() {
    let mut closes = walk(500);
    closes[250] *= 1.5;
    let rows = bars(&hours(500), &closes);
    let outliers = found(&rows, "outlier");
    warns(&outliers[0], 252, "close"); // row 250 counted from 0, and the header
    assert!(outliers[0].message.contains("and back at once") && outliers[0].value == Some(closes[250].to_string()), "{outliers:?}");
    let mut moved = walk(500);
    moved[250..].iter_mut().for_each(|close| *close *= 1.15);
    let rows = bars(&hours(500), &moved);
    assert_eq!(found(&rows, "outlier"), []);
    assert_eq!(found(&rows, "outliers")[0].severity, Severity::Info);
    let mut wick = bars(&hours(500), &walk(500));
    let cells: Vec<&str> = wick[100].split(',').collect();
    let high = cells[2].parse::<f64>().unwrap() * 1.4;
    wick[100] = format!("{},{},{high},{},{}", cells[0], cells[1], cells[3], cells[4]);
    warns(&found(&wick, "outlier")[0], 102, "high");
}

#[test]
fn an_unadjusted_split_is_named_by_its_ratio() {
    for (ratio, says) in [(0.5, "2 for 1"), (1.0 / 3.0, "3 for 1"), (2.0 / 3.0, "1.5 for 1"), (10.0, "1 for 10"), (0.1, "10 for 1")] {
        let mut rows = bars(&hours(300), &walk(300));
        for row in &mut rows[200..] {
            let cells: Vec<String> = row.split(',').skip(1).map(|x| (x.parse::<f64>().unwrap() * ratio).to_string()).collect();
            *row = format!("{},{}", row.split(',').next().unwrap(), cells.join(","));
        }
        let splits = found(&rows, "split_like");
        assert_eq!(splits.len(), 1, "{splits:?}");
        warns(&splits[0], 202, "close");
        assert!(splits[0].message.contains(says), "{}", splits[0].message);
    }
}

#[test]
fn a_jump_across_a_hole_is_another_ticker() {
    let mut closes = walk(400);
    closes[200..].iter_mut().for_each(|close| *close *= 17.3);
    let mut times = hours(400);
    times[200..].iter_mut().for_each(|at| *at = at.plus(60 * DAY));
    let mut rows = bars(&times, &closes);
    rows[200] = format!("{},{close},{close},{close},{close}", times[200], close = closes[200]);
    let spliced = found(&rows, "spliced");
    warns(&spliced[0], 202, "close");
    // 60 days of 24 hours are missing between two neighbours.
    assert!(spliced[0].message.contains("across 1440 missing bars"), "{}", spliced[0].message);
}

#[test]
fn a_feed_that_stopped_is_named_by_its_length() {
    let mut closes = walk(400);
    let last = closes[99];
    closes[100..130].iter_mut().for_each(|close| *close = last);
    let stale = found(&bars(&hours(400), &closes), "stale_prices");
    warns(&stale[0], 102, "close"); // the first bar that opens and closes there
    assert!(stale[0].message.starts_with("30 bars in a row"), "{}", stale[0].message);
}

#[test]
fn spreads_that_cannot_be_meant_are_named() {
    let quotes = |spread: fn(usize) -> f64| {
        let rows: Vec<String> =
            walk(200).iter().enumerate().map(|(i, bid)| format!("{},{bid},{}", hours(200)[i], bid + spread(i))).collect();
        let checked = examine("quoted.csv", format!("timestamp,bid,ask\n{}\n", rows.join("\n")), &ReadOptions::default());
        checked.findings.into_iter().map(|f| (f.kind, f.severity, f.row)).collect::<Vec<_>>()
    };
    assert_eq!(quotes(|_| 0.0001), []);
    assert_eq!(quotes(|i| if i == 50 { 0.05 } else { 0.0001 }), [("wide_spread", Severity::Warning, Some(52))]); // 500 times the others
    assert_eq!(quotes(|i| if i < 9 { 0.0 } else { 0.0001 }), [("zero_spread", Severity::Info, None)]);
    assert_eq!(quotes(|i| if i < 150 { 0.0 } else { 0.0001 }), [("zero_spread", Severity::Warning, None)]);
}

/// The FX week of two years, hour by hour, as a clock `shift` ahead of UTC shows it.
fn fx_weeks(shift: fn(Nanos) -> i64) -> Vec<String> {
    let times = (0..2 * 365 * 24).map(|i| Nanos(1_451_779_200_000_000_000 + i * HOUR)).filter(|at| Calendar::Fx.is_open(*at));
    let times: Vec<Nanos> = times.map(|at| at.plus(shift(at))).collect();
    let mut kept: Vec<Nanos> = Vec::new();
    for at in times {
        if kept.last().is_none_or(|last| *last < at) {
            kept.push(at);
        }
    }
    bars(&kept, &walk(kept.len()))
}

#[test]
fn a_clock_with_another_summer_than_its_market_is_noticed() {
    let shifts = |rows: &[String], calendar: Option<Calendar>| {
        let text = format!("time,open,high,low,close\n{}\n", rows.join("\n"));
        let checked = examine("clock_shift.csv", text, &ReadOptions { calendar, ..ReadOptions::default() });
        checked.findings.into_iter().filter(|f| f.kind == "clock_shift").map(|f| f.message).collect::<Vec<_>>()
    };
    for calendar in [None, Some(Calendar::Fx)] {
        assert_eq!(shifts(&fx_weeks(|_| 0), calendar), [""; 0]);
        // Two hours ahead in winter and three in Athens' summer, and written as if it were UTC.
        let athens =
            |at: Nanos| if (4..10).contains(&(at.civil().and_utc().timestamp() / 2_629_746 % 12 + 1)) { 3 * HOUR } else { 2 * HOUR };
        let told = shifts(&fx_weeks(athens), calendar);
        assert!(
            told.len() == 1 && told[0].contains("Sun 19:00 by the clock of America/New_York in winter and at Sun 20:00 in summer"),
            "{told:?}"
        );
    }
}
