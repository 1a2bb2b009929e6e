//! Tokens to a tree. Precedence, loosest first: `or`, `and`, `not`, comparisons (which do not chain), `+ -`, `* /`, unary `-`, `[n]`.
//!
//! A tree is at most [`MAX_DEPTH`] levels deep, so no later pass can run out of stack whatever the text.

use super::diagnose::Problem;
use super::lexer::{Lexeme, Span, Token, lex};
use super::operation::{Binary, Unary};

/// Levels a tree may have: far past any rule a person writes.
pub(super) const MAX_DEPTH: usize = 100;

const COMPARISON: u8 = 4;
const NOT: u8 = 3;
const NEGATE: u8 = 7;

/// One node of the tree and the bytes it came from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expr {
    pub(super) kind: ExprKind,
    pub(super) span: Span,
    depth: usize,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ExprKind {
    Number(f64),
    Bool(bool),
    Text(String),
    Name(String),
    Call {
        name: String,
        name_span: Span,
        args: Vec<Expr>,
    },
    Unary(Unary, Box<Expr>),
    /// Operators worked off from the left: a sum of a thousand terms is as deep as a sum of two.
    Chain(Box<Expr>, Vec<(Binary, Expr)>),
    Lag(Box<[Expr; 2]>),
}

/// The tree of `text`.
pub(super) fn parse(text: &str) -> Result<Expr, Problem> {
    let lexemes = lex(text)?;
    let mut parser = Parser { lexemes: &lexemes, at: 0, depth: 0 };
    if parser.peek().token == Token::End {
        return Err(Problem::new(parser.peek().span, "the expression is empty"));
    }
    let expr = parser.expression(0)?;
    match parser.peek() {
        Lexeme { token: Token::End, .. } => Ok(expr),
        extra => Err(Problem::new(extra.span, format!("{} is not expected here; an operator or the end is", shown(extra.token)))),
    }
}

struct Parser<'a> {
    lexemes: &'a [Lexeme<'a>],
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Lexeme<'a> {
        self.lexemes[self.at]
    }

    fn take(&mut self) -> Lexeme<'a> {
        let lexeme = self.peek();
        self.at = (self.at + 1).min(self.lexemes.len() - 1);
        lexeme
    }

    fn expect(&mut self, symbol: &'static str, after: &str) -> Result<Span, Problem> {
        let lexeme = self.take();
        if lexeme.token == Token::Symbol(symbol) {
            return Ok(lexeme.span);
        }
        Err(Problem::new(lexeme.span, format!("expected '{symbol}' {after}, found {}", shown(lexeme.token))))
    }

    /// An expression of operators that bind at `loosest` or tighter.
    fn expression(&mut self, loosest: u8) -> Result<Expr, Problem> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep(self.peek().span));
        }
        let first = self.prefix()?;
        let mut rest: Vec<(Binary, Expr)> = Vec::new();
        let mut compared = false;
        while let Some((op, level)) = infix(self.peek().token) {
            if level < loosest {
                break;
            }
            let sign = self.take().span;
            if level == COMPARISON && compared {
                return Err(Problem::new(sign, "comparisons do not chain; write a < b and b < c for a < b < c"));
            }
            compared |= level == COMPARISON;
            rest.push((op, self.expression(level + 1)?));
        }
        self.depth -= 1;
        let Some((_, last)) = rest.last() else { return Ok(first) };
        let span = first.span.to(last.span);
        node(ExprKind::Chain(Box::new(first), rest), span)
    }

    fn prefix(&mut self) -> Result<Expr, Problem> {
        let first = self.peek();
        let (op, level) = match first.token {
            Token::Name("not") => (Unary::Not, NOT),
            Token::Symbol("-") => (Unary::Negate, NEGATE),
            _ => return self.postfix(),
        };
        self.take();
        let operand = self.expression(level)?;
        let span = first.span.to(operand.span);
        node(ExprKind::Unary(op, Box::new(operand)), span)
    }

    fn postfix(&mut self) -> Result<Expr, Problem> {
        let mut expr = self.primary()?;
        while self.peek().token == Token::Symbol("[") {
            self.take();
            let bars = self.expression(0)?;
            let end = self.expect("]", "after the number of bars")?;
            let span = expr.span.to(end);
            expr = node(ExprKind::Lag(Box::new([expr, bars])), span)?;
        }
        Ok(expr)
    }

    fn primary(&mut self) -> Result<Expr, Problem> {
        let Lexeme { token, span } = self.take();
        let leaf = |kind| Ok(Expr { kind, span, depth: 1 });
        match token {
            Token::Number(value) => leaf(ExprKind::Number(value)),
            Token::Text(text) => leaf(ExprKind::Text(text.to_owned())),
            Token::Name("true") => leaf(ExprKind::Bool(true)),
            Token::Name("false") => leaf(ExprKind::Bool(false)),
            Token::Name(word @ ("and" | "or" | "not")) => Err(Problem::new(span, format!("'{word}' needs a condition before it"))),
            Token::Name(name) if self.peek().token == Token::Symbol("(") => self.call(name, span),
            Token::Name(name) => leaf(ExprKind::Name(name.to_owned())),
            Token::Symbol("(") => {
                let inner = self.expression(0)?;
                let end = self.expect(")", "to close the parenthesis")?;
                Ok(Expr { span: span.to(end), ..inner })
            }
            other => Err(Problem::new(span, format!("expected a value, found {}", shown(other)))),
        }
    }

    fn call(&mut self, name: &str, name_span: Span) -> Result<Expr, Problem> {
        self.take();
        let mut args = Vec::new();
        if self.peek().token == Token::Symbol(")") {
            let end = self.take().span;
            return node(ExprKind::Call { name: name.to_owned(), name_span, args }, name_span.to(end));
        }
        loop {
            args.push(self.expression(0)?);
            let next = self.take();
            match next.token {
                Token::Symbol(",") => {}
                Token::Symbol(")") => return node(ExprKind::Call { name: name.to_owned(), name_span, args }, name_span.to(next.span)),
                other => {
                    return Err(Problem::new(next.span, format!("expected ',' or ')' in the arguments of {name}, found {}", shown(other))));
                }
            }
        }
    }
}

/// The operator a token is between two operands, and how tightly it binds.
fn infix(token: Token<'_>) -> Option<(Binary, u8)> {
    Some(match token {
        Token::Name("or") => (Binary::Or, 1),
        Token::Name("and") => (Binary::And, 2),
        Token::Symbol("<") => (Binary::Less, COMPARISON),
        Token::Symbol("<=") => (Binary::LessOrEqual, COMPARISON),
        Token::Symbol(">") => (Binary::Greater, COMPARISON),
        Token::Symbol(">=") => (Binary::GreaterOrEqual, COMPARISON),
        Token::Symbol("==") => (Binary::Equal, COMPARISON),
        Token::Symbol("!=") => (Binary::NotEqual, COMPARISON),
        Token::Symbol("+") => (Binary::Add, 5),
        Token::Symbol("-") => (Binary::Subtract, 5),
        Token::Symbol("*") => (Binary::Multiply, 6),
        Token::Symbol("/") => (Binary::Divide, 6),
        _ => return None,
    })
}

fn node(kind: ExprKind, span: Span) -> Result<Expr, Problem> {
    let depth = 1 + match &kind {
        ExprKind::Call { args, .. } => args.iter().map(|a| a.depth).max().unwrap_or(0),
        ExprKind::Unary(_, operand) => operand.depth,
        ExprKind::Chain(first, rest) => rest.iter().map(|(_, operand)| operand.depth).fold(first.depth, usize::max),
        ExprKind::Lag(pair) => pair[0].depth.max(pair[1].depth),
        _ => 0,
    };
    if depth > MAX_DEPTH { Err(too_deep(span)) } else { Ok(Expr { kind, span, depth }) }
}

fn too_deep(span: Span) -> Problem {
    Problem::new(span, format!("the expression is nested more than {MAX_DEPTH} levels deep; name parts of it under [let]"))
}

fn shown(token: Token<'_>) -> String {
    match token {
        Token::Number(value) => format!("the number {value}"),
        Token::Name(name) => format!("'{name}'"),
        Token::Text(text) => format!("the text \"{text}\""),
        Token::Symbol(symbol) => format!("'{symbol}'"),
        Token::End => "the end of the expression".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree written with every parenthesis.
    fn written(expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Number(value) => value.to_string(),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Text(text) => format!("{text:?}"),
            ExprKind::Name(name) => name.clone(),
            ExprKind::Call { name, args, .. } => format!("{name}({})", args.iter().map(written).collect::<Vec<_>>().join(",")),
            ExprKind::Unary(op, x) => format!("({op:?} {})", written(x)),
            ExprKind::Chain(first, rest) => {
                rest.iter().fold(written(first), |left, (op, right)| format!("({left} {op:?} {})", written(right)))
            }
            ExprKind::Lag(pair) => format!("{}[{}]", written(&pair[0]), written(&pair[1])),
        }
    }

    #[test]
    fn operators_bind_as_on_paper() {
        for (text, tree) in [
            ("a + b * c - d", "((a Add (b Multiply c)) Subtract d)"),
            ("-x[1] * 2", "((Negate x[1]) Multiply 2)"),
            ("not a > b and c or d", "(((Not (a Greater b)) And c) Or d)"),
            ("a - b - c", "((a Subtract b) Subtract c)"),
            ("(a + b) / 2 >= sma(close, 3)[2]", "(((a Add b) Divide 2) GreaterOrEqual sma(close,3)[2])"),
            ("on(\"4h\", ema(close, 5)) > 1", "(on(\"4h\",ema(close,5)) Greater 1)"),
            ("2 * -3", "(2 Multiply (Negate 3))"),
        ] {
            assert_eq!(written(&parse(text).unwrap()), tree, "{text}");
        }
    }

    #[test]
    fn a_chained_comparison_is_explained() {
        let problem = parse("1 < close < 2").unwrap_err();
        assert!(problem.message.contains("a < b and b < c"));
        assert_eq!(problem.span, Span { start: 10, end: 11 });
    }

    #[test]
    fn unfinished_expressions_point_at_their_end() {
        for (text, part) in [
            ("", "empty"),
            ("close >", "expected a value"),
            ("sma(close, 3", "expected ',' or ')'"),
            ("close close", "not expected here"),
            ("x[1", "expected ']'"),
            ("and x", "needs a condition"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.message.contains(part), "{text}: {}", problem.message);
        }
    }

    #[test]
    fn ten_thousand_levels_are_refused_without_overflowing() {
        for (open, middle, close) in [
            ("(", "1", ")"),
            ("-", "1", ""),
            ("not ", "true", ""),
            ("", "close", "[1]"),
            ("1 + (", "1", ")"),
            ("abs(", "1", ")"),
            ("x[", "1", "]"),
        ] {
            let text = format!("{}{middle}{}", open.repeat(10_000), close.repeat(10_000));
            assert!(parse(&text).unwrap_err().message.contains("levels deep"), "{open}{close}");
        }
    }

    #[test]
    fn ten_thousand_terms_in_a_row_are_no_deeper_than_two() {
        for (first, more) in [("1", " - 1"), ("a", " * b"), ("a > 1", " and b > 2"), ("a", " + b * c - d / 2")] {
            let tree = parse(&format!("{first}{}", more.repeat(10_000))).unwrap();
            assert_eq!(tree.depth, parse(&format!("{first}{more}")).unwrap().depth, "{more}");
        }
    }
}
