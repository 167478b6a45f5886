//! From an execution to a job: the version it was promised, the rights, the tenant, each as it is
//! now. Callers who wait and the worker come through the same door, so that a run has the same
//! rights whichever way it began.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use scriptorium_model::execution::{Execution, Failure, TriggerKind};
use scriptorium_model::permission::PermissionSet;
use scriptorium_model::script::{Definition, Script, ScriptStatus};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::{Actor, Ctx, TenantId, UserId};
use scriptorium_store::{Error, Store};

use crate::asked::Asked;
use crate::job::{Call, Job};
use crate::principal::{self, Parties, Refusal};
use crate::runtime::Shared;

/// Tenants change rarely: a name may be a minute old in a script's context.
pub(crate) struct Tenants(Cache<TenantId, Tenant>);

/// Why a claimed execution is not run.
pub(crate) enum Unfit {
    /// The execution ends with this.
    Failure(Failure),
    /// The database failed.
    Store(Error),
}

impl Tenants {
    pub(crate) fn new() -> Self {
        Self(
            Cache::builder()
                .max_capacity(10_000)
                .time_to_live(Duration::from_secs(60))
                .build(),
        )
    }

    async fn find(&self, store: &Store, id: TenantId) -> Result<Tenant, Error> {
        if let Some(tenant) = self.0.get(&id) {
            return Ok(tenant);
        }
        let tenant = store.find_tenant(id).await?;
        self.0.insert(id, tenant.clone());
        Ok(tenant)
    }
}

/// The job of an execution that `caller` asks for, with this call. A script that nobody asked to
/// run, and whose people are gone, is paused with that reason (D12).
///
/// # Errors
/// [`Refusal::Gone`], or the database's failure; `NotFound` when the version or the tenant is gone.
pub(crate) async fn job(
    shared: &Shared,
    caller: &Ctx,
    script: &Script,
    execution: Execution,
    call: Call,
) -> Result<Job, Refusal> {
    let store = &shared.world.store;
    let tenant = shared.tenants.find(store, execution.tenant).await?;
    let asked = Asked::of(&execution);
    let (definition, author) = version(store, caller, script, execution.version).await?;
    let definition = asked.apply(definition);
    let parties = Parties {
        run_as: definition.run_as.or(script.owner),
        author: author.filter(|_| asked.source.is_none()),
        activator: script.activated_by.filter(|_| !execution.test),
    };
    let principal = match principal::effective(store, caller, parties).await {
        Ok(principal) => principal,
        Err(refusal) => {
            if matches!(refusal, Refusal::Gone { .. }) && caller.actor == Actor::Platform {
                pause(store, script, &refusal.to_string()).await;
            }
            return Err(refusal);
        }
    };
    let timezone = definition.trigger.schedule();
    Ok(Job {
        tenant,
        script: script.id,
        locale: principal
            .user
            .as_ref()
            .map_or_else(|| "en".to_owned(), |user| user.locale.clone()),
        timezone: timezone.map_or_else(|| "UTC".to_owned(), |s| s.timezone.clone()),
        definition: Arc::new(definition),
        execution,
        principal,
        call,
        timeout: asked.timeout,
        request_id: caller.request_id.clone(),
    })
}

/// The job of an execution that was promised: for whoever asked for it then, as of now. What has
/// changed since may be a reason not to run it.
pub(crate) async fn claimed(
    shared: &Shared,
    ctx: &Ctx,
    execution: &Execution,
) -> Result<Job, Unfit> {
    let script = match shared.world.store.find_script(ctx, execution.script).await {
        Err(Error::NotFound) => return Err(cancelled("the script was deleted")),
        script => script.map_err(Unfit::Store)?,
    };
    let planned = is_planned(execution);
    if planned && script.status != ScriptStatus::Active {
        let reason = format!("the script is {}", script.status.as_str());
        return Err(cancelled(&reason));
    }
    let call = Call::of_execution(&script.definition, execution).map_err(|invalid| {
        Unfit::Failure(Failure::new(
            "script.bad_input",
            format!("the input does not suit the script: {invalid}"),
        ))
    })?;
    let caller = promised(ctx, execution);
    match job(shared, &caller, &script, execution.clone(), call).await {
        Ok(job) => Ok(job),
        Err(Refusal::Store(Error::NotFound)) => Err(cancelled("the version is gone")),
        Err(Refusal::Store(error)) => Err(Unfit::Store(error)),
        Err(gone @ Refusal::Gone { .. }) => Err(Unfit::Failure(Failure::new(
            "platform.principal",
            gone.to_string(),
        ))),
    }
}

/// Who an execution runs for, as recorded when it was promised: its user; nobody for what a
/// trigger planned; otherwise the host application or a token without a user. A token's rights
/// were recorded with it, and the worker gives back no more (D12).
fn promised(ctx: &Ctx, execution: &Execution) -> Ctx {
    let actor = match execution.triggered_by {
        Some(id) => Actor::User { id, session: None },
        None if is_planned(execution) => Actor::Platform,
        None => Actor::Host,
    };
    Ctx {
        actor,
        permissions: Asked::of(execution)
            .grant
            .unwrap_or_else(PermissionSet::all),
        ..ctx.clone()
    }
}

fn is_planned(execution: &Execution) -> bool {
    matches!(execution.trigger, TriggerKind::Cron | TriggerKind::Event)
}

/// The definition that was promised, and who wrote it.
async fn version(
    store: &Store,
    ctx: &Ctx,
    script: &Script,
    number: u32,
) -> Result<(Definition, Option<UserId>), Error> {
    if number == script.version {
        return Ok((script.definition.clone(), script.updated_by));
    }
    let version = store.find_version(ctx, script.id, number).await?;
    Ok((version.definition, version.created_by))
}

/// A trigger without anybody behind it stops until someone looks at it.
async fn pause(store: &Store, script: &Script, reason: &str) {
    let ctx = Ctx::platform(script.tenant);
    let (from, to) = (ScriptStatus::Active, ScriptStatus::Paused);
    match store
        .set_status(&ctx, script.id, from, to, Some(reason))
        .await
    {
        // It is not active any more, or someone else was faster.
        Ok(_) | Err(Error::Conflict { .. } | Error::NotFound) => {}
        Err(error) => tracing::error!(%error, script = %script.id, "could not be paused"),
    }
}

fn cancelled(reason: &str) -> Unfit {
    Unfit::Failure(Failure::new("cancelled", reason))
}
