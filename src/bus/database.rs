//! The SQLite database: `runs`, `events` and `trades`, for questions asked in SQL.
//!
//! Batches are held until there are some thousand events and then written in one transaction, so a crash or a failed write
//! leaves whole transactions only. While a run writes, the database is in WAL mode; a finished one is a single file. A run whose id is
//! already in the file replaces its rows.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, params};

use super::{Batch, Consumer, Outcome};
use crate::{
    error::{Error, Result},
    event::{Event, Kind, Mode, Names},
    portfolio::Trade,
};

/// Events written in one transaction.
pub(super) const ROWS_A_TRANSACTION: usize = 8192;

/// Columns of `events` after `record` are read out of it when asked for: they cost nothing to write.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, mode TEXT NOT NULL, began_at TEXT NOT NULL, ended_at TEXT NOT NULL,
    events INTEGER NOT NULL DEFAULT 0, trades INTEGER NOT NULL DEFAULT 0, cash_at_start REAL, cash REAL, equity REAL,
    finished INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS events (
    run INTEGER NOT NULL REFERENCES runs (id), seq INTEGER NOT NULL, kind TEXT NOT NULL, record TEXT NOT NULL,
    time TEXT AS (json_extract(record, '$.time')), symbol TEXT AS (json_extract(record, '$.symbol')),
    strategy TEXT AS (json_extract(record, '$.strategy')), order_id INTEGER AS (json_extract(record, '$.order')),
    ticket INTEGER AS (json_extract(record, '$.ticket')), side TEXT AS (json_extract(record, '$.side')),
    volume REAL AS (json_extract(record, '$.volume')), price REAL AS (json_extract(record, '$.price')),
    pnl REAL AS (json_extract(record, '$.pnl')), reason TEXT AS (json_extract(record, '$.reason'))
);
CREATE TABLE IF NOT EXISTS trades (
    run INTEGER NOT NULL REFERENCES runs (id), ticket INTEGER NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL, lots REAL NOT NULL,
    opened_at TEXT NOT NULL, entry REAL NOT NULL, closed_at TEXT NOT NULL, exit REAL NOT NULL, pnl REAL NOT NULL, pnl_fraction REAL,
    commission REAL NOT NULL, swap REAL NOT NULL, spread REAL NOT NULL, slippage REAL NOT NULL, mae REAL NOT NULL, mfe REAL NOT NULL,
    bars INTEGER NOT NULL, reason TEXT NOT NULL, strategy TEXT, seq INTEGER NOT NULL, PRIMARY KEY (run, ticket)
) WITHOUT ROWID;
";

/// Writes a run into a database file.
pub struct Database {
    path: PathBuf,
    connection: Connection,
    run: Option<i64>,
    held: Vec<Batch>,
    taken_seq: u64,
}

impl Database {
    /// Opens the file at `path`, or makes it.
    ///
    /// # Errors
    /// When it cannot be opened, or is no database of this layout.
    pub fn open(path: &Path) -> Result<Self> {
        let connection = connect(path).map_err(|e| failure(path, &e))?;
        Ok(Self { path: path.to_owned(), connection, run: None, held: Vec::new(), taken_seq: 0 })
    }

    /// Writes what is held in one transaction; after an error it is still held and the database unchanged.
    fn write(&mut self) -> Result<()> {
        let Some(first) = self.held.first() else { return Ok(()) };
        if self.run.is_none() {
            be_careful_as(&self.connection, first.events()[0].mode).map_err(|e| failure(&self.path, &e))?;
        }
        let run = write_batches(&mut self.connection, self.run, first, &self.held).map_err(|e| failure(&self.path, &e))?;
        self.run = Some(run);
        self.held.clear();
        Ok(())
    }
}

impl Consumer for Database {
    fn name(&self) -> &'static str {
        "database"
    }

    fn consume(&mut self, batch: &Batch) -> Result<()> {
        if batch.last_seq() > Some(self.taken_seq) {
            self.held.push(batch.clone());
            self.taken_seq = batch.last_seq().unwrap_or(self.taken_seq);
        }
        if self.held.iter().map(|b| b.events().len()).sum::<usize>() >= ROWS_A_TRANSACTION { self.write() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.write()
    }

    fn finish(&mut self) -> Result<Outcome> {
        settle(&self.connection).map_err(|e| failure(&self.path, &e))?;
        Ok(Outcome { files: vec![self.path.clone()], ..Outcome::default() })
    }
}

fn failure(path: &Path, error: &rusqlite::Error) -> Error {
    Error::Failed(format!("{}: database: {error}", path.display()))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.query_row("PRAGMA wal_autocheckpoint = 16384", [], |_| Ok(()))?;
    connection.pragma_update(None, "cache_size", -16384)?;
    connection.execute_batch(SCHEMA)?;
    connection.set_prepared_statement_cache_capacity(8);
    Ok(connection)
}

/// Says how hard to push to the disk. A crash of the process loses no transaction either way; a loss of power may cost a simulated run
/// its file, which running it again brings back, and a live one at most its last transactions.
fn be_careful_as(connection: &Connection, mode: Mode) -> rusqlite::Result<()> {
    let simulated = matches!(mode, Mode::Backtest | Mode::Synthetic);
    connection.pragma_update(None, "synchronous", if simulated { "OFF" } else { "NORMAL" })
}

/// Makes the index and moves everything out of the WAL, so that a single file remains.
///
/// The index comes last because sorting all rows once is cheaper than keeping them sorted.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("CREATE UNIQUE INDEX IF NOT EXISTS events_by_seq ON events (run, seq)")?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
}

fn write_batches(connection: &mut Connection, run: Option<i64>, first: &Batch, batches: &[Batch]) -> rusqlite::Result<i64> {
    let transaction = connection.transaction()?;
    let run = match run {
        Some(run) => run,
        None => begin_run(&transaction, &first.events()[0], first.names())?,
    };
    for batch in batches {
        write_events(&transaction, run, batch)?;
        for event in batch.events() {
            match &event.kind {
                Kind::TradeClosed { trade, .. } => write_trade(&transaction, run, event, trade, batch.names())?,
                Kind::RunStarted { cash } => {
                    transaction.execute("UPDATE runs SET cash_at_start = ?2 WHERE id = ?1", params![run, cash])?;
                }
                Kind::RunFinished { equity, cash } => {
                    transaction
                        .execute("UPDATE runs SET equity = ?2, cash = ?3, finished = 1 WHERE id = ?1", params![run, equity, cash])?;
                }
                _ => {}
            }
        }
        let Some(last) = batch.events().last() else { continue };
        let mut count = transaction.prepare_cached("UPDATE runs SET ended_at = ?2, events = events + ?3 WHERE id = ?1")?;
        count.execute(params![run, last.at.to_string(), batch.events().len() as i64])?;
    }
    transaction.commit()?;
    Ok(run)
}

/// The run's number, its old rows gone.
fn begin_run(transaction: &Transaction<'_>, first: &Event, names: &Names) -> rusqlite::Result<i64> {
    let old = "SELECT id FROM runs WHERE run = ?1";
    for table in ["events", "trades"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE run = ({old})"), [&names.run])?;
    }
    transaction.execute("DELETE FROM runs WHERE run = ?1", [&names.run])?;
    let began_at = first.at.to_string();
    let insert = "INSERT INTO runs (run, mode, began_at, ended_at) VALUES (?1, ?2, ?3, ?3)";
    transaction.execute(insert, params![names.run, first.mode.name(), began_at])?;
    Ok(transaction.last_insert_rowid())
}

fn write_events(transaction: &Transaction<'_>, run: i64, batch: &Batch) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached("INSERT INTO events (run, seq, kind, record) VALUES (?1, ?2, ?3, ?4)")?;
    let lines = batch.lines();
    for (index, event) in batch.events().iter().enumerate() {
        insert.execute(params![run, event.seq as i64, event.kind.name(), lines.text(index)])?;
    }
    Ok(())
}

fn write_trade(transaction: &Transaction<'_>, run: i64, event: &Event, trade: &Trade, names: &Names) -> rusqlite::Result<()> {
    let instrument = usize::from(trade.instrument.0);
    let mut insert = transaction.prepare_cached(
        "INSERT INTO trades VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
    )?;
    insert.execute(params![
        run,
        trade.ticket.0.0.get(),
        names.symbols[instrument],
        trade.side.name(),
        trade.lots,
        trade.opened_at.to_string(),
        trade.entry,
        trade.closed_at.to_string(),
        trade.exit,
        trade.pnl,
        trade.pnl_fraction(names.contract_sizes[instrument]),
        trade.commission,
        trade.swap,
        trade.spread,
        trade.slippage,
        trade.mae,
        trade.mfe,
        trade.bars,
        trade.reason.name(),
        names.strategies.get(usize::from(trade.strategy)),
        event.seq as i64,
    ])?;
    transaction.prepare_cached("UPDATE runs SET trades = trades + 1 WHERE id = ?1")?.execute([run])?;
    Ok(())
}
