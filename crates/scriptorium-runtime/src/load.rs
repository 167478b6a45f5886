//! From an execution to a job: the version it was promised, the rights, the tenant, each as it is
//! now. Callers who wait and the worker come through the same door, so that a run has the same
//! rights whichever way it began.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use scriptorium_model::execution::{Execution, Failure, TriggerKind};
use scriptorium_model::permission::{Permission, PermissionSet};
use scriptorium_model::script::{Definition, Script, ScriptStatus};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::{Actor, Ctx, Invalid, TenantId, UserId};
use scriptorium_store::{Error, Store};

use crate::asked::Asked;
use crate::job::{Call, Job};
use crate::libraries::{Bundle, resolved_bundle};
use crate::prepared::missing_libraries;
use crate::principal::{self, Parties, Refusal};
use crate::request::HttpRequest;
use crate::runtime::Shared;
use crate::schema;

/// Tenants change rarely: a name may be a minute old in a script's context.
pub(crate) struct Tenants(Cache<TenantId, Tenant>);

/// Why there is no job.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Someone whose rights bound the run is gone.
    #[error("{0}")]
    Gone(String),
    /// The recorded input does not suit the version that is to run.
    #[error("the input does not suit the script: {0}")]
    Input(#[from] Invalid),
    /// The database failed; `NotFound` when the script, its version or the tenant is gone.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<Refusal> for Unfit {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Store(error) => Self::Store(error),
            gone @ Refusal::Gone { .. } => Self::Gone(gone.to_string()),
        }
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

    /// A tenant that has been looked for lately.
    pub(crate) fn known(&self, id: TenantId) -> Option<Tenant> {
        self.0.get(&id)
    }

    pub(crate) async fn find(&self, store: &Store, id: TenantId) -> Result<Tenant, Error> {
        if let Some(tenant) = self.0.get(&id) {
            return Ok(tenant);
        }
        let tenant = store.find_tenant(id).await?;
        self.0.insert(id, tenant.clone());
        Ok(tenant)
    }
}

/// The job of an execution that `caller` asks for, with this call; without one, with the call that
/// its recorded input stands for. A script that nobody asked to run, and whose people are gone, is
/// paused with that reason (D12).
pub(crate) async fn job(
    shared: &Shared,
    caller: &Ctx,
    script: &Script,
    execution: Execution,
    call: Option<Call>,
) -> Result<Job, Unfit> {
    let store = &shared.world.store;
    let tenant = shared.tenants.find(store, execution.tenant).await?;
    let asked = Asked::of(&execution);
    let (definition, author) = version(store, caller, script, execution.version).await?;
    let is_stored = asked.source.is_none();
    let definition = asked.apply(definition);
    let libraries = libraries(shared, caller, script, &execution, &definition, is_stored).await?;
    let call = match call {
        Some(call) => call,
        None => Call::of_execution(&definition, &execution)?,
    };
    let call = schema::fitted(&shared.world, &shared.schemas, &definition, call).await?;
    let parties = Parties {
        run_as: definition.run_as.or(script.owner),
        author: author.filter(|_| asked.source.is_none()),
        activator: script.activated_by.filter(|_| !execution.test),
        libraries: libraries.iter().flat_map(Bundle::authors).collect(),
    };
    let principal = match principal::effective(store, caller, parties).await {
        Ok(principal) => principal,
        Err(refusal) => {
            let for_real = caller.actor == Actor::Platform && !execution.dry_run;
            if matches!(refusal, Refusal::Gone { .. }) && for_real {
                pause(store, script, &refusal.to_string()).await;
            }
            return Err(refusal.into());
        }
    };
    let timezone = definition.trigger.schedule();
    let by_hand = execution.trigger == TriggerKind::Manual || execution.test;
    let by_operator = by_hand && caller.may(Permission::TenantsManage);
    Ok(Job {
        tenant,
        script: script.id,
        locale: principal
            .user
            .as_ref()
            .map_or_else(|| "en".to_owned(), |user| user.locale.clone()),
        timezone: timezone.map_or_else(|| "UTC".to_owned(), |s| s.timezone.clone()),
        definition: Arc::new(definition),
        libraries,
        execution,
        principal,
        call,
        stream: None,
        timeout: asked.timeout,
        origin: caller.origin.clone(),
        by_operator,
        transaction: None,
        services: shared.world.remotes.of(store, caller.tenant).await?,
    })
}

/// What the version brings along, as it was saved; a text to try brings what saving it would.
async fn libraries(
    shared: &Shared,
    ctx: &Ctx,
    script: &Script,
    execution: &Execution,
    definition: &Definition,
    is_stored: bool,
) -> Result<Result<Bundle, Failure>, Error> {
    let endpoint = definition.trigger.endpoint();
    let is_alone = endpoint.is_none_or(|endpoint| endpoint.around().is_empty());
    if is_alone && !scriptorium_lang::may_import(&definition.source) {
        return Ok(Ok(Bundle::default()));
    }
    let (world, programs) = (&shared.world, &shared.programs);
    let found = if is_stored {
        let version = execution.version;
        let bundles = &shared.bundles;
        bundles
            .find(world, programs, ctx, script.id, version, definition)
            .await?
    } else {
        resolved_bundle(world, programs, ctx, script.id, definition).await?
    };
    let missing = match found {
        Ok(bundle) => return Ok(Ok(bundle)),
        Err(missing) => missing,
    };
    let definition = definition.clone();
    let failure = world
        .blocking(move || missing_libraries(&definition, &missing))
        .await;
    let broken = || Failure::new("platform.engine", "the libraries were not looked at");
    Ok(Err(failure.unwrap_or_else(broken)))
}

/// The job of an execution that was promised: for whoever asked for it then, as of now. What has
/// changed since may be a reason not to run it; then the execution ends with that failure.
pub(crate) async fn claimed(
    shared: &Shared,
    ctx: &Ctx,
    execution: &Execution,
) -> Result<Result<Job, Failure>, Error> {
    let store = &shared.world.store;
    let script = match store.find_script(ctx, execution.script).await {
        Err(Error::NotFound) => return Ok(Err(unwanted(execution, "the script was deleted"))),
        script => script?,
    };
    if is_planned(execution) && script.status != ScriptStatus::Active {
        let reason = format!("the script is {}", script.status.as_str());
        return Ok(Err(unwanted(execution, &reason)));
    }
    if let Some(failure) = half_kept(execution) {
        return Ok(Err(failure));
    }
    let caller = promised(ctx, execution);
    match job(shared, &caller, &script, execution.clone(), None).await {
        Ok(job) => Ok(Ok(job)),
        Err(Unfit::Store(Error::NotFound)) => Ok(Err(unwanted(execution, "the version is gone"))),
        Err(Unfit::Store(error)) => Err(error),
        Err(unfit @ Unfit::Input(_)) => {
            Ok(Err(Failure::new("script.bad_input", unfit.to_string())))
        }
        Err(Unfit::Gone(reason)) => Ok(Err(Failure::new("platform.principal", reason))),
    }
}

/// A request is recorded in part. Whoever took it ran it whole; nobody else runs the rest of it.
fn half_kept(execution: &Execution) -> Option<Failure> {
    if execution.trigger != TriggerKind::Http || execution.replay_of.is_some() || execution.test {
        return None;
    }
    let missing = HttpRequest::not_kept(&execution.input);
    (!missing.is_empty()).then(|| {
        let missing = missing.join(", ");
        let message = format!("its worker was gone, and of the request {missing} was not kept");
        Failure::new("platform.lost", message)
    })
}

/// Who an execution runs for, as recorded when it was promised: its user; nobody for what a
/// trigger planned; otherwise the host application or a token without a user. A token's rights
/// were recorded with it, and the worker gives back no more (D12).
fn promised(ctx: &Ctx, execution: &Execution) -> Ctx {
    let actor = match execution.triggered_by {
        Some(id) => Actor::User { id, session: None },
        None if is_planned(execution) || of_stranger(execution) => Actor::Platform,
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

/// A request of somebody who brings no rights; a token's are recorded with the request.
fn of_stranger(execution: &Execution) -> bool {
    execution.trigger == TriggerKind::Http
        && execution.replay_of.is_none()
        && Asked::of(execution).grant.is_none()
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

/// Why it does not run, though nobody cancelled it. An event is not lost for that: it fails, and
/// becomes a dead letter.
fn unwanted(execution: &Execution, reason: &str) -> Failure {
    let code = match execution.trigger {
        TriggerKind::Event => "platform.not_active",
        _ => "cancelled",
    };
    Failure::new(code, reason)
}
