//! A CSV text into records and cells; delimiters and line ends inside quotes do not count.
//!
//! Copies nothing: a cell is a slice of the text, without the spaces and the quotes around it. A doubled quote inside a cell stays doubled,
//! since no number or time has one.

/// One record: usually a line, more where a quoted cell holds line ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'t, 'e> {
    text: &'t [u8],
    start: usize,
    ends: &'e [usize],
    /// How many lines it takes.
    pub(super) lines: u64,
    /// Whether it ends inside quotes, which only the text's last record can.
    pub(super) is_unclosed: bool,
    /// Whether a line end follows.
    pub(super) is_ended: bool,
}

impl<'t> Record<'t, '_> {
    /// Number of cells, at least one.
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Cell `i`.
    #[inline]
    pub(super) fn cell(&self, i: usize) -> &'t [u8] {
        let start = if i == 0 { self.start } else { self.ends[i - 1] + 1 };
        match self.text[start..self.ends[i]].trim_ascii() {
            [b'"', inner @ .., b'"'] => inner.trim_ascii(),
            cell => cell,
        }
    }

    /// Every cell in order.
    pub(super) fn cells(&self) -> impl Iterator<Item = &'t [u8]> + '_ {
        (0..self.len()).map(|i| self.cell(i))
    }

    /// The record as written, its line end not included.
    pub(super) fn text(&self) -> &'t [u8] {
        self.text[self.start..self.ends[self.len() - 1]].trim_ascii_end()
    }

    /// Whether nothing at all is written.
    pub(super) fn is_blank(&self) -> bool {
        self.len() == 1 && self.cell(0).is_empty()
    }
}

/// Calls `take` for each record in order, until it answers false; the byte after the last one taken.
pub(super) fn each_record<'t>(text: &'t [u8], delimiter: u8, mut take: impl FnMut(&Record<'t, '_>) -> bool) -> usize {
    let mut ends: Vec<usize> = Vec::with_capacity(32);
    let (mut start, mut lines, mut is_quoted) = (0, 1, false);
    for i in memchr::memchr3_iter(delimiter, b'\n', b'"', text) {
        match text[i] {
            b'"' => is_quoted = !is_quoted,
            b'\n' if is_quoted => lines += 1,
            b'\n' => {
                ends.push(i);
                let more = take(&Record { text, start, ends: &ends, lines, is_unclosed: false, is_ended: true });
                ends.clear();
                (start, lines) = (i + 1, 1);
                if !more {
                    return start;
                }
            }
            _ if is_quoted => {}
            _ => ends.push(i),
        }
    }
    if start < text.len() {
        ends.push(text.len());
        take(&Record { text, start, ends: &ends, lines, is_unclosed: is_quoted, is_ended: false });
    }
    text.len()
}

/// A cell as text for a message: trimmed, at most 60 characters, control characters spelled out.
pub(super) fn show(cell: &[u8]) -> String {
    let mut text = String::new();
    for c in String::from_utf8_lossy(cell.trim_ascii()).chars().take(60) {
        if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells and line counts of every record.
    fn split(text: &str) -> Vec<(Vec<String>, u64)> {
        let mut found = Vec::new();
        each_record(text.as_bytes(), b',', |record| {
            found.push((record.cells().map(show).collect(), record.lines));
            true
        });
        found
    }

    #[test]
    fn quotes_hide_delimiters_and_line_ends() {
        let found = split("a, \"b,c\" ,\"d\r\ne\"\r\n\n1,2,3");
        let cells = |cells: &[&str], lines| (cells.iter().map(ToString::to_string).collect::<Vec<_>>(), lines);
        assert_eq!(found, [cells(&["a", "b,c", "d\\r\\ne"], 2), cells(&[""], 1), cells(&["1", "2", "3"], 1)]);
    }

    #[test]
    fn a_quote_that_never_closes_takes_the_rest() {
        let mut unclosed = Vec::new();
        each_record(b"a,b\n\"c,d\ne,f\n", b',', |record| {
            unclosed.push((record.is_unclosed, record.is_ended, record.lines));
            true
        });
        assert_eq!(unclosed, [(false, true, 1), (true, false, 3)]);
    }

    #[test]
    fn a_cell_is_shown_without_control_characters() {
        assert_eq!(show(b" 1.5\0\x1b[31m "), "1.5\\u{0}\\u{1b}[31m");
        assert_eq!(show("é".repeat(99).as_bytes()).chars().count(), 60);
    }
}
