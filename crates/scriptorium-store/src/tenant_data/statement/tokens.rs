//! The words of a statement: which there may be, and how they are written for a database.

use std::collections::{BTreeMap, BTreeSet};

use scriptorium_model::Invalid;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Word};

use super::super::decimal::Fit;
use super::decimals::{Decimals, Placed};
use super::{Dialect, SUM_OF_DECIMALS, forbidden, refused, shown};
use crate::error::Result;

/// Most words.
const TOKENS: usize = 10_000;
/// Most words that nest what is around them: the parser makes a tree of them as deep as a chain is
/// long, and whatever walks it needs a stack as deep.
const CHAINED: usize = 250;
/// The longest name.
const NAME: usize = 63;

/// Words that are operators, or join queries.
const CHAINING: [&str; 16] = [
    "and",
    "or",
    "not",
    "is",
    "isnull",
    "notnull",
    "in",
    "like",
    "between",
    "escape",
    "union",
    "except",
    "intersect",
    "case",
    "select",
    "join",
];

/// The words of a text without spaces, comments and the semicolon at its end; `?` as `$1`, `$2`, ….
pub(super) fn read(sql: &str) -> Result<Vec<Token>> {
    // Both databases would end the text there.
    if sql.contains('\0') {
        return Err(refused("has a character that no statement has: U+0000"));
    }
    let read = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize();
    let mut tokens: Vec<Token> = read
        .map_err(|error| refused(error.to_string()))?
        .into_iter()
        .filter(|token| !matches!(token, Token::Whitespace(_) | Token::EOF))
        .collect();
    if tokens.last() == Some(&Token::SemiColon) {
        tokens.pop();
    }
    if tokens.is_empty() {
        return Err(refused("must be a statement"));
    }
    if tokens.len() > TOKENS {
        return Err(refused(format!(
            "must have at most {TOKENS} words and signs"
        )));
    }
    let (mut chained, mut asked) = (0, 0);
    for token in &mut tokens {
        if matches!(token, Token::Question) {
            asked += 1;
            *token = Token::Placeholder(format!("${asked}"));
        }
        chained += usize::from(check(token)?);
    }
    if chained > CHAINED {
        let message = format!("must have at most {CHAINED} operators, conditions and queries");
        return Err(refused(message));
    }
    Ok(tokens)
}

/// Whether a word is one that chains.
fn check(token: &Token) -> Result<bool> {
    match token {
        Token::Word(word) => {
            check_name(word)?;
            let lower = word.value.to_ascii_lowercase();
            Ok(word.quote_style.is_none() && CHAINING.contains(&lower.as_str()))
        }
        Token::Number(digits, false)
            if digits
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-')) =>
        {
            Ok(false)
        }
        Token::SingleQuotedString(_) | Token::Comma => Ok(false),
        Token::LParen | Token::RParen | Token::Period => Ok(false),
        Token::Placeholder(name) if number(name).is_some() => Ok(false),
        Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::Gt
        | Token::LtEq
        | Token::GtEq
        | Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Mod
        | Token::StringConcat
        | Token::Arrow
        | Token::LongArrow => Ok(true),
        Token::SemiColon => Err(refused("must be one statement")),
        other => Err(forbidden(format!(
            "{} is not for scripts",
            shown(&other.to_string())
        ))),
    }
}

/// A name is the same on both databases, whatever the case of a script's letters looks like.
fn check_name(word: &Word) -> Result<()> {
    let mut chars = word.value.chars();
    let first = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let fits = first
        && word.value.len() <= NAME
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && matches!(word.quote_style, None | Some('"'));
    if fits {
        return Ok(());
    }
    Err(forbidden(format!(
        "{} is no name: they are letters, digits and _, 63 at most",
        shown(&word.value)
    )))
}

/// The number of a placeholder such as `$12`.
fn number(placeholder: &str) -> Option<usize> {
    let digits = placeholder.strip_prefix('$')?;
    let plain = (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain || digits.starts_with('0') {
        return None;
    }
    digits.parse().ok()
}

/// The words, each of which knows its place among them.
pub(super) fn placed(tokens: &[Token]) -> Vec<TokenWithSpan> {
    let place = |(column, token): (u64, &Token)| {
        // Without a line, messages do not speak of it.
        let place = Location { line: 0, column };
        TokenWithSpan::new(token.clone(), Span::new(place, place))
    };
    (0..).zip(tokens).map(place).collect()
}

/// The numbers of the placeholders.
pub(super) fn places(tokens: &[Token]) -> BTreeSet<usize> {
    let numbers = tokens.iter().filter_map(|token| match token {
        Token::Placeholder(name) => number(name),
        _ => None,
    });
    numbers.collect()
}

/// Compares the placeholders with how many values there are (R-JDB-09).
pub(super) fn count_values(places: &BTreeSet<usize>, values: usize) -> Result<()> {
    let without = places.iter().find(|place| **place > values);
    let unused = (1..=values).find(|place| !places.contains(place));
    let message = match (without, unused) {
        (Some(place), _) => format!("has no value for ${place}"),
        (None, Some(place)) => format!("has a value for ${place}, which is not in sql"),
        (None, None) => return Ok(()),
    };
    Err(Invalid::field("params", "count", message).into())
}

/// The text for a database.
pub(super) fn write(tokens: &[Token], dialect: Dialect, decimals: &Decimals) -> Result<String> {
    let mut text = String::new();
    let signed = |place: usize| {
        decimals
            .values
            .get(&place)
            .is_some_and(|value| value.signed)
    };
    for (place, token) in tokens.iter().enumerate() {
        if signed(place + 1) {
            // It is part of the value.
            continue;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        if let Some(value) = decimals.values.get(&place) {
            let before = place.checked_sub(1).and_then(|place| tokens.get(place));
            text.push_str(&dialect.decimal(&decimal(token, before, *value)?));
            continue;
        }
        match token {
            Token::Word(_) if decimals.sums.contains(&place) && dialect == Dialect::Sqlite => {
                text.push_str(SUM_OF_DECIMALS);
            }
            Token::Word(word) if word.quote_style.is_some() => {
                text.push_str(&super::super::schema::quoted(&word.value));
            }
            Token::Word(word) => text.push_str(&word.value),
            Token::SingleQuotedString(value) => {
                text.push('\'');
                text.push_str(&value.replace('\'', "''"));
                text.push('\'');
            }
            // Signs and numbers, in one way of writing them each.
            other => text.push_str(&other.to_string()),
        }
    }
    Ok(text)
}

/// A word that is a decimal, as it is written for both databases.
fn decimal(token: &Token, before: Option<&Token>, value: Placed) -> Result<String> {
    let written = match token {
        Token::Placeholder(name) => return Ok(name.clone()),
        Token::Number(digits, _) if value.signed && before == Some(&Token::Minus) => {
            format!("-{digits}")
        }
        Token::Number(digits, _) => digits.clone(),
        Token::SingleQuotedString(text) => text.clone(),
        other => other.to_string(),
    };
    let read = value.fit.read(&written);
    let read = read.map_err(|message| refused(format!("{} {message}", shown(&written))))?;
    Ok(format!("'{read}'"))
}

/// Which values of placeholders are decimals, by their numbers.
pub(super) fn decimals(tokens: &[Token], decimals: &Decimals) -> Result<BTreeMap<usize, Fit>> {
    let mut found: BTreeMap<usize, Option<Fit>> = BTreeMap::new();
    for (place, token) in tokens.iter().enumerate() {
        let Token::Placeholder(name) = token else {
            continue;
        };
        let Some(number) = number(name) else { continue };
        let fit = decimals.values.get(&place).map(|value| value.fit);
        let before = found.entry(number).or_insert(fit);
        match (before.as_mut(), fit) {
            (None, None) => {}
            (Some(before), Some(fit)) if before.scale == fit.scale => {
                before.precision = before.precision.min(fit.precision);
            }
            _ => {
                let message = format!(
                    "{name} stands for a decimal and for something else: give each a value of its \
                     own"
                );
                return Err(refused(message));
            }
        }
    }
    let found = found.into_iter();
    Ok(found
        .filter_map(|(number, fit)| Some((number, fit?)))
        .collect())
}
