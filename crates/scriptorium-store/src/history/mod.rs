//! The group-committing writer (D7). Whatever waits is written in one transaction and one fsync, so
//! durability costs a busy platform little and an idle one no delay. It writes what is frequent:
//! executions that are promised or ended, their logs and events, storage entries.

mod batch;
mod entries;

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use scriptorium_model::audit::Incident;
use scriptorium_model::event::Event;
use scriptorium_model::execution::{Execution, LogLine};
use scriptorium_model::idempotency::IdempotencyKey;
use scriptorium_model::notification::Notification;
use scriptorium_model::storage::{Change as EntryChange, Changed, Entry, Kept, Quota};
use scriptorium_model::{Ambient, Ctx, TenantId, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::batch::{Moved, Outcome, Write};
pub(crate) use self::batch::{chunks, insert_pending as insert_executions};
pub(crate) use self::entries::hold as hold_entries;
use crate::Store;
use crate::audit::{By, Said, Trail};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::executions::{Inserted, Packed};
use crate::idempotency::KnownKey;
use crate::search::{self, Document, Kind};
use crate::store::{Change, Signals, of_tenant};
use crate::system::queue::LeaseId;

/// An execution that has ended, with everything to record of it.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The execution in its final state.
    pub execution: Execution,
    /// The lease it ran under; `None` when it was never recorded before.
    pub lease: Option<LeaseId>,
    /// Its log lines.
    pub logs: Vec<LogLine>,
    /// Events it published that become visible with its end.
    pub events: Vec<Event>,
    /// Messages to people that it sent; they wait from its end on.
    pub notifications: Vec<Notification>,
    /// What it was kept from, for the audit trail.
    pub incidents: Vec<Incident>,
}

/// An execution that is promised.
#[derive(Clone, Debug)]
pub struct Accept {
    /// It, pending; with its key's text, if there is one.
    pub execution: Execution,
    /// The key that it was asked for under.
    pub key: Option<IdempotencyKey>,
    /// Somebody runs it at once: nobody else claims it unless they give no sign of life.
    pub begin: Option<Begin>,
}

/// Who runs an execution from the moment on that it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// The lease they hold it by.
    pub lease: LeaseId,
    /// For how long.
    pub term: Duration,
}

impl From<Execution> for Accept {
    fn from(execution: Execution) -> Self {
        Self {
            execution,
            key: None,
            begin: None,
        }
    }
}

/// What became of the record of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is stored.
    Stored,
    /// The lease was lost, so somebody else decides how the execution ends; nothing was stored.
    Discarded,
}

/// Resolves when the record is durable. Dropping it does not withdraw the record.
#[derive(Debug)]
pub struct Commit(oneshot::Receiver<Result<Outcome>>);

/// How much a tenant may have of what the writer writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quotas {
    pub(crate) storage: Quota,
    pub(crate) notifications_per_day: u64,
}

/// Figures of the writer since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryStats {
    /// Transactions.
    pub commits: u64,
    /// Records in them.
    pub records: u64,
    /// Ends that came after their lease was lost.
    pub discarded: u64,
    /// Records that wait now.
    pub waiting: u64,
}

impl Store {
    /// Hands the end of an execution to the writer. Waits only while too many records wait; the
    /// returned [`Commit`] resolves when it is durable.
    ///
    /// # Errors
    /// `NotFound` when execution, events or notifications are of another tenant; `Platform` after close.
    pub async fn record(&self, ctx: &Ctx, finished: Finished) -> Result<Commit> {
        of_tenant(ctx, finished.execution.tenant)?;
        for event in &finished.events {
            of_tenant(ctx, event.tenant)?;
        }
        for notification in &finished.notifications {
            of_tenant(ctx, notification.tenant)?;
        }
        let execution = &finished.execution;
        let document = Document {
            tenant: execution.tenant,
            kind: Kind::Execution,
            id: execution.id.0,
            words: search::words_of_execution(execution, &finished.logs),
        };
        let packed = Packed::of(execution).await?;
        let write = Write::Finished(Box::new(finished), packed, document);
        Ok(Commit(self.inner.writer.send(write).await?))
    }

    /// The writer's figures.
    pub fn history_stats(&self) -> HistoryStats {
        self.inner.writer.stats()
    }
}

impl Future for Commit {
    type Output = Result<Written>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| match answer {
            Ok(Ok(Outcome::Finished(written))) => Ok(written),
            Ok(Err(error)) => Err(error),
            Ok(Ok(_)) | Err(_) => Err(stopped()),
        })
    }
}

/// The sending side of the writer.
#[derive(Debug)]
pub(crate) struct HistoryWriter {
    jobs: mpsc::Sender<Job>,
    room: Arc<Semaphore>,
    stop: CancellationToken,
    tasks: TaskTracker,
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct Job {
    write: Write,
    answer: oneshot::Sender<Result<Outcome>>,
    room: OwnedSemaphorePermit,
}

/// Payloads that may wait, in KiB: results can have ten megabytes each, and thousands may wait.
const ROOM_KIB: u32 = 64 << 10;

#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    records: AtomicU64,
    discarded: AtomicU64,
}

impl Job {
    /// Whether nobody waits for it: a worker, which has others to run, records how one of its executions ended.
    fn has_time(&self) -> bool {
        matches!(&self.write, Write::Finished(finished, ..) if finished.lease.is_some())
    }
}

impl HistoryWriter {
    pub(crate) fn start(
        db: Db,
        trail: Trail,
        ambient: Ambient,
        signals: Arc<Signals>,
        queue: usize,
        quota: Quotas,
    ) -> Self {
        let (jobs, waiting) = mpsc::channel(queue.max(1));
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let counters = Arc::new(Counters::default());
        let worker = Worker {
            db: db.clone(),
            trail,
            ambient,
            signals,
            quota,
            counters: Arc::clone(&counters),
        };
        let work = worker.work(waiting, stop.clone());
        tasks.spawn(async move {
            if let Err(error) = db.apart(work).await {
                tracing::error!(%error, "the history writer broke off");
            }
        });
        tasks.close();
        Self {
            jobs,
            room: Arc::new(Semaphore::new(ROOM_KIB as usize)),
            stop,
            tasks,
            counters,
        }
    }

    /// Commits what waits, takes no more.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }

    pub(crate) async fn accept(&self, accept: Accept) -> Result<Inserted> {
        let packed = Packed::of(&accept.execution).await?;
        match self.write(Write::Pending(Box::new(accept), packed)).await? {
            Outcome::Inserted(inserted) => Ok(inserted),
            _ => Err(stopped()),
        }
    }

    pub(crate) async fn insert_event(&self, event: Event) -> Result<bool> {
        self.changed(Write::Event(event)).await
    }

    /// Writes an event unless its key was used before; what is known of the key then.
    pub(crate) async fn insert_event_once(
        &self,
        event: Event,
        key: IdempotencyKey,
    ) -> Result<Option<KnownKey>> {
        match self.write(Write::EventOnce(event, key)).await? {
            Outcome::Keyed(known) => Ok(known),
            _ => Err(stopped()),
        }
    }

    /// Records events of one publisher, in their order, with as few commits as it takes.
    pub(crate) async fn insert_events(&self, events: Vec<Event>) -> Result<()> {
        let mut sent = Vec::with_capacity(events.len());
        for event in events {
            sent.push(self.send(Write::Event(event)).await?);
        }
        for answer in sent {
            answer.await.map_err(|_| stopped())??;
        }
        Ok(())
    }

    /// Writes an entry; `by` says who, when it was not a script.
    pub(crate) async fn set_entry(
        &self,
        tenant: TenantId,
        entry: Entry,
        by: Option<By>,
    ) -> Result<bool> {
        self.changed(Write::Set(tenant, entry, by)).await
    }

    /// Removes an entry; `by` says who, when it was not a script.
    pub(crate) async fn delete_entry(
        &self,
        tenant: TenantId,
        key: String,
        by: Option<By>,
    ) -> Result<bool> {
        self.changed(Write::Delete(tenant, key, by)).await
    }

    /// Decides about an entry where it is written.
    pub(crate) async fn change_entry(
        &self,
        tenant: TenantId,
        key: String,
        change: EntryChange,
    ) -> Result<Changed> {
        match self.write(Write::Change(tenant, key, change)).await? {
            Outcome::Entry(changed) => Ok(changed),
            _ => Err(stopped()),
        }
    }

    /// Writes what a transaction of that number in a tenant's file has left in storage; false when that was
    /// done before.
    pub(crate) async fn hand_over(
        &self,
        tenant: TenantId,
        number: i64,
        written: BTreeMap<String, Option<Kept>>,
    ) -> Result<bool> {
        self.changed(Write::HandOver(tenant, number, written)).await
    }

    /// Leaves an entry in the audit trail without waiting for it.
    pub(crate) async fn say(&self, said: Said) -> Result<()> {
        // Nobody waits for the answer, so that nobody can measure it.
        self.send(Write::Say(said)).await.map(drop)
    }

    async fn changed(&self, write: Write) -> Result<bool> {
        match self.write(write).await? {
            Outcome::Changed(changed) => Ok(changed),
            _ => Err(stopped()),
        }
    }

    async fn write(&self, write: Write) -> Result<Outcome> {
        self.send(write).await?.await.map_err(|_| stopped())?
    }

    async fn send(&self, write: Write) -> Result<oneshot::Receiver<Result<Outcome>>> {
        let (answer, answered) = oneshot::channel();
        let kib = u32::try_from(write.bytes() >> 10).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(kib.clamp(1, ROOM_KIB));
        let job = Job {
            write,
            answer,
            room: room.await.map_err(|_| stopped())?,
        };
        self.jobs.send(job).await.map_err(|_| stopped())?;
        Ok(answered)
    }

    fn stats(&self) -> HistoryStats {
        let waiting = self.jobs.max_capacity() - self.jobs.capacity();
        HistoryStats {
            commits: self.counters.commits.load(Ordering::Relaxed),
            records: self.counters.records.load(Ordering::Relaxed),
            discarded: self.counters.discarded.load(Ordering::Relaxed),
            waiting: waiting as u64,
        }
    }
}

/// Most records of one transaction.
const BATCH: usize = 512;
/// A transaction takes no further record beyond this many rows, so that nobody waits long behind
/// executions with a thousand log lines each.
const BATCH_ROWS: usize = 8_192;

/// So many are enough for one transaction.
const ENOUGH: usize = 32;
/// Ends that nobody is answered by wait for others while there are many: for as long as the transaction before
/// took, unless that was less than this, and for so long at most.
const GATHERING: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(2);

/// How long others are waited for after a transaction of so many records: they share the pages and the fsync of
/// the next.
fn rest_after(taken: usize, took: Duration) -> Duration {
    if taken < 2 || took < *GATHERING.start() {
        return Duration::ZERO;
    }
    took.min(*GATHERING.end())
}

/// The receiving side: one task, one transaction at a time.
struct Worker {
    db: Db,
    trail: Trail,
    ambient: Ambient,
    signals: Arc<Signals>,
    /// How much a tenant may have.
    quota: Quotas,
    counters: Arc<Counters>,
}

impl Worker {
    async fn work(self, mut waiting: mpsc::Receiver<Job>, stop: CancellationToken) {
        let mut jobs = Vec::with_capacity(BATCH);
        let (mut ended, mut rest) = (self.ambient.now(), Duration::ZERO);
        loop {
            let taken = tokio::select! {
                taken = waiting.recv_many(&mut jobs, BATCH) => taken,
                () = stop.cancelled(), if !waiting.is_closed() => {
                    waiting.close();
                    continue;
                }
            };
            if taken == 0 {
                return;
            }
            while jobs.len() < ENOUGH && jobs.iter().all(Job::has_time) {
                let left = rest.saturating_sub(self.since(ended));
                let more = waiting.recv_many(&mut jobs, BATCH);
                match timeout(left, more).await {
                    Ok(1..) => {}
                    Ok(0) | Err(_) => break,
                }
            }
            let (began, taken) = (self.ambient.now(), jobs.len());
            while !jobs.is_empty() {
                let others = jobs.split_off(fitting(&jobs));
                self.commit(std::mem::replace(&mut jobs, others)).await;
            }
            rest = rest_after(taken, self.since(began));
            ended = self.ambient.now();
        }
    }

    fn since(&self, then: Timestamp) -> Duration {
        let now = self.ambient.now();
        Duration::try_from(now.duration_since(then)).unwrap_or_default()
    }

    async fn commit(&self, jobs: Vec<Job>) {
        let mut writes = Vec::with_capacity(jobs.len());
        let mut answers = Vec::with_capacity(jobs.len());
        let mut room = Vec::with_capacity(jobs.len());
        for job in jobs {
            writes.push(job.write);
            answers.push(job.answer);
            room.push(job.room);
        }
        let (outcomes, moved) = batch::commit(
            &self.db,
            &self.trail,
            &writes,
            self.quota,
            self.ambient.now(),
        )
        .await;
        drop((writes, room));
        self.count(&outcomes, moved);
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Nobody may be waiting: the record was made all the same.
            let _ = answer.send(outcome);
        }
    }

    fn count(&self, outcomes: &[Result<Outcome>], moved: Moved) {
        let counted = |counter: &AtomicU64, number: usize| {
            counter.fetch_add(number as u64, Ordering::Relaxed);
        };
        let matching = |wanted: fn(&Outcome) -> bool| {
            let stored = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok());
            stored.filter(|outcome| wanted(outcome)).count()
        };
        let discarded = matching(|o| matches!(o, Outcome::Finished(Written::Discarded)));
        let stored = matching(|o| matches!(o, Outcome::Finished(Written::Stored)));
        counted(&self.counters.commits, 1);
        counted(&self.counters.records, outcomes.len());
        counted(&self.counters.discarded, discarded);
        if discarded > 0 {
            tracing::warn!(discarded, "ends of executions whose lease was lost");
        }
        if stored > 0 {
            self.signals.send(Change::Documents);
        }
        if moved.pending {
            self.signals.send(Change::Pending);
        }
        if moved.events {
            self.signals.send(Change::Events);
        }
        if moved.notifications {
            self.signals.send(Change::Notifications);
        }
        if moved.cancels {
            self.signals.send(Change::Cancel);
        }
    }
}

/// How many of the first jobs fit into one transaction; at least one.
fn fitting(jobs: &[Job]) -> usize {
    let mut rows = 0;
    let fit = jobs.iter().take_while(|job| {
        let fits = rows < BATCH_ROWS;
        rows += job.write.rows();
        fits
    });
    fit.count()
}

fn stopped() -> Error {
    Error::platform("the history writer has stopped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_wait_for_others_as_long_as_the_disk_took() {
        for (taken, took, rest) in [
            (0, 1_500, 0),
            (1, 1_500, 0),
            (2, 999, 0),
            (2, 1_000, 1_000),
            (2, 1_500, 1_500),
            (512, 500_000, 2_000),
        ] {
            let [took, rest] = [took, rest].map(Duration::from_micros);
            assert_eq!(rest_after(taken, took), rest, "{taken} in {took:?}");
        }
    }
}
