//! A host's transaction in a tenant's business tables, with scripts in it: what their services change
//! commits with the host's own changes, or not at all.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scriptorium_model::{EventId, Json};
use scriptorium_runtime::Finished;
use scriptorium_store::tenant_data::{DataTx, Outgoing, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::embedded::{TenantHandle, json_of, output_of};
use crate::error::{Error, Result};
use crate::hooks::{self, Verdict};
use crate::waiting::Entry;

/// A transaction in a tenant's business tables; from [`TenantHandle::transaction`]. Its calls block:
/// they are made on a thread for that.
pub struct Transaction<'a> {
    tenant: TenantHandle,
    data: &'a DataTx<'a>,
    rest: Rest,
}

/// What is done once it is known how the transaction ended.
#[derive(Clone, Default)]
struct Rest(Arc<Mutex<Left>>);

#[derive(Default)]
struct Left {
    /// Executions that ended in it, which are recorded whatever becomes of it.
    ended: Vec<(Finished, Entry)>,
    after: Vec<Box<dyn FnOnce() + Send>>,
}

impl TenantHandle {
    /// Runs a closure in a transaction of the tenant's business tables: it commits when the closure
    /// gives `Ok`, and nothing of it is kept otherwise. It goes on when the returned future is dropped.
    /// One transaction of a tenant runs at a time, for sixty seconds at most.
    ///
    /// ```
    /// # async fn example(acme: &scriptorium::TenantHandle) -> Result<(), scriptorium::Error> {
    /// use serde_json::json;
    ///
    /// let total: f64 = acme.transaction(|tx| {
    ///     let order = json!({ "items": [{ "sku": "A-1", "quantity": 2 }] });
    ///     let priced: serde_json::Value = tx.invoke("price-rule", &order)?;
    ///     let total = priced["total"].as_f64().unwrap_or_default();
    ///     tx.execute("insert into orders (id, total) values ($1, $2)", &[json!("o1"), json!(total)])?;
    ///     tx.after_commit(|| println!("the order is in"));
    ///     Ok::<_, scriptorium::Error>(total)
    /// }).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the closure; of the database, as the closure's own type.
    pub async fn transaction<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let tenant = self.clone();
        let whole = async move {
            let (rest, refused) = (Rest::default(), Arc::new(Mutex::new(None)));
            let inside = {
                let (tenant, rest, refused) = (tenant.clone(), rest.clone(), refused.clone());
                move |data: &DataTx<'_>| {
                    let tx = Transaction { tenant, data, rest };
                    work(&tx).map_err(|error| {
                        *lock(&refused) = Some(error);
                        scriptorium_store::Error::NotFound
                    })
                }
            };
            let done = tenant.data().transaction(tenant.ctx(), inside).await;
            tenant.conclude(rest, done.is_ok()).await;
            done.map_err(|error| {
                let of_closure = lock(&refused).take();
                of_closure.unwrap_or_else(|| Error::from(error).into())
            })
        };
        let ended = self.platform().0.tasks.spawn(whole).await;
        ended.map_err(|_| Error::internal("a transaction's task failed"))?
    }

    /// Records what ran in a transaction, and calls who waits for its commit.
    async fn conclude(&self, rest: Rest, committed: bool) {
        let left = std::mem::take(&mut *rest.lock());
        for (mut finished, entry) in left.ended {
            // Nobody hears of what was rolled back.
            if !committed {
                finished.notifications.clear();
            }
            self.platform()
                .record_later(self.ctx(), finished, entry)
                .await;
        }
        if committed {
            left.after.into_iter().for_each(|call| call());
        }
    }
}

impl Transaction<'_> {
    /// The rows of a query; placeholders are `$1`, `$2` and so on.
    ///
    /// # Errors
    /// Like [`scriptorium_store::tenant_data::TenantData::query`].
    pub fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        Ok(self.data.query(sql, params)?)
    }

    /// Runs one statement; how many rows it changed.
    ///
    /// # Errors
    /// Like [`scriptorium_store::tenant_data::TenantData::execute`].
    pub fn execute(&self, sql: &str, params: &[Value]) -> Result<u64> {
        Ok(self.data.execute(sql, params)?)
    }

    /// Calls an active embedded script by name, inside of the transaction: what its services ask of the
    /// tables is asked here, and what they change commits with the rest. Its events are published when
    /// the transaction commits, and it cannot change storage. It has a second, or less when its own
    /// limit says so; see [`Transaction::invoke_within`].
    ///
    /// # Errors
    /// Like [`crate::Platform::invoke`].
    pub fn invoke<I, O>(&self, name: &str, input: &I) -> Result<O>
    where
        I: Serialize + ?Sized,
        O: DeserializeOwned,
    {
        self.invoke_within(name, input, INVOKE)
    }

    /// The same with another budget of time, waiting for room included.
    ///
    /// # Errors
    /// `limit.wall` of the script when its time is over, `busy` when there was no room within it;
    /// otherwise like [`crate::Platform::invoke`].
    pub fn invoke_within<I, O>(&self, name: &str, input: &I, budget: Duration) -> Result<O>
    where
        I: Serialize + ?Sized,
        O: DeserializeOwned,
    {
        output_of(self.run(name, json_of(input)?, budget)?)
    }

    /// Asks the scripts of a hook whether `value` may be saved, and lets them change it: those
    /// embedded scripts that are active and carry the hook's name as a tag, in the order of their
    /// names, each with what the one before made of it. Together they have the hook's budget
    /// ([`crate::Hook::budget`]).
    ///
    /// A script gives nothing or `{ valid: true }` to let it pass, `{ value }` to change it, and
    /// `{ valid: false, errors: [{ field, message }] }` to refuse it.
    ///
    /// # Errors
    /// `Invalid` when the hook was not declared; [`crate::ErrorKind::Script`] when a script fails, runs
    /// out of time, or gives something else.
    pub fn before<T>(&self, hook: &str, value: T) -> Result<Verdict<T>>
    where
        T: Serialize + DeserializeOwned,
    {
        hooks::before(self, hook, value)
    }

    /// Publishes an event with the rows of this transaction; its id. Both are durable when it has committed, or
    /// neither is; scripts that subscribe to it start then.
    ///
    /// # Errors
    /// A bad type, a type of the platform's own, too large a payload; the transaction may go on.
    pub fn publish<P: Serialize + ?Sized>(&self, kind: &str, payload: &P) -> Result<EventId> {
        Ok(self.data.publish(kind, payload)?)
    }

    /// The same, with an id or a key of the publisher's.
    ///
    /// # Errors
    /// Like [`Transaction::publish`].
    pub fn publish_event(&self, event: Outgoing) -> Result<EventId> {
        Ok(self.data.publish_event(event)?)
    }

    /// Calls something when the transaction has committed, in the order in which it was asked for;
    /// never when it does not. It is not durable: what must happen is an event.
    pub fn after_commit(&self, call: impl FnOnce() + Send + 'static) {
        self.rest.lock().after.push(Box::new(call));
    }

    /// The tenant whose tables they are.
    pub fn tenant(&self) -> &TenantHandle {
        &self.tenant
    }

    pub(crate) fn run(
        &self,
        name: &str,
        input: Json,
        budget: Duration,
    ) -> Result<scriptorium_model::execution::Execution> {
        let (platform, ctx) = (self.tenant.platform().clone(), self.tenant.ctx().clone());
        let executions = platform.executions();
        let found = executions.embedded(&ctx, name, input);
        let (script, execution) = Handle::current().block_on(found)?;
        let ended = self.data.join(|data| async move {
            platform
                .run_joined(&ctx, execution, &script, data, budget)
                .await
        });
        let (mut finished, entry) = ended??;
        // They are told with the changes that they tell of, or never happened either.
        let events = std::mem::take(&mut finished.events);
        let execution = finished.execution.clone();
        self.rest.lock().ended.push((finished, entry));
        self.data.publish_of_run(&events)?;
        Ok(execution)
    }
}

/// How long a script may take that a transaction waits for.
const INVOKE: Duration = Duration::from_secs(1);

impl Rest {
    fn lock(&self) -> MutexGuard<'_, Left> {
        lock(&self.0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}
