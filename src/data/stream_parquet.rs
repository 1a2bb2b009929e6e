//! A Parquet file of ticks, one row group at a time.
//!
//! Opening reads the footer; a group's columns are read, checked like those of a whole file, decoded and let go again. Memory is that of the
//! largest group, whatever the file's size.

use std::{
    fs::File,
    io::{BufReader, Cursor, Read, Seek, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use polars_core::prelude::{ArrowField, ArrowSchema, Column, DataFrame, DataType, IntoColumn as _, Series, TimeUnit};
use polars_parquet::{
    parquet::statistics::Statistics,
    read::{BasicDecompressor, ColumnChunkMetadata, FileMetadata, PageReader, column_iter_to_arrays, infer_schema, read_metadata},
};

use super::{
    finding::Finding,
    layout::Layout,
    parquet::{Refused, damaged, detected, read_table, wanted_columns},
    parquet_pages::check_stored,
    parse::Parsed,
    read::{Examined, ReadOptions, judge},
    table::Kind,
};
use crate::{
    error::{Error, Result},
    time::{DAY, Nanos, SECOND},
};

/// A file, or its bytes in memory.
trait Stored: Read + Seek + Send {}

impl<T: Read + Seek + Send> Stored for T {}

/// A file of ticks, opened.
pub(super) struct StoredTicks {
    path: PathBuf,
    options: ReadOptions,
    /// Why it is taken for Parquet.
    why: String,
    file: BufReader<Box<dyn Stored>>,
    size: u64,
    metadata: FileMetadata,
    schema: ArrowSchema,
    layout: Layout,
    wanted: Vec<String>,
}

impl StoredTicks {
    /// Opens a file; `None` where it is no Parquet file of ticks, whose reader then says what is wrong with it.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read.
    pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Option<Self>> {
        let Ok(file) = File::open(path) else { return Ok(None) };
        let size = file.metadata().map_err(|e| Error::io(path, "cannot read", e))?.len();
        Ok(Self::of(Box::new(file), size, path, options))
    }

    /// The same for whoever has the bytes in memory.
    pub(super) fn of_bytes(stored: &[u8], options: &ReadOptions) -> Option<Self> {
        Self::of(Box::new(Cursor::new(stored.to_vec())), stored.len() as u64, Path::new("bytes"), options)
    }

    fn of(mut file: Box<dyn Stored>, size: u64, path: &Path, options: &ReadOptions) -> Option<Self> {
        let mut magic = [0; 4];
        if file.read_exact(&mut magic).is_err() || magic != *b"PAR1" {
            return None;
        }
        let detected = detected(options).ok()?;
        let mut file = BufReader::new(file);
        let footer = catch_unwind(AssertUnwindSafe(|| {
            let metadata = read_metadata(&mut file).ok()?;
            let schema = infer_schema(&metadata).ok()?;
            let (layout, wanted) = wanted_columns(&schema).ok()?;
            (layout.kind == Kind::Ticks).then_some((metadata, schema, layout, wanted))
        }));
        let Ok(Some((metadata, schema, layout, wanted))) = footer else { return None };
        let (path, options, why) = (path.to_owned(), options.clone(), detected.why);
        Some(Self { path, options, why, file, size, metadata, schema, layout, wanted })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Number of row groups.
    pub(super) fn groups(&self) -> usize {
        self.metadata.row_groups.len()
    }

    /// Reads and checks one row group; rows in its findings count from 1 at its start.
    pub(super) fn examine(&mut self, group: usize) -> Examined {
        let read = || -> Refused<Parsed> {
            let frame = self.frame(group)?;
            let mut parsed = read_table(&self.layout, frame, &self.options)?;
            parsed.explained.insert(0, format!("format: parquet; {}", self.why));
            Ok(parsed)
        };
        let parsed = match catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(parsed)) => parsed,
            Ok(Err(finding)) => Parsed::refused(*finding),
            Err(_) => Parsed::refused(*damaged(&"its decoder gave up")),
        };
        judge(parsed, &self.options)
    }

    fn frame(&mut self, group: usize) -> Refused<DataFrame> {
        let row_group = &self.metadata.row_groups[group];
        let mut columns = Vec::with_capacity(self.wanted.len());
        for name in &self.wanted {
            let chunks: Vec<_> = row_group.columns_under_root_iter(name).into_iter().flatten().collect();
            let (Some(field), [chunk]) = (self.schema.get(name.as_str()), chunks.as_slice()) else {
                return Err(damaged(&format_args!("column {name} is missing")));
            };
            if usize::try_from(chunk.num_values()) != Ok(row_group.num_rows()) {
                return Err(damaged(&format_args!("{} values stand in a group of {} rows", chunk.num_values(), row_group.num_rows())));
            }
            let stored = stored_bytes(&mut self.file, self.size, chunk)?;
            columns.push(decode(stored, chunk, field)?);
        }
        DataFrame::new_infer_height(columns).map_err(|e| damaged(&e))
    }
}

/// The bytes of one column of one group.
fn stored_bytes(file: &mut BufReader<Box<dyn Stored>>, size: u64, chunk: &ColumnChunkMetadata) -> Refused<Vec<u8>> {
    let range = chunk.byte_range();
    if range.start > range.end || range.end > size {
        return Err(damaged(&"a column lies beyond the file's end"));
    }
    let mut stored = vec![0; usize::try_from(range.end - range.start).map_err(|e| damaged(&e))?];
    file.seek(SeekFrom::Start(range.start)).map_err(|e| damaged(&e))?;
    file.read_exact(&mut stored).map_err(|e| damaged(&e))?;
    Ok(stored)
}

fn decode(stored: Vec<u8>, chunk: &ColumnChunkMetadata, field: &ArrowField) -> Refused<Column> {
    check_stored(&stored, chunk).map_err(|problem| damaged(&problem))?;
    let most = stored.len();
    let pages = BasicDecompressor::new(PageReader::new(Cursor::new(stored.into()), chunk, Vec::new(), most), Vec::new());
    let types = vec![&chunk.descriptor().descriptor.primitive_type];
    let (arrays, _) = column_iter_to_arrays(vec![pages], types, field.clone(), None).map_err(|e| damaged(&e))?;
    Ok(Series::try_from((field, arrays)).map_err(|e| damaged(&e))?.into_column())
}

/// The first error among the findings of a group that begins after `rows_before` rows.
pub(super) fn first_error(examined: &Examined, rows_before: u64) -> Option<Finding> {
    let mut finding = examined.findings.first_error()?.clone();
    finding.row = finding.row.map(|row| row + rows_before);
    Some(finding)
}

/// Times of the first and last row as the footer tells them, without reading a row; `None` where it does not. Where times have no zone, the
/// range is a day wider at either end, whatever the file's clock.
pub(super) fn range_in_footer(path: &Path) -> Option<(Nanos, Nanos)> {
    let mut file = BufReader::new(File::open(path).ok()?);
    let footer = catch_unwind(AssertUnwindSafe(|| {
        let metadata = read_metadata(&mut file).ok()?;
        let schema = infer_schema(&metadata).ok()?;
        let (_, wanted) = wanted_columns(&schema).ok()?;
        let name = wanted.last()?;
        let DataType::Datetime(unit, zone) = DataType::from_arrow_field(schema.get(name.as_str())?) else { return None };
        let unit_ns = match unit {
            TimeUnit::Nanoseconds => 1,
            TimeUnit::Microseconds => SECOND / 1_000_000,
            TimeUnit::Milliseconds => SECOND / 1_000,
        };
        let slack = if zone.is_some() { 0 } else { DAY };
        let ends = metadata.row_groups.iter().map(|group| {
            let chunk = group.columns_under_root_iter(name)?.next()?;
            match chunk.statistics(&metadata.footer_buf)?.ok()? {
                Statistics::Int64(numbers) => numbers.min_value.zip(numbers.max_value),
                _ => None,
            }
        });
        let ends: Vec<(i64, i64)> = ends.collect::<Option<_>>()?;
        let (first, last) = (ends.iter().map(|(first, _)| *first).min()?, ends.iter().map(|(_, last)| *last).max()?);
        Some((Nanos(first.saturating_mul(unit_ns)).plus(-slack), Nanos(last.saturating_mul(unit_ns)).plus(slack)))
    }));
    footer.ok().flatten()
}
