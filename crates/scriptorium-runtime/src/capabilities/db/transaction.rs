//! The one transaction that a run may have open, and how its statements come to it. It lives on a
//! thread for blocking work, which is told what to do; when the run is over nobody tells it any more,
//! and it rolls back.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use scriptorium_engine::{HostError, Reply};
use scriptorium_model::storage::Batch;
use scriptorium_model::{Ambient, Invalid, TenantId, Timestamp};
use scriptorium_store::tenant_data::{Answer, Ask, Bounds, ScriptTx};
use scriptorium_store::{Error, Store};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::super::args::Args;
use super::super::storage::{Entries, Waiting};
use super::ask::{data, refused};
use crate::host::{Run, Told};

/// How long a call waits for the tenant's tables while others use them.
const WAIT: Duration = Duration::from_secs(10);
/// How long a transaction may be open.
const OPEN: Duration = Duration::from_secs(60);

/// What a run has of the business tables.
#[derive(Default)]
pub(crate) struct Database {
    open: Mutex<Option<Open>>,
    /// Cancelled when the run is over.
    over: CancellationToken,
    queries: AtomicU32,
}

/// An open transaction.
struct Open {
    commands: mpsc::Sender<Command>,
    ended: oneshot::Receiver<Result<(), Error>>,
    /// What it reads and changes of storage.
    entries: Entries,
    /// What had been published and sent before it.
    before: Told,
}

enum Command {
    Ask(Ask, Bounds, oneshot::Sender<Result<Answer, Error>>),
    Commit(Batch),
}

impl Database {
    /// How many statements there were.
    pub(crate) fn queries(&self) -> u32 {
        self.queries.load(Ordering::Relaxed)
    }

    /// Whether a transaction is open.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    /// The next place at what the transaction that is open has of storage.
    pub(crate) fn entries(&self) -> Option<Waiting> {
        let open = self.lock();
        open.as_ref().map(|open| open.entries.queue())
    }

    /// The run is over: what is asked is interrupted, and an open transaction rolled back.
    pub(crate) fn end(&self, run: &Run) {
        self.over.cancel();
        if let Some(open) = self.lock().take() {
            run.forget_since(open.before);
        }
    }

    /// Asks, within the transaction when one is open. The place in its order is taken at once.
    pub(super) fn ask(
        &self,
        run: &Arc<Run>,
        ask: Ask,
        bounds: Bounds,
    ) -> impl Future<Output = Result<Answer, HostError>> + Send + 'static {
        self.queries.fetch_add(1, Ordering::Relaxed);
        let (send, answer) = oneshot::channel();
        let alone = match &*self.lock() {
            Some(open) => {
                // Whether it is still there, the answer will say.
                let _ = open.commands.send(Command::Ask(ask, bounds, send));
                None
            }
            None => Some(ask),
        };
        let (run, stop) = (run.clone(), self.over.child_token());
        async move {
            let Some(ask) = alone else {
                let answer = answer.await.map_err(|_| over())?;
                return answer.map_err(refused);
            };
            if ask.writes().is_some() {
                Mode::of(&run).check().await.map_err(refused)?;
            }
            let data = data(&run);
            let asked = data.ask(&run.ctx, ask, bounds, stop);
            match tokio::time::timeout(WAIT, asked).await {
                Ok(answer) => answer.map_err(refused),
                Err(_) => Err(busy()),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn begin(run: &Arc<Run>, _: Args) -> Reply {
    if run.is_dry() {
        // It changes nothing, and need not keep others from it.
        return Reply::Ready(Ok("true".to_owned()));
    }
    let (begun, waits) = oneshot::channel();
    {
        let mut open = run.database.lock();
        if open.is_some() {
            return Reply::Ready(Err(HostError::new(
                "TRANSACTION_OPEN",
                "the execution has a transaction open: one at a time",
            )));
        }
        let (commands, orders) = mpsc::channel();
        let (send, ended) = oneshot::channel();
        *open = Some(Open {
            commands,
            ended,
            entries: Entries::default(),
            before: run.mark(),
        });
        let (data, ctx, stop) = (data(run), run.ctx.clone(), run.database.over.child_token());
        let mode = Mode::of(run);
        let threads = run.world.transactions.clone();
        let work = async move {
            // Each is a thread; waiting for one is not.
            let permit = stop.run_until_cancelled(threads.acquire_owned()).await;
            let ended = match permit {
                Some(Ok(_permit)) => {
                    let work = move |tx: &ScriptTx<'_>| {
                        let _ = begun.send(());
                        serve(tx, &orders, mode)
                    };
                    data.transaction(&ctx, stop, work).await
                }
                _ => Err(rolled_back()),
            };
            let _ = send.send(ended);
        };
        run.world.tasks.spawn_on(work, &run.world.io);
    }
    let this = run.clone();
    run.later(async move {
        match tokio::time::timeout(WAIT, waits).await {
            Ok(Ok(())) => Ok("true".to_owned()),
            Ok(Err(_)) => Err(this.database.failed().await),
            Err(_) => {
                // Nobody tells it anything: it rolls back as soon as it has begun.
                this.database.lock().take();
                Err(busy())
            }
        }
    })
}

pub(super) fn commit(run: &Arc<Run>, _: Args) -> Reply {
    if run.is_dry() {
        return Reply::Ready(Ok("true".to_owned()));
    }
    let Some(open) = run.database.lock().take() else {
        return Reply::Ready(Err(over()));
    };
    // Behind the calls that were made before.
    let (this, entries) = (run.clone(), open.entries.queue());
    run.later(async move {
        let batch = entries.await.close();
        // Whether it is still there, the end will say.
        let _ = open.commands.send(Command::Commit(batch));
        match open.ended.await {
            Ok(Ok(())) => Ok("true".to_owned()),
            Ok(Err(error)) => {
                this.forget_since(open.before);
                Err(refused(error))
            }
            Err(_) => {
                this.forget_since(open.before);
                Err(over())
            }
        }
    })
}

pub(super) fn rollback(run: &Arc<Run>, _: Args) -> Reply {
    let Some(open) = run.database.lock().take() else {
        return Reply::Ready(Ok("true".to_owned()));
    };
    run.forget_since(open.before);
    drop(open.commands);
    run.later(async move {
        // Whatever it says, nothing of it is kept.
        let _ = open.ended.await;
        Ok("true".to_owned())
    })
}

impl Database {
    /// Why a transaction did not begin.
    async fn failed(&self) -> HostError {
        let open = self.lock().take();
        match open {
            Some(open) => match open.ended.await {
                Ok(Err(error)) => refused(error),
                _ => over(),
            },
            None => over(),
        }
    }
}

/// Does what it is told until the end.
fn serve(tx: &ScriptTx<'_>, orders: &mpsc::Receiver<Command>, mode: Mode) -> Result<(), Error> {
    let io = mode.io.clone();
    let mut allowed = false;
    let ends = mode.ambient.now().saturating_add(OPEN);
    let ends = ends.unwrap_or(Timestamp::MAX);
    loop {
        let left = ends.duration_since(mode.ambient.now());
        let left = Duration::try_from(left).unwrap_or_default();
        match orders.recv_timeout(left) {
            Ok(Command::Ask(ask, bounds, answer)) => {
                let changes = ask.writes().is_some();
                if changes && !allowed {
                    if let Err(refusal) = io.block_on(mode.check()) {
                        let _ = answer.send(Err(refusal));
                        continue;
                    }
                    allowed = true;
                }
                let _ = answer.send(tx.ask(&ask, bounds));
            }
            Ok(Command::Commit(batch)) => return tx.keep_entries(batch),
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(rolled_back()),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let message = "was open for 60 seconds, and nothing of it is kept";
                return Err(Invalid::field("transaction", "timeout", message).into());
            }
        }
    }
}

/// Whether the tenant's scripts may change anything (R-GEN-13).
struct Mode {
    store: Store,
    tenant: TenantId,
    io: Handle,
    ambient: Ambient,
}

impl Mode {
    fn of(run: &Run) -> Self {
        Self {
            store: run.world.store.clone(),
            tenant: run.ctx.tenant,
            io: run.world.io.clone(),
            ambient: run.world.ambient.clone(),
        }
    }

    async fn check(&self) -> Result<(), Error> {
        if !self.store.scripts_read_only(self.tenant).await? {
            return Ok(());
        }
        let message = "has scripts that only read, until its operator lets them change data";
        Err(Invalid::field("tenant", "forbidden", message).into())
    }
}

fn rolled_back() -> Error {
    let message = "was rolled back";
    Invalid::field("transaction", "rolled_back", message).into()
}

pub(crate) fn over() -> HostError {
    HostError::new(
        "TRANSACTION_OVER",
        "the transaction is over, and nothing more can be done in it",
    )
}

fn busy() -> HostError {
    HostError::new(
        "QUERY_TIMEOUT",
        "the tenant's tables were used by others for too long",
    )
}
