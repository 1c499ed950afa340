//! What can be said of an expression's text before it is parsed: how large it is, and where its clauses are. Pure.

use std::ops::Range;

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::error::ExpressionError;

/// Entra's own limit of an expression, which nobody's configuration exceeds.
const MOST_CHARACTERS: usize = 10_000;
/// More operators than anybody writes by hand, and few enough that the parser's own recursion stays far from a thread's stack.
const MOST_OPERATORS: usize = 1_000;

/// The ranges of `a`, `b` and `c` in `a and b and c`; the whole when it is not such a chain.
pub(super) fn clauses(text: &str) -> Vec<Range<usize>> {
    let (mut depth, mut start, mut ranges, mut after_dot) = (0_usize, 0, Vec::new(), false);
    for (token, span) in tokenize(text, true, SyntaxConfig::default()).map_while(Result::ok) {
        let is_word = depth == 0 && !after_dot;
        after_dot = matches!(token, Token::Dot);
        match token {
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => depth += 1,
            Token::ParenClose | Token::BracketClose | Token::BraceClose => depth = depth.saturating_sub(1),
            Token::Ident("or" | "if" | "else") if is_word => return std::iter::once(0..text.len()).collect(),
            Token::Ident("and") if is_word => {
                ranges.push(start..span.start_offset as usize);
                start = span.end_offset as usize;
            }
            _ => {}
        }
    }
    ranges.push(start..text.len());
    ranges
}

pub(super) fn check_size(text: &str) -> Result<(), ExpressionError> {
    let characters = text.chars().count();
    if characters > MOST_CHARACTERS {
        let message = format!("this expression has {characters} characters; the limit is {MOST_CHARACTERS}");
        return Err(ExpressionError { message, range: 0..text.len() });
    }
    let is_operator = |token: &Token<'_>| match token {
        Token::Ident(word) => matches!(*word, "and" | "or" | "not" | "if" | "is" | "in"),
        Token::Str(_) | Token::String(_) | Token::Int(_) | Token::Comma | Token::Colon => false,
        _ => true,
    };
    let tokens = tokenize(text, true, SyntaxConfig::default()).map_while(Result::ok);
    let operators = tokens.filter(|(token, _)| is_operator(token)).count();
    if operators > MOST_OPERATORS {
        let message = format!(
            "this expression has {operators} operators; the limit is {MOST_OPERATORS}; \
             write long lists as `in ['a', 'b']` or as a table for `lookup`"
        );
        return Err(ExpressionError { message, range: 0..text.len() });
    }
    Ok(())
}
