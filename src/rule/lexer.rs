//! Text to tokens, each with the bytes it covers. Refuses characters the language has no use for, and says what to write instead.

use super::diagnose::Problem;

/// The bytes `start..end` of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    /// From the start of this to the end of `other`.
    pub(super) const fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

/// The smallest piece of an expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    Name(&'a str),
    Text(&'a str),
    Symbol(&'static str),
    End,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lexeme<'a> {
    pub(super) token: Token<'a>,
    pub(super) span: Span,
}

/// Longest first, so that `<=` is not read as `<` and `=`.
const SYMBOLS: [&str; 15] = ["<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "(", ")", "[", "]", ","];

/// What other languages write, and what this one does.
const FOREIGN: [(&str, &str); 10] = [
    ("**", "powers are not part of the language; multiply instead, as in x * x"),
    ("&&", "write 'and'"),
    ("||", "write 'or'"),
    ("!", "write 'not'"),
    ("&", "write 'and'"),
    ("|", "write 'or'"),
    ("=", "write '==' to compare"),
    ("^", "powers are not part of the language; multiply instead, as in x * x"),
    ("%", "there is no remainder or percent sign; write 0.01 for 1 %"),
    ("'", "texts stand in double quotes"),
];

/// Tokens of `text`, closed by [`Token::End`].
pub(super) fn lex(text: &str) -> Result<Vec<Lexeme<'_>>, Problem> {
    let mut lexemes = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, length) = next(text, at, c)?;
        lexemes.push(Lexeme { token, span: Span { start: at, end: at + length } });
        at += length;
    }
    lexemes.push(Lexeme { token: Token::End, span: Span { start: at, end: at } });
    Ok(lexemes)
}

fn next(text: &str, at: usize, first: char) -> Result<(Token<'_>, usize), Problem> {
    let rest = &text[at..];
    if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
        return number(rest, at);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        return Ok((Token::Name(&rest[..length]), length));
    }
    if first == '"' {
        let Some(length) = rest[1..].find('"') else {
            return Err(Problem::new(Span { start: at, end: text.len() }, "this text is never closed; add a \""));
        };
        return Ok((Token::Text(&rest[1..=length]), length + 2));
    }
    if let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(**s) && !rest.starts_with("**")) {
        return Ok((Token::Symbol(symbol), symbol.len()));
    }
    let (length, advice) =
        FOREIGN.iter().find(|(sign, _)| rest.starts_with(sign)).map_or((first.len_utf8(), ""), |(sign, advice)| (sign.len(), *advice));
    let colon = if advice.is_empty() { "" } else { ": " };
    Err(Problem::new(Span { start: at, end: at + length }, format!("'{}' means nothing here{colon}{advice}", &rest[..length])))
}

fn number(rest: &str, at: usize) -> Result<(Token<'_>, usize), Problem> {
    let digits = |from: usize| rest[from..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |n| from + n);
    let mut length = digits(0);
    if rest[length..].starts_with('.') {
        length = digits(length + 1);
    }
    if let Some(exponent) = rest[length..].strip_prefix(['e', 'E']) {
        let signed = usize::from(exponent.starts_with(['+', '-']));
        let end = digits(length + 1 + signed);
        if end > length + 1 + signed {
            length = end;
        }
    }
    let tail = rest[length..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len() - length);
    let span = Span { start: at, end: at + length + tail };
    match rest[..length].parse::<f64>() {
        Ok(value) if tail == 0 && value.is_finite() => Ok((Token::Number(value), length)),
        _ => Err(Problem::new(span, format!("'{}' is not a number", &rest[..length + tail]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_falls_into_tokens_with_their_bytes() {
        let tokens = lex("rsi[1]<=2.5e1 and position.bars").unwrap();
        let kinds: Vec<_> = tokens.iter().map(|l| l.token).collect();
        let expected = [
            Token::Name("rsi"),
            Token::Symbol("["),
            Token::Number(1.0),
            Token::Symbol("]"),
            Token::Symbol("<="),
            Token::Number(25.0),
            Token::Name("and"),
            Token::Name("position.bars"),
            Token::End,
        ];
        assert_eq!(kinds, expected);
        assert_eq!(tokens[5].span, Span { start: 8, end: 13 });
    }

    #[test]
    fn foreign_operators_name_ours() {
        for (text, advice) in
            [("a && b", "'and'"), ("a = b", "'=='"), ("x ^ 2", "x * x"), ("x ** 2", "x * x"), ("!a", "'not'"), ("'4h'", "double quotes")]
        {
            let message = lex(text).unwrap_err().message;
            assert!(message.contains(advice), "{message}");
        }
    }

    #[test]
    fn numbers_that_run_into_letters_are_refused() {
        for wrong in ["1.2.3", "3rsi", "1e999", "5_000"] {
            assert!(lex(wrong).unwrap_err().message.contains("is not a number"), "{wrong}");
        }
        assert_eq!(lex(".5").unwrap()[0].token, Token::Number(0.5));
    }
}
