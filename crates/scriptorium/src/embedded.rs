//! A tenant as the host application sees it, and its scripts as functions.

use std::fmt;

use futures_util::future::join_all;
use scriptorium_model::execution::{Execution, ExecutionStatus};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::{Ctx, ExecutionId, Json};
use scriptorium_store::tenant_data::TenantData;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::events::NewEvent;
use crate::platform::Platform;

/// One tenant, as the host application sees it: with all rights, and by short calls. Cheap to clone.
#[derive(Clone)]
pub struct TenantHandle {
    platform: Platform,
    tenant: Tenant,
    ctx: Ctx,
}

/// What one of several scripts gave ([`TenantHandle::invoke_tagged`]).
#[derive(Debug)]
pub struct Invoked<O> {
    /// The script's name.
    pub script: String,
    /// What it gave, or how it failed.
    pub output: Result<O>,
}

impl TenantHandle {
    pub(crate) fn new(platform: Platform, tenant: Tenant) -> Self {
        Self {
            ctx: Ctx::host(tenant.id),
            tenant,
            platform,
        }
    }

    /// The tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The host's context in this tenant, for the nouns of the platform.
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// Calls an active embedded script by name; see [`Platform::invoke`]. Dropping the future cancels
    /// the execution, which is recorded as that.
    ///
    /// # Errors
    /// Like [`Platform::invoke`].
    pub async fn invoke<I, O>(&self, name: &str, input: &I) -> Result<O>
    where
        I: Serialize + ?Sized,
        O: DeserializeOwned,
    {
        self.invoke_with(name, json_of(input)?).await
    }

    async fn invoke_with<O: DeserializeOwned>(&self, name: &str, input: Json) -> Result<O> {
        let executions = self.platform.executions();
        let (script, execution) = executions.embedded(&self.ctx, name, input).await?;
        let dropped = CancelOnDrop {
            tenant: Some(self),
            execution: execution.id,
        };
        let ended = executions.run_embedded(&self.ctx, execution, &script).await;
        dropped.disarm();
        output_of(ended?)
    }

    /// The same under an idempotency key: who calls again within a day gets the output of the first
    /// call, also when the process has crashed in between; see [`crate::Executions::invoke_once`].
    /// Dropping the future cancels nothing.
    ///
    /// # Errors
    /// Like [`Platform::invoke`] and [`crate::Executions::invoke_once`].
    pub async fn invoke_once<I, O>(&self, name: &str, key: &str, input: &I) -> Result<O>
    where
        I: Serialize + ?Sized,
        O: DeserializeOwned,
    {
        let executions = self.platform.executions();
        let input = json_of(input)?;
        let answer = executions.invoke_once(&self.ctx, name, input, Some(key));
        output_of(answer.await?.value)
    }

    /// Calls every active embedded script that carries a tag, side by side, with the same input: a list
    /// of plug-ins. What they gave comes in the order of their names, and one that fails does not keep
    /// the others from it.
    ///
    /// # Errors
    /// The scripts cannot be looked up.
    pub async fn invoke_tagged<I, O>(&self, tag: &str, input: &I) -> Result<Vec<Invoked<O>>>
    where
        I: Serialize + ?Sized,
        O: DeserializeOwned,
    {
        let executions = self.platform.executions();
        let names = executions.embedded_with_tag(&self.ctx, tag).await?;
        let input = json_of(input)?;
        let calls = names.into_iter().map(async |script| Invoked {
            output: self.invoke_with(&script, input.clone()).await,
            script,
        });
        Ok(join_all(calls).await)
    }

    /// Records an event of the host; see [`crate::Events::publish`].
    ///
    /// # Errors
    /// Like [`crate::Events::publish`].
    pub async fn publish<P: Serialize + ?Sized>(&self, kind: &str, payload: &P) -> Result<()> {
        let new = NewEvent {
            kind: kind.into(),
            payload: json_of(payload)?,
            id: None,
            key: None,
        };
        self.platform.events().publish(&self.ctx, new).await?;
        Ok(())
    }

    /// The tenant's business tables (D5).
    pub fn data(&self) -> &TenantData {
        &self.platform.0.data
    }

    pub(crate) fn platform(&self) -> &Platform {
        &self.platform
    }
}

/// Cancels an execution whose caller goes away before it has ended.
struct CancelOnDrop<'a> {
    tenant: Option<&'a TenantHandle>,
    execution: ExecutionId,
}

impl CancelOnDrop<'_> {
    fn disarm(mut self) {
        self.tenant = None;
    }
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        let Some(tenant) = self.tenant else { return };
        let (platform, ctx, id) = (tenant.platform.clone(), tenant.ctx.clone(), self.execution);
        let inner = tenant.platform.0.clone();
        // Whoever drops it need not be inside of a runtime.
        let cancel = async move { platform.executions().stop_waiting(&ctx, id).await };
        inner.tasks.spawn_on(cancel, &inner.io);
    }
}

/// What an execution gave.
pub(crate) fn output_of<O: DeserializeOwned>(execution: Execution) -> Result<O> {
    let completed = execution.status == ExecutionStatus::Completed;
    let output = execution.output.as_ref().filter(|_| completed);
    let value = output.and_then(|output| serde_json::from_str(output.as_str()).ok());
    value.ok_or_else(|| Error::script(execution))
}

/// A value as the JSON that a script is given.
pub(crate) fn json_of<T: Serialize + ?Sized>(value: &T) -> Result<Json> {
    let text = serde_json::to_string(value)
        .map_err(|error| Error::internal(format!("the value is no JSON: {error}")))?;
    Ok(Json::from_written(text))
}

impl fmt::Debug for TenantHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantHandle")
            .field("tenant", &self.tenant.slug)
            .finish_non_exhaustive()
    }
}
