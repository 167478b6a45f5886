//! Enough stack for the worst source, and not more of it at once than the process can bear.
//!
//! The parser and every visitor of a syntax tree recurse as deep as the source nests, and a
//! stack overflow kills the process with all tenants in it. No limit on brackets helps:
//! `!!!!`, `a?b:`, `x=>` and `A<A<` nest without any. So each translation gets a thread
//! whose stack is in proportion to how deep its source could possibly nest.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// Stack for the phases that run on trees of bounded depth ([`crate::parse::MAX_DEPTH`]).
const BASE_STACK: usize = 48 << 20;
/// Stack for each level that a source may nest: the parser takes up to 1.5 KiB. The tests
/// below hold the worst known sources against half of it.
const STACK_PER_LEVEL: usize = 6 << 10;
/// Stack reserved by all translations at once. One that needs more runs alone.
const BUDGET: usize = 1 << 30;

static RESERVED: Mutex<usize> = Mutex::new(0);
static RELEASED: Condvar = Condvar::new();

/// Why a translation did not come to an end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuardError {
    /// The operating system refused the thread.
    #[error("no thread for the translation: {0}")]
    Spawn(#[from] std::io::Error),
    /// A defect in the parser or here; the panic's message is on the error stream.
    #[error("the translation stopped unexpectedly")]
    Panicked,
}

/// Runs `work`, which recurses over `source`, where no source can overflow the stack. Waits
/// while other translations hold the budget.
pub(crate) fn with_stack_for<T: Send>(
    source: &str,
    work: impl FnOnce() -> T + Send,
) -> Result<T, GuardError> {
    run(stack_for(source), work)
}

fn run<T: Send>(stack: usize, work: impl FnOnce() -> T + Send) -> Result<T, GuardError> {
    let _reservation = Reservation::new(stack);
    thread::scope(|scope| {
        thread::Builder::new()
            .name("translate".to_owned())
            .stack_size(stack)
            .spawn_scoped(scope, work)?
            .join()
            .map_err(|_| GuardError::Panicked)
    })
}

fn stack_for(source: &str) -> usize {
    BASE_STACK + levels(source) * STACK_PER_LEVEL
}

/// No fewer than the levels a source can nest.
///
/// Every level costs its source at least one token that is a word or a punctuator which
/// does not merely end or separate. In strings, comments and regular expressions this
/// counts too much, which is safe; it never needs to know where they begin.
fn levels(source: &str) -> usize {
    let mut levels = 0;
    let mut in_word = false;
    for c in source.chars() {
        let is_word = c.is_alphanumeric() || matches!(c, '_' | '$' | '\\');
        let starts_word = is_word && !in_word;
        let opens = c.is_ascii_punctuation()
            && !is_word
            && !matches!(c, ')' | ']' | '}' | ';' | ',' | '"' | '\'');
        levels += usize::from(starts_word || opens);
        in_word = is_word;
    }
    levels
}

/// A share of the budget, given back on drop.
struct Reservation(usize);

impl Reservation {
    fn new(wanted: usize) -> Self {
        let share = wanted.min(BUDGET);
        let reserved = RESERVED.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reserved = RELEASED
            .wait_while(reserved, |reserved| *reserved + share > BUDGET)
            .unwrap_or_else(PoisonError::into_inner);
        *reserved += share;
        Self(share)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        *RESERVED.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        RELEASED.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Convention, Language, Options, pipeline};

    /// Half the stack suffices: an overflow would end the test process.
    #[track_caller]
    fn check_half_is_enough(language: Language, source: &str) {
        let options = Options {
            language,
            convention: Convention::Any,
            entry: None,
            libraries: &[],
            is_library: false,
        };
        let answer = run(stack_for(source) / 2, || {
            pipeline::translate(source, &options).is_ok()
        });
        assert!(answer.is_ok());
    }

    #[test]
    fn stack_has_room_to_spare_for_the_deepest() {
        for unit in [
            "[", "{[", "a[", "a=[", "b={", "`${", "{", "x=>{", "()=>{", "!", "a=>", "a+",
        ] {
            let source = unit.repeat(100 * 1024 / unit.len());
            check_half_is_enough(Language::JavaScript, &source);
            check_half_is_enough(Language::TypeScript, &source);
        }
        for unit in [
            "namespace A{",
            "{[a in ",
            "let x:`${",
            "keyof ",
            "A|",
            "a as ",
        ] {
            check_half_is_enough(Language::TypeScript, &unit.repeat(100 * 1024 / unit.len()));
        }
    }

    /// Just below the depth limit all phases run, on the base stack alone but for little.
    #[test]
    fn stack_has_room_to_spare_for_all_phases() {
        for (open, middle, close) in [
            ("[", "1", "]"),
            ("f(", "1", ")"),
            ("()=>{", "", "}"),
            ("class{a=", "1", "}"),
            ("if(a){", "", "}"),
            ("1+", "1", ""),
            ("a?b:", "c", ""),
            ("{a:", "1", "}"),
        ] {
            for levels in [300, 600, 900, 1_200, 1_900] {
                let nest = format!("{}{middle}{}", open.repeat(levels), close.repeat(levels));
                check_half_is_enough(Language::JavaScript, &format!("x = {nest}"));
                check_half_is_enough(Language::TypeScript, &format!("x = {nest}"));
            }
        }
    }

    #[test]
    fn every_level_costs_a_counted_token() {
        for (source, expected) in [
            ("", 0),
            ("((a))", 3),
            ("a => b", 4),
            ("\u{a0}do\u{a0}do", 2),
            ("\"abc\", ')'", 1),
            ("приве́т", 2),
        ] {
            assert_eq!(levels(source), expected, "{source:?}");
        }
    }

    #[test]
    fn the_budget_is_given_back() {
        for _ in 0..3 {
            assert_eq!(run(BUDGET / 64, || 1).unwrap(), 1);
            let whole = Reservation::new(usize::MAX);
            assert_eq!(whole.0, BUDGET);
        }
        assert!(run(1 << 20, || panic!("as if the parser had a defect")).is_err());
        drop(Reservation::new(BUDGET));
    }
}
