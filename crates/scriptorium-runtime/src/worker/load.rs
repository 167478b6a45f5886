//! From a claimed execution to a job: its script, the version, the rights, the call, each as it is
//! now. What has changed since the execution was promised may be a reason not to run it.

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
use crate::principal::{self, Parties, Principal, Refusal};
use crate::runtime::Shared;

/// Tenants change rarely: a name may be a minute old in a script's context.
pub(crate) struct Tenants(Cache<TenantId, Tenant>);

/// Why there is no job.
pub(super) enum Unfit {
    /// The execution ends with this.
    Failure(Failure),
    /// The database failed.
    Store(Error),
}

impl From<Error> for Unfit {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
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

pub(super) async fn job(shared: &Shared, ctx: &Ctx, execution: &Execution) -> Result<Job, Unfit> {
    let store = &shared.world.store;
    let tenant = shared.tenants.find(store, execution.tenant).await?;
    let script = match store.find_script(ctx, execution.script).await {
        Err(Error::NotFound) => return Err(cancelled("the script was deleted")),
        script => script?,
    };
    let planned = matches!(execution.trigger, TriggerKind::Cron | TriggerKind::Event);
    if planned && script.status != ScriptStatus::Active {
        let reason = format!("the script is {}", script.status.as_str());
        return Err(cancelled(&reason));
    }
    let (definition, author) = version(store, ctx, &script, execution.version).await?;
    let asked = Asked::of(execution);
    let author = author.filter(|_| asked.source.is_none());
    let definition = Arc::new(asked.apply(definition));
    let principal = rights(store, ctx, execution, &asked, &script, &definition, author).await?;
    let call = Call::of_execution(&definition, execution).map_err(|invalid| {
        Unfit::Failure(Failure::new(
            "script.bad_input",
            format!("the input does not suit the script: {invalid}"),
        ))
    })?;
    let timezone = definition
        .trigger
        .schedule()
        .map_or("UTC", |schedule| &schedule.timezone)
        .to_owned();
    Ok(Job {
        tenant,
        script: script.id,
        locale: principal
            .user
            .as_ref()
            .map_or_else(|| "en".to_owned(), |user| user.locale.clone()),
        definition,
        execution: execution.clone(),
        principal,
        call,
        timeout: asked.timeout,
        timezone,
        request_id: None,
    })
}

/// The definition that was promised, and who wrote it.
async fn version(
    store: &Store,
    ctx: &Ctx,
    script: &Script,
    number: u32,
) -> Result<(Definition, Option<UserId>), Unfit> {
    if number == script.version {
        return Ok((script.definition.clone(), script.updated_by));
    }
    match store.find_version(ctx, script.id, number).await {
        Err(Error::NotFound) => Err(cancelled("the version is gone")),
        version => {
            let version = version?;
            Ok((version.definition, version.created_by))
        }
    }
}

async fn rights(
    store: &Store,
    ctx: &Ctx,
    execution: &Execution,
    asked: &Asked,
    script: &Script,
    definition: &Definition,
    author: Option<UserId>,
) -> Result<Principal, Unfit> {
    let caller = Ctx {
        actor: match execution.triggered_by {
            Some(id) => Actor::User { id, session: None },
            None => Actor::Platform,
        },
        permissions: asked.grant.clone().unwrap_or_else(PermissionSet::all),
        ..ctx.clone()
    };
    let planned = matches!(execution.trigger, TriggerKind::Cron | TriggerKind::Event);
    let parties = Parties {
        run_as: definition.run_as.or(script.owner).filter(|_| planned),
        author,
        activator: script.activated_by.filter(|_| !execution.test),
    };
    match principal::effective(store, &caller, parties).await {
        Ok(principal) => Ok(principal),
        Err(Refusal::Store(error)) => Err(error.into()),
        Err(gone @ Refusal::Gone { .. }) => {
            let reason = gone.to_string();
            if planned {
                pause(store, ctx, script, &reason).await;
            }
            Err(Unfit::Failure(Failure::new("platform.principal", reason)))
        }
    }
}

/// A trigger without anybody behind it stops until someone looks at it (D12).
async fn pause(store: &Store, ctx: &Ctx, script: &Script, reason: &str) {
    let (from, to) = (ScriptStatus::Active, ScriptStatus::Paused);
    match store
        .set_status(ctx, script.id, from, to, Some(reason))
        .await
    {
        // Someone else was faster: it is not active any more.
        Ok(_) | Err(Error::Conflict { .. } | Error::NotFound) => {}
        Err(error) => tracing::error!(%error, script = %script.id, "could not be paused"),
    }
}

fn cancelled(reason: &str) -> Unfit {
    Unfit::Failure(Failure::new("cancelled", reason))
}
