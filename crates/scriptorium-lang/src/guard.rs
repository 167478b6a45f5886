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
/// Stack for each level that a source may nest. The test `stack_has_room_to_spare` holds
/// the worst known sources against half of it.
const STACK_PER_LEVEL: usize = 8 << 10;
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
    run(stack_for(source, STACK_PER_LEVEL), work)
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

fn stack_for(source: &str, per_level: usize) -> usize {
    BASE_STACK + levels(source) * per_level
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
