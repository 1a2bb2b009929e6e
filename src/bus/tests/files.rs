//! Tests of the journal and of the file consumers.

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::{bus, tap};
use crate::{
    bus::{
        Bus, COMPREHENSIVE_COLUMNS, Comprehensive, Database, Finished, Journal, Metrics, Policy, Rotation, TrainingLog, read_folder,
        read_lines,
        sample::{self, CASH, Folder},
    },
    event::{Event, Mode, Record},
    portfolio::Ledger,
};

fn lines_of(events: &[Event]) -> Vec<String> {
    let names = sample::names();
    let line = |event: &Event| {
        let mut bytes = Vec::new();
        Record::of(event, &names).write_line(&mut bytes);
        String::from_utf8(bytes).unwrap().trim_end().to_owned()
    };
    events.iter().map(line).collect()
}

/// Runs `trades` round trips with every consumer; returns what the bus left, the events, and the engine's ledger.
fn run(folder: &Folder, trades: u32) -> (Finished, Vec<Event>, Ledger) {
    let mut bus = bus(Mode::Backtest);
    let tapped = tap(&mut bus);
    bus.add(Box::new(Journal::to_file(&folder.0.join("events.jsonl.gz")).unwrap()), Policy::Wait).unwrap();
    bus.add(Box::new(TrainingLog::create(&folder.0, Rotation::default()).unwrap()), Policy::Wait).unwrap();
    bus.add(Box::new(Database::open(&folder.0.join("run.sqlite")).unwrap()), Policy::Wait).unwrap();
    bus.add(Box::new(Metrics::new()), Policy::Wait).unwrap();
    bus.add(Box::new(Comprehensive::create(&folder.0.join("comprehensive_metrics.csv")).unwrap()), Policy::Wait).unwrap();
    let book = sample::publish_run(&mut bus, trades);
    let finished = bus.finish().unwrap();
    assert_eq!(finished.warnings, Vec::<String>::new());
    let events = tapped.lock().unwrap().clone();
    (finished, events, book)
}

#[test]
fn the_journal_hashes_the_lines_however_they_are_batched() {
    let folder = Folder::new("journal");
    let (finished, events, _) = run(&folder, 300);
    let lines = lines_of(&events);
    let hash = lines.iter().fold(Sha256::new(), |hash, line| hash.chain_update(line).chain_update("\n")).finalize();
    let hash: String = hash.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(finished.event_log_sha256.unwrap(), hash);
    assert_eq!(read_lines(&folder.0.join("events.jsonl.gz")).unwrap().lines, lines);
    assert_eq!(finished.kinds.unwrap()["order_filled"], 600);

    let mut live = Bus::new(sample::names(), Mode::Backtest);
    live.add(Box::new(Journal::new()), Policy::Wait).unwrap();
    sample::replay(&mut live, &events);
    assert_eq!(live.finish().unwrap().event_log_sha256.unwrap(), hash);
}

#[test]
fn the_ledger_rebuilt_from_the_log_equals_the_engines() {
    let folder = Folder::new("ledger");
    let (_, _, book) = run(&folder, 500);
    let names = sample::names();
    let mut rebuilt = Ledger::new(CASH, &names.contract_sizes);
    for line in read_folder(&folder.0).unwrap() {
        if let Some(fill) = Record::parse(&line).unwrap().as_fill(&names) {
            rebuilt.apply(&fill);
        }
    }
    assert_eq!(rebuilt, book);
    assert_ne!(rebuilt.cash(), CASH);
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let (one, other) = (Folder::new("bytes-1"), Folder::new("bytes-2"));
    run(&one, 400);
    run(&other, 400);
    for file in ["events.jsonl.gz", "training_log.0001.jsonl.gz", "comprehensive_metrics.csv"] {
        assert_eq!(std::fs::read(one.0.join(file)).unwrap(), std::fs::read(other.0.join(file)).unwrap(), "{file}");
    }
}

#[test]
fn a_log_cut_anywhere_in_its_last_block_reads_as_a_prefix_and_goes_on() {
    let folder = Folder::new("cut");
    let mut first = bus(Mode::Backtest);
    let tapped = tap(&mut first);
    first.add(Box::new(TrainingLog::create(&folder.0, Rotation::default()).unwrap()), Policy::Wait).unwrap();
    // Three blocks of 11, 20 and 20 lines.
    for trades in [1, 2, 2] {
        sample::publish_run(&mut first, trades);
        first.flush();
    }
    first.finish().unwrap();
    let lines = lines_of(&tapped.lock().unwrap());
    let path = folder.0.join("training_log.0001.jsonl.gz");
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(read_lines(&path).unwrap().lines, lines);
    let mut kept = std::collections::BTreeSet::new();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let cut = read_lines(&path).unwrap();
        assert!(lines.starts_with(&cut.lines));
        assert_eq!(cut.intact_bytes + cut.torn_bytes, length as u64);
        kept.insert(cut.lines.len());
    }
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [0, 11, 31]);

    let mut bus = bus(Mode::Backtest);
    bus.add(Box::new(TrainingLog::resume(&folder.0, Rotation::default()).unwrap()), Policy::Wait).unwrap();
    sample::publish_run(&mut bus, 1);
    bus.finish().unwrap();
    let resumed = read_lines(&path).unwrap();
    assert_eq!((resumed.lines.len(), resumed.torn_bytes), (31 + 11, 0));
}

#[test]
fn a_log_goes_on_in_the_next_file_when_one_is_full() {
    let folder = Folder::new("rotate");
    let mut bus = bus(Mode::Backtest);
    bus.add(Box::new(TrainingLog::create(&folder.0, Rotation { file_bytes: 1, sync: true }).unwrap()), Policy::Wait).unwrap();
    let tapped = tap(&mut bus);
    sample::publish_run(&mut bus, 100);
    let finished = bus.finish().unwrap();
    let files = &finished.outcomes[0].1.as_ref().unwrap().files;
    assert!(files.len() > 2 && files[1].ends_with("training_log.0002.jsonl.gz"), "{files:?}");
    assert_eq!(read_folder(&folder.0).unwrap(), lines_of(&tapped.lock().unwrap()));
    TrainingLog::create(&folder.0, Rotation::default()).unwrap();
    assert!(read_folder(&folder.0).unwrap().is_empty(), "a new log removes the old one");
}

#[test]
fn the_database_holds_every_event_once_however_often_the_run_is_repeated() {
    let folder = Folder::new("database");
    run(&folder, 10);
    let (_, events, book) = run(&folder, 1200);
    let lines = lines_of(&events);
    let mut names: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(|f| f.unwrap().file_name()).collect();
    names.retain(|n| n.to_string_lossy().contains("sqlite"));
    assert_eq!(names, ["run.sqlite"], "a finished database is one file");
    let database = Connection::open(folder.0.join("run.sqlite")).unwrap();
    let mut query = database.prepare("SELECT record FROM events ORDER BY seq").unwrap();
    let stored: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(|r| r.unwrap()).collect();
    assert_eq!(stored, lines);
    let run = "SELECT run, mode, events, trades, cash_at_start, cash, finished FROM runs";
    let run: (String, String, i64, i64, f64, f64, bool) =
        database.query_row(run, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?, r.get(6)?))).unwrap();
    assert_eq!(run, ("sample".into(), "backtest".into(), lines.len() as i64, 1200, CASH, book.cash(), true));
    let sold = "SELECT count(*), min(ticket), max(volume) FROM events WHERE kind = 'trade_closed' AND side = 'sell' AND symbol = 'EURUSD'";
    let sold: (i64, i64, f64) = database.query_row(sold, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap();
    // Every third of 1200 trades sells, every second of those is in the first symbol.
    assert_eq!(sold, (200, 1, 0.3));
    let pnl: f64 = database.query_row("SELECT sum(pnl) FROM trades", [], |row| row.get(0)).unwrap();
    assert!((pnl - (book.cash() - CASH)).abs() < 1e-6);
}

#[test]
fn metrics_count_kinds_reasons_and_trades() {
    let folder = Folder::new("metrics");
    let (finished, _, book) = run(&folder, 100);
    let tally = finished.tally.unwrap();
    assert_eq!((tally.events, tally.kinds["trade_closed"], tally.exits["signal"]), (902, 100, 100));
    // Every fourth exit is ambiguous.
    assert_eq!(tally.ambiguous_fills, 25);
    assert!((tally.trades.net_pnl - (book.cash() - CASH)).abs() < 1e-9);
    assert_eq!(tally.strategies["cross"], tally.trades);
    assert!((tally.profit_factor.unwrap() - tally.trades.gross_profit / tally.trades.gross_loss.abs()).abs() < 1e-15);

    let mut bus = bus(Mode::Synthetic);
    let metrics = Metrics::new();
    let watched = metrics.watch();
    bus.add(Box::new(metrics), Policy::Wait).unwrap();
    sample::replay(&mut bus, &sample::one_of_each());
    bus.finish().unwrap();
    let tally = watched.lock().unwrap().clone();
    let reasons: Vec<_> = tally.refusals.into_keys().collect();
    assert_eq!(reasons, ["max_positions", "no_stop", "not_enough_margin"]);
    assert_eq!((tally.cancellations["replaced"], tally.limits["daily_loss"]), (1, 1));
}

#[test]
fn comprehensive_rows_run_up_to_the_totals() {
    let folder = Folder::new("comprehensive");
    let (finished, _, book) = run(&folder, 100);
    let text = std::fs::read_to_string(folder.0.join("comprehensive_metrics.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap(), &COMPREHENSIVE_COLUMNS[..]);
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.unwrap()).collect();
    assert_eq!(rows.len(), 100);
    let cell = |row: usize, column: &str| &rows[row][COMPREHENSIVE_COLUMNS.iter().position(|c| *c == column).unwrap()];
    let number = |row, column| cell(row, column).parse::<f64>().unwrap();
    let totals = finished.tally.unwrap().trades;
    assert_eq!((cell(0, "symbol"), cell(1, "symbol"), cell(0, "strategy")), ("EURUSD", "XAU,USD", "cross"));
    assert_eq!((cell(0, "win_rate").is_empty(), cell(0, "sqn")), (false, ""));
    assert_eq!((number(99, "trades"), number(99, "fills"), number(99, "ambiguous_fills")), (100.0, 200.0, 25.0));
    assert_eq!((number(99, "cumulative_pnl"), number(99, "sqn")), (totals.net_pnl, totals.sqn().unwrap()));
    assert!((number(99, "closed_equity") - book.cash()).abs() < 1e-9);
    assert!(number(99, "max_drawdown_fraction") >= number(99, "drawdown_fraction"));
    // The first trade sells 0.3 lots of 1000 units at 1.1 and buys back 0.007 lower: 300 · 0.007 − 2 · 0.07 commission.
    assert!((number(0, "pnl") - 1.96).abs() < 1e-9);
}

#[test]
fn a_dropped_bus_still_leaves_whole_files() {
    let folder = Folder::new("dropped");
    let mut bus = bus(Mode::Backtest);
    bus.add(Box::new(TrainingLog::create(&folder.0, Rotation::default()).unwrap()), Policy::Wait).unwrap();
    sample::publish_run(&mut bus, 3);
    drop(bus);
    assert_eq!(read_folder(&folder.0).unwrap().len(), 29);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_the_run_goes_on() {
    let mut bus = bus(Mode::Backtest);
    bus.add(Box::new(Journal::new()), Policy::Wait).unwrap();
    bus.add(Box::new(Comprehensive::create("/dev/full".as_ref()).unwrap()), Policy::Wait).unwrap();
    sample::publish_run(&mut bus, 3);
    let finished = bus.finish().unwrap();
    assert!(finished.event_log_sha256.is_some());
    assert!(finished.stats.consumers[1].failed && finished.warnings[0].contains("/dev/full"), "{:?}", finished.warnings);
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_without_its_journal_is_no_run() {
    let mut bus = bus(Mode::Backtest);
    bus.add(Box::new(Journal::to_file("/dev/full".as_ref()).unwrap()), Policy::Wait).unwrap();
    sample::publish_run(&mut bus, 3);
    assert!(bus.finish().is_err());
}
