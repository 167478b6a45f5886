//! The one connection that writes, and its transactions. Whoever has begun one holds the connection until it has
//! ended; a statement may take long, so each is asked on a thread that may block.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Access, Connection, Failure};
use super::{apart, broke_down, closed};
use crate::error::{Error, Result};

/// Its place.
#[derive(Debug)]
pub(in super::super) struct Writer {
    path: PathBuf,
    access: Access,
    /// It, while nobody uses it.
    idle: Mutex<Option<Connection>>,
    turn: Arc<Semaphore>,
}

/// Somebody's turn to write. What has not been committed at its end is rolled back.
struct Turn {
    connection: Mutex<Option<Connection>>,
    home: Arc<Writer>,
    _turn: OwnedSemaphorePermit,
}

/// A transaction, or a part of one that can be rolled back alone; parts do not nest.
pub(in super::super) struct Transaction {
    turn: Arc<Turn>,
    /// Whether a part was left open: nobody said whether to keep what it did, so nothing is kept.
    spoiled: Arc<AtomicBool>,
    /// Whether this is a part that has not ended.
    open_part: bool,
}

impl Writer {
    pub(super) fn new(path: PathBuf, access: Access, connection: Connection) -> Self {
        Self {
            path,
            access,
            idle: Mutex::new(Some(connection)),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// A transaction that holds the right to write from the start, which avoids SQLITE_BUSY in the middle of it.
    pub(in super::super) async fn begin(self: &Arc<Self>) -> Result<Transaction> {
        let turn = self.turn().await?;
        turn.does(|connection| connection.say("begin immediate"))
            .await?;
        Ok(Transaction {
            turn,
            spoiled: Arc::default(),
            open_part: false,
        })
    }

    /// Does work outside of transactions, while nobody else writes.
    pub(super) async fn alone<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        self.turn().await?.does(work).await
    }

    async fn turn(self: &Arc<Self>) -> Result<Arc<Turn>> {
        let turn = Arc::clone(&self.turn);
        let turn = turn.acquire_owned().await.map_err(|_| closed())?;
        let connection = self.idle().take();
        Ok(Arc::new(Turn {
            connection: Mutex::new(connection),
            home: Arc::clone(self),
            _turn: turn,
        }))
    }

    /// Waits for the transaction that is open and closes the connection.
    pub(super) async fn close(&self) {
        let turn = self.turn.acquire().await;
        self.turn.close();
        drop(turn);
        self.idle().take();
    }

    fn idle(&self) -> MutexGuard<'_, Option<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    async fn does<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        if apart::may_block() {
            return self.does_here(work);
        }
        let this = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || this.does_here(work));
        done.await.map_err(broke_down)?
    }

    fn does_here<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T> {
        let mut place = self.connection.lock().map_err(|_| lost())?;
        let connection = match &mut *place {
            Some(connection) => connection,
            // The one before could not end its transaction.
            place => place.insert(Connection::open(&self.home.path, self.home.access)?),
        };
        Ok(work(connection)?)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // After a panic nobody knows how it is: it is closed, which rolls back, and the next turn opens another.
        let Ok(place) = self.connection.get_mut() else {
            return;
        };
        let Some(connection) = place.take() else {
            return;
        };
        if connection.is_within()
            && let Err(failure) = connection.say("rollback")
        {
            let error = Error::from(failure);
            tracing::warn!(%error, cause = ?error, "a transaction was not rolled back; its connection is closed");
            return;
        }
        *self.home.idle() = Some(connection);
    }
}

impl Transaction {
    /// Asks within it.
    pub(in super::super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        // A statement after SQLite has ended the transaction would be kept by itself.
        let within = |connection: &Connection| match connection.is_within() {
            true => work(connection),
            false => Err(Failure::Over),
        };
        self.turn.does(within).await
    }

    /// Begins a part.
    pub(in super::super) async fn savepoint(&self) -> Result<Self> {
        self.say("savepoint part").await?;
        Ok(Self {
            turn: Arc::clone(&self.turn),
            spoiled: Arc::clone(&self.spoiled),
            open_part: true,
        })
    }

    pub(in super::super) async fn commit(mut self) -> Result<()> {
        if self.open_part {
            return self.end_part("release part").await;
        }
        if self.spoiled.load(Ordering::Acquire) {
            return Err(lost());
        }
        self.say("commit").await
    }

    pub(in super::super) async fn rollback(mut self) -> Result<()> {
        if self.open_part {
            return self.end_part("rollback to part; release part").await;
        }
        self.say("rollback").await
    }

    async fn end_part(&mut self, end: &'static str) -> Result<()> {
        self.say(end).await?;
        self.open_part = false;
        Ok(())
    }

    async fn say(&self, text: &'static str) -> Result<()> {
        self.ask(move |connection| connection.say(text)).await
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.open_part {
            self.spoiled.store(true, Ordering::Release);
        }
    }
}

fn lost() -> Error {
    Error::platform("a part of the transaction was neither kept nor rolled back")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::connection::Question;
    use super::*;
    use crate::db::FromRow;

    #[derive(FromRow)]
    struct Count {
        count: i64,
    }

    struct World {
        _dir: tempfile::TempDir,
        writer: Arc<Writer>,
    }

    impl World {
        async fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let (path, access) = (dir.path().join("a.db"), Access::Write { max_bytes: None });
            let connection = Connection::open(&path, access).unwrap();
            connection.say("create table rows (id integer)").unwrap();
            let writer = Arc::new(Writer::new(path, access, connection));
            Self { _dir: dir, writer }
        }

        async fn rows(&self) -> i64 {
            let tx = self.writer.begin().await.unwrap();
            count(&tx).await
        }
    }

    async fn count(tx: &Transaction) -> i64 {
        let text = "select count(*) as count from rows".into();
        let question = Question {
            text,
            values: Vec::new(),
        };
        let found = tx.ask(move |c| c.one::<Count>(&question)).await;
        found.unwrap().unwrap().count
    }

    async fn insert(tx: &Transaction) {
        tx.say("insert into rows values (1)").await.unwrap();
    }

    #[tokio::test]
    async fn only_what_was_committed_is_kept() {
        let world = World::new().await;
        let tx = world.writer.begin().await.unwrap();
        insert(&tx).await;
        tx.commit().await.unwrap();
        assert_eq!(world.rows().await, 1);

        let tx = world.writer.begin().await.unwrap();
        insert(&tx).await;
        tx.rollback().await.unwrap();
        let tx = world.writer.begin().await.unwrap();
        insert(&tx).await;
        drop(tx);
        assert_eq!(world.rows().await, 1);
    }

    #[tokio::test]
    async fn a_part_is_kept_or_rolled_back_alone() {
        let world = World::new().await;
        let tx = world.writer.begin().await.unwrap();
        insert(&tx).await;
        let part = tx.savepoint().await.unwrap();
        insert(&part).await;
        part.rollback().await.unwrap();
        let part = tx.savepoint().await.unwrap();
        insert(&part).await;
        part.commit().await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.rows().await, 2);

        let tx = world.writer.begin().await.unwrap();
        let part = tx.savepoint().await.unwrap();
        insert(&part).await;
        drop(part);
        assert!(tx.commit().await.is_err(), "nobody said what of it to keep");
        assert_eq!(world.rows().await, 2);
    }

    /// So SQLite ends a transaction when the disk is full.
    #[tokio::test]
    async fn nothing_is_written_after_a_transaction_that_is_over() {
        let world = World::new().await;
        let tx = world.writer.begin().await.unwrap();
        insert(&tx).await;
        tx.say("rollback").await.unwrap();
        assert!(tx.say("insert into rows values (1)").await.is_err());
        assert!(tx.commit().await.is_err());
        assert_eq!(world.rows().await, 0);
    }

    #[tokio::test]
    async fn a_connection_that_broke_down_is_not_used_again() {
        let world = World::new().await;
        let tx = world.writer.begin().await.unwrap();
        insert(&tx).await;
        let broken = tx.ask::<()>(|_| panic!("of the test")).await;
        assert!(broken.is_err());
        assert!(tx.say("insert into rows values (1)").await.is_err());
        drop(tx);
        assert_eq!(world.rows().await, 0);
    }

    /// Whoever asked is gone, and the statement still runs: its transaction ends after it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_statement_that_nobody_waits_for_ends_before_the_next_turn() {
        let world = World::new().await;
        let (send, begun) = std::sync::mpsc::channel();
        let (end, ends) = std::sync::mpsc::channel::<()>();
        let tx = world.writer.begin().await.unwrap();
        let mut asking = tokio::task::JoinSet::new();
        asking.spawn(async move {
            tx.ask(move |connection| {
                send.send(()).unwrap();
                ends.recv().unwrap();
                connection.say("insert into rows values (1)")
            })
            .await
        });
        tokio::task::spawn_blocking(move || begun.recv().unwrap())
            .await
            .unwrap();
        asking.abort_all();
        assert!(asking.join_next().await.unwrap().is_err());
        let next = world.writer.begin();
        tokio::pin!(next);
        let early = tokio::time::timeout(Duration::from_millis(20), &mut next).await;
        assert!(early.is_err(), "the one before has not ended");
        end.send(()).unwrap();
        assert_eq!(count(&next.await.unwrap()).await, 0);
    }
}
