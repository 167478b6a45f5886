//! The connections that read. A statement is asked on the thread of whoever asks, because handing it to another
//! takes longer than most; one that goes on for too long is stopped and asked again on a thread that may block,
//! and so are, for a while, others of its text.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Connection, Failure, Question};
use super::{apart, broke_down, closed};
use crate::error::Result;

/// How many statements of a text that was once too long are not tried in passing.
const LONG: u8 = 64;
/// Texts are told apart by so many places.
const PLACES: usize = 256;

/// All of them.
#[derive(Debug)]
pub(in super::super) struct Readers {
    idle: Mutex<Vec<Connection>>,
    count: u32,
    turns: Arc<Semaphore>,
    /// Statements to come that take long, by a hash of their text.
    long: [AtomicU8; PLACES],
}

/// One of them, in use.
struct Reader {
    home: Arc<Readers>,
    connection: Option<Connection>,
    _turn: OwnedSemaphorePermit,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        let count = u32::try_from(connections.len()).unwrap_or(u32::MAX);
        Self {
            turns: Arc::new(Semaphore::new(connections.len())),
            idle: Mutex::new(connections),
            count,
            long: std::array::from_fn(|_| AtomicU8::new(0)),
        }
    }

    /// Asks something that changes nothing.
    pub(in super::super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: Question,
        ask: fn(&Connection, &Question) -> Result<T, Failure>,
    ) -> Result<T> {
        let reader = self.reader().await?;
        if apart::may_block() {
            return Ok(reader.ask(|connection| ask(connection, &question))?);
        }
        let long = self.place(&question.text);
        if !is_long(long) {
            match reader.ask(|connection| connection.in_passing(|c| ask(c, &question))) {
                Err(failure) if failure.is_stopped() => long.store(LONG, Ordering::Relaxed),
                done => return Ok(done?),
            }
        }
        let asked = tokio::task::spawn_blocking(move || {
            reader.ask(|connection| ask(connection, &question))
        });
        Ok(asked.await.map_err(broke_down)??)
    }

    async fn reader(self: &Arc<Self>) -> Result<Reader> {
        let turns = Arc::clone(&self.turns);
        let turn = turns.acquire_owned().await.map_err(|_| closed())?;
        // There is one for each turn.
        let connection = self.idle().pop().ok_or_else(closed)?;
        Ok(Reader {
            home: Arc::clone(self),
            connection: Some(connection),
            _turn: turn,
        })
    }

    fn place(&self, text: &str) -> &AtomicU8 {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let place = usize::try_from(hasher.finish() % PLACES as u64).unwrap_or(0);
        &self.long[place]
    }

    /// Waits for running statements and closes them.
    pub(super) async fn close(&self) {
        let all = self.turns.acquire_many(self.count).await;
        self.turns.close();
        drop(all);
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it is one more of those that take long.
fn is_long(place: &AtomicU8) -> bool {
    let one_less = |left: u8| left.checked_sub(1);
    place
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
        .is_ok()
}

impl Reader {
    fn ask<T>(&self, ask: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        match &self.connection {
            Some(connection) => ask(connection),
            None => Err(Failure::Over),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.without_end();
            self.home.idle().push(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{self, ThreadId};

    use super::super::connection::Access;
    use super::*;
    use crate::db::{FromRow, Value};

    #[derive(FromRow)]
    struct Sum {
        sum: i64,
    }

    /// Where statements of this test were asked.
    static ASKED: Mutex<Vec<ThreadId>> = Mutex::new(Vec::new());

    fn ask(connection: &Connection, question: &Question) -> Result<Option<Sum>, Failure> {
        ASKED.lock().unwrap().push(thread::current().id());
        connection.one(question)
    }

    /// The sum of the numbers up to one.
    fn sum(to: i64) -> Question {
        let text = "with recursive n (i) as (select 1 union all select i + 1 from n where i < $1) \
                    select sum(i) as sum from n";
        Question {
            text: text.into(),
            values: vec![Value::from(to)],
        }
    }

    #[tokio::test]
    async fn what_takes_long_is_asked_where_it_may() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        Connection::open(&path, Access::Write { max_bytes: None }).unwrap();
        let reader = Connection::open(&path, Access::Read).unwrap();
        let readers = Arc::new(Readers::new(vec![reader]));
        let here = thread::current().id();
        // In passing, then both ways, then elsewhere until it is tried again.
        for (to, asked) in [(10, [true].as_slice()), (100_000, &[true, false])] {
            let found = readers.ask(sum(to), ask).await.unwrap().unwrap();
            assert_eq!(found.sum, to * (to + 1) / 2);
            let threads = std::mem::take(&mut *ASKED.lock().unwrap());
            let threads: Vec<bool> = threads.into_iter().map(|id| id == here).collect();
            assert_eq!(threads, asked, "{to}");
        }
        for _ in 0..LONG {
            readers.ask(sum(10), ask).await.unwrap();
        }
        readers.ask(sum(10), ask).await.unwrap();
        let threads = std::mem::take(&mut *ASKED.lock().unwrap());
        let passing = threads.iter().position(|id| *id == here);
        assert_eq!(passing, Some(usize::from(LONG)));
    }

    #[tokio::test]
    async fn a_closed_file_answers_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        Connection::open(&path, Access::Write { max_bytes: None }).unwrap();
        let reader = Connection::open(&path, Access::Read).unwrap();
        let readers = Arc::new(Readers::new(vec![reader]));
        readers.close().await;
        let refused = readers.ask(sum(1), Connection::one::<Sum>).await;
        assert_eq!(refused.err().unwrap().to_string(), "the database is closed");
    }
}
