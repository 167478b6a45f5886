//! Whether rows that were read before may have changed since: every transaction of this process that
//! writes to their tables is counted, from its first such statement until it is known to have ended. On
//! SQLite nobody else writes, so what was read while nothing was counted is what is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The tables whose writes are counted. A name in a statement is enough, unless that is a question; so is
/// one that contains it.
const TABLES: [&str; 6] = [
    "scripts",
    "script_versions",
    "script_tags",
    "users",
    "tenants",
    "tenant_modes",
];

/// The transactions of one file that wrote to those tables.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    /// How many have ended.
    ended: AtomicU64,
    /// How many may still commit.
    open: AtomicU64,
    /// How many of those nobody waits for any more: they have ended when the next one begins.
    abandoned: AtomicU64,
}

/// A moment; the same one as long as nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(u64);

impl Writes {
    /// Now; `None` while something is being written.
    pub(crate) fn now(&self) -> Option<Moment> {
        let ended = self.ended.load(Ordering::SeqCst);
        (self.open.load(Ordering::SeqCst) == 0).then_some(Moment(ended))
    }

    /// A transaction has begun, so that all before it have ended: there is one connection that writes.
    pub(super) fn begun(self: &Arc<Self>) -> Arc<Writing> {
        let abandoned = self.abandoned.swap(0, Ordering::SeqCst);
        if abandoned > 0 {
            self.ended.fetch_add(abandoned, Ordering::SeqCst);
            self.open.fetch_sub(abandoned, Ordering::SeqCst);
        }
        Arc::new(Writing {
            writes: Arc::clone(self),
            counted: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        })
    }
}

/// One transaction.
#[derive(Debug)]
pub(super) struct Writing {
    writes: Arc<Writes>,
    counted: AtomicBool,
    ended: AtomicBool,
}

impl Writing {
    /// A statement is about to run.
    pub(super) fn sees(&self, text: &str) {
        if !self.counted.load(Ordering::Relaxed)
            && !text.starts_with("select ")
            && TABLES.iter().any(|table| text.contains(table))
            && !self.counted.swap(true, Ordering::SeqCst)
        {
            self.writes.open.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// It has been committed or rolled back.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !*self.counted.get_mut() {
            return;
        }
        if *self.ended.get_mut() {
            // In this order: who sees that nothing is open sees that something has ended.
            self.writes.ended.fetch_add(1, Ordering::SeqCst);
            self.writes.open.fetch_sub(1, Ordering::SeqCst);
        } else {
            // It may be rolled back later, or even be committed.
            self.writes.abandoned.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPDATE: &str = "update users set name = $2 where tenant_id = $1";

    #[test]
    fn a_moment_lasts_until_something_is_written() {
        let writes = Arc::new(Writes::default());
        let first = writes.now().unwrap();
        let writing = writes.begun();
        writing.sees("update executions set status = 'running' where script_id = $2");
        drop(writing);
        assert_eq!(writes.now(), Some(first));
        let writing = writes.begun();
        writing.sees("select id from scripts where tenant_id = $1");
        assert_eq!(writes.now(), Some(first), "it has only asked");
        writing.sees(UPDATE);
        assert_eq!(writes.now(), None, "it may commit at any time");
        writing.end();
        assert_eq!(writes.now(), None);
        drop(writing);
        assert_ne!(writes.now().unwrap(), first);
    }

    #[test]
    fn what_nobody_waits_for_has_ended_when_the_next_one_begins() {
        let writes = Arc::new(Writes::default());
        let first = writes.now().unwrap();
        let writing = writes.begun();
        writing.sees(UPDATE);
        drop(writing);
        assert_eq!(writes.now(), None);
        drop(writes.begun());
        assert_ne!(writes.now().unwrap(), first);
    }
}
