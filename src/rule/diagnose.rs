//! A mistake in an expression, and how it is shown: the place, the column, the line itself and a caret under what is meant.

use super::lexer::Span;
use crate::error::Error;

/// What is wrong with which bytes of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    /// The expression at fault where it is not the one being compiled: its index among the sources.
    pub(super) source: Option<usize>,
    pub(super) span: Span,
    pub(super) message: String,
}

impl Problem {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { source: None, span, message: message.into() }
    }

    /// The error a user reads. Columns count characters from 1; of a text in several lines only the one at fault is shown.
    pub(super) fn show(&self, place: &str, text: &str) -> Error {
        let start = floor_boundary(text, self.span.start);
        let end = floor_boundary(text, self.span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
        let line: String = text[line_start..line_end].chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let before = text[line_start..start].chars().count();
        let width = text[start..end.min(line_end).max(start)].chars().count().max(1);
        let row = text[..line_start].matches('\n').count() + 1;
        let at = if row == 1 { String::new() } else { format!("line {row}, ") };
        let (indent, caret) = (" ".repeat(before), "^".repeat(width));
        Error::Rule(format!("{place}, {at}column {}: {}\n  {line}\n  {indent}{caret}", before + 1, self.message))
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_characters_meant() {
        let problem = Problem::new(Span { start: 8, end: 13 }, "unknown name 'clsoe'");
        assert_eq!(
            problem.show("x.toml, [long] enter", "open  > clsoe + 1").to_string(),
            "x.toml, [long] enter, column 9: unknown name 'clsoe'\n  open  > clsoe + 1\n          ^^^^^"
        );
    }

    #[test]
    fn a_problem_past_the_end_points_after_the_last_character() {
        let shown = Problem::new(Span { start: 9, end: 9 }, "the expression ends here").show("p", "close > é").to_string();
        assert!(shown.ends_with("  close > é\n          ^") || shown.ends_with("  close > é\n           ^"), "{shown}");
    }

    #[test]
    fn only_the_line_at_fault_is_shown() {
        let shown = Problem::new(Span { start: 8, end: 9 }, "m").show("p", "close >\n\tx and").to_string();
        assert!(shown.contains("line 2, column 1") && !shown.contains("close"), "{shown}");
    }
}
