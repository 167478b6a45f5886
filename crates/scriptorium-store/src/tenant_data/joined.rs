//! A transaction that others join. Whoever holds it does on its thread what they ask for: so there is
//! never a second writer of a tenant's file, and what a script's services do commits with the host's
//! own changes, or not at all.

use scriptorium_model::{Ctx, TenantId};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::{DataTx, Inside, Place, Row, TenantData, refused};
use crate::error::{Error, Result};

/// The way into a transaction that another thread holds.
#[derive(Clone)]
pub(super) struct Joined {
    tenant: TenantId,
    requests: mpsc::UnboundedSender<Request>,
}

enum Request {
    Query(String, Vec<Value>, oneshot::Sender<Result<Vec<Row>>>),
    Execute(String, Vec<Value>, oneshot::Sender<Result<u64>>),
    /// A transaction inside of the transaction, which says itself how it ended.
    Nested(Nested),
    /// The work that joined has ended.
    End,
}

type Nested = Box<dyn FnOnce(&DataTx<'_>) + Send>;

/// Says the end however the work ends.
struct Working(mpsc::UnboundedSender<Request>);

impl Drop for Working {
    fn drop(&mut self) {
        // Nobody listens any more when the transaction is over.
        let _ = self.0.send(Request::End);
    }
}

impl DataTx<'_> {
    /// Runs a future whose statements on the tables it is given are part of this transaction, and
    /// waits for it. To be called where a transaction's closure runs, on a thread for blocking work.
    /// What the future leaves behind reaches the tables no longer once it has ended.
    ///
    /// # Errors
    /// `Platform` when the future panicked.
    pub fn join<T, F>(&self, work: impl FnOnce(TenantData) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (requests, mut asked) = mpsc::unbounded_channel();
        let working = Working(requests.clone());
        let joined = Joined {
            tenant: self.tenant(),
            requests,
        };
        let work = work(TenantData {
            place: Place::Joined(joined),
            ..self.data.clone()
        });
        let runtime = Handle::current();
        let task = runtime.spawn(async move {
            let _working = working;
            work.await
        });
        while let Some(request) = asked.blocking_recv() {
            // Whoever asked and went away needs no answer.
            match request {
                Request::Query(sql, params, answer) => {
                    drop(answer.send(self.query(&sql, &params)));
                }
                Request::Execute(sql, params, answer) => {
                    drop(answer.send(self.execute(&sql, &params)));
                }
                Request::Nested(nested) => nested(self),
                Request::End => break,
            }
        }
        let ended = runtime.block_on(task);
        ended.map_err(|error| Error::caused("work in a transaction broke down", error))
    }
}

impl DataTx<'_> {
    fn nested<T>(&self, work: impl FnOnce(&DataTx<'_>) -> Result<T>) -> Result<T> {
        match self.inside {
            Inside::File(file) => file.nested(|| work(self)),
            Inside::Server(running) => running.nested(|| work(self)),
        }
    }
}

impl Joined {
    pub(super) async fn query(
        &self,
        ctx: &Ctx,
        sql: String,
        params: Vec<Value>,
    ) -> Result<Vec<Row>> {
        self.ask(ctx, |answer| Request::Query(sql, params, answer))
            .await
    }

    pub(super) async fn execute(&self, ctx: &Ctx, sql: String, params: Vec<Value>) -> Result<u64> {
        self.ask(ctx, |answer| Request::Execute(sql, params, answer))
            .await
    }

    /// Statements that are kept together or not at all, whatever becomes of the rest.
    pub(super) async fn transaction<T, F>(&self, ctx: &Ctx, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&DataTx<'_>) -> Result<T> + Send + 'static,
    {
        self.ask(ctx, |answer| {
            Request::Nested(Box::new(move |tx: &DataTx<'_>| {
                drop(answer.send(tx.nested(work)));
            }))
        })
        .await
    }

    async fn ask<T>(
        &self,
        ctx: &Ctx,
        request: impl FnOnce(oneshot::Sender<Result<T>>) -> Request,
    ) -> Result<T> {
        if ctx.tenant != self.tenant {
            return Err(Error::NotFound);
        }
        let (answer, answered) = oneshot::channel();
        self.requests.send(request(answer)).map_err(|_| over())?;
        answered.await.map_err(|_| over())?
    }
}

fn over() -> Error {
    refused(
        "sql",
        "comes too late: the transaction it was part of is over",
    )
}
