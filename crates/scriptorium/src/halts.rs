//! Halts: a tenant's kill switch, the operator's for a tenant, and maintenance of the platform. What
//! stands is in memory on every server, so that whoever is to be refused costs the database nothing;
//! the queue and the schedules ask the store.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use scriptorium_model::execution::{Execution, TriggerKind};
use scriptorium_model::halt::{self, Halt, HaltKey, HaltScope};
use scriptorium_model::permission::Permission;
use scriptorium_model::{Ctx, Invalid, TenantId, policy};
use scriptorium_store::Change;

use crate::error::{Error, Result};
use crate::platform::Platform;

/// How soon whoever was refused may ask again.
const RETRY_AFTER: Duration = Duration::from_secs(30);
/// How soon the halts are looked for again that could not be read.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What keeps executions from beginning; from [`Platform::halts`].
#[derive(Clone, Copy, Debug)]
pub struct Halts<'a>(pub(crate) &'a Platform);

/// Which halt is meant.
#[derive(Clone, Debug)]
pub struct WhichHalt {
    /// Whose executions.
    pub scope: HaltScope,
    /// The slug of the tenant, for [`HaltScope::Operator`] only.
    pub tenant: Option<String>,
    /// Of which trigger; of every one when `None`.
    pub trigger: Option<TriggerKind>,
}

/// The halts that stand, as this server knows them.
#[derive(Debug, Default)]
pub(crate) struct Standing(RwLock<Arc<[Halt]>>);

impl Standing {
    fn get(&self) -> Arc<[Halt]> {
        let halts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&halts)
    }

    /// Takes what stands now, and gives what stood before.
    fn replace(&self, halts: Arc<[Halt]>) -> Arc<[Halt]> {
        let mut standing = self.0.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut standing, halts)
    }
}

impl Halts<'_> {
    /// The halts that concern the tenant, the oldest first; for who may manage tenants all there are.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing.
    pub fn list(&self, ctx: &Ctx) -> Result<Vec<Halt>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        let all = ctx.may(Permission::TenantsManage);
        let concerns = |halt: &&Halt| {
            all || halt.key.scope == HaltScope::Platform || halt.key.tenant == ctx.tenant
        };
        let halts = self.0.0.halts.get();
        Ok(halts.iter().filter(concerns).cloned().collect())
    }

    /// Keeps executions from beginning, here at once and on other servers within a moment. What is due
    /// waits: schedules, events, what was put into the queue; whoever waits for an answer is refused as
    /// `halted`. What an operator starts by hand runs all the same. With `stop_running`, what runs is
    /// cancelled, too.
    ///
    /// # Errors
    /// A field is refused, no such tenant, or a permission is missing: `executions.halt`, and
    /// `tenants.manage` for more than the own tenant.
    #[boxed]
    pub async fn put(
        &self,
        ctx: &Ctx,
        which: &WhichHalt,
        reason: &str,
        stop_running: bool,
    ) -> Result<Halt> {
        let (key, own) = self.key(ctx, which).await?;
        let halt = Halt {
            key,
            reason: reason.trim().to_owned(),
            stop_running,
            by: ctx.actor.user(),
            since: self.0.ambient().now(),
        };
        self.0.store().put_halt(&own, halt.clone()).await?;
        self.0.read_halts().await?;
        if stop_running {
            self.0.store().cancel_halted(&key).await?;
        }
        Ok(halt)
    }

    /// Lets executions begin again.
    ///
    /// # Errors
    /// There is no such halt, or a permission is missing, as for [`Halts::put`].
    #[boxed]
    pub async fn lift(&self, ctx: &Ctx, which: &WhichHalt) -> Result<()> {
        let (key, own) = self.key(ctx, which).await?;
        self.0.store().lift_halt(&own, &key).await?;
        self.0.read_halts().await
    }

    /// The halt that is meant, and the context in its tenant.
    async fn key(&self, ctx: &Ctx, which: &WhichHalt) -> Result<(HaltKey, Ctx)> {
        policy::require(ctx, Permission::ExecutionsHalt)?;
        if which.scope != HaltScope::Tenant {
            policy::require(ctx, Permission::TenantsManage)?;
        }
        let tenant = match (which.scope, &which.tenant) {
            (HaltScope::Operator, Some(slug)) => {
                let found = self.0.find_tenant(slug).await?;
                found.ok_or_else(Error::not_found)?.id
            }
            (HaltScope::Operator, None) => {
                let message = "must name the tenant that is meant";
                return Err(Invalid::field("tenant", "required", message).into());
            }
            (_, Some(_)) => {
                let message = "goes with the scope operator only";
                return Err(Invalid::field("tenant", "not_allowed", message).into());
            }
            (HaltScope::Tenant, None) => ctx.tenant,
            (HaltScope::Platform, None) => self.0.default_tenant().id,
        };
        let key = HaltKey {
            tenant,
            scope: which.scope,
            trigger: which.trigger,
        };
        let own = Ctx {
            tenant,
            ..ctx.clone()
        };
        Ok((key, own))
    }
}

impl Platform {
    /// Refuses an execution that may not begin.
    pub(crate) fn check_halts(&self, ctx: &Ctx, execution: &Execution) -> Result<()> {
        let by_operator =
            execution.trigger == TriggerKind::Manual && ctx.may(Permission::TenantsManage);
        let halts = self.0.halts.get();
        match halt::find(&halts, execution.tenant, execution.trigger) {
            Some(_) if !by_operator => Err(Error::busy("halted", RETRY_AFTER)),
            _ => Ok(()),
        }
    }

    /// The halt that keeps a tenant's executions from beginning, whatever their trigger; for the pages.
    pub fn halted(&self, tenant: TenantId) -> Option<Halt> {
        let halts = self.0.halts.get();
        let concerns =
            |halt: &&Halt| halt.key.scope == HaltScope::Platform || halt.key.tenant == tenant;
        let concerned = halts.iter().filter(concerns);
        concerned
            .max_by_key(|halt| (halt.key.trigger.is_none(), halt.key.scope))
            .cloned()
    }

    /// Takes over what the store says, and stops here what a new halt wants stopped.
    pub(crate) async fn read_halts(&self) -> Result<()> {
        let halts: Arc<[Halt]> = self.store().list_halts().await?.into();
        let before = self.0.halts.replace(Arc::clone(&halts));
        let new = halts.iter().filter(|halt| !before.contains(halt));
        for halt in new.filter(|halt| halt.stop_running) {
            for waiting in self.waiting().all() {
                if halt.key.holds(waiting.tenant, waiting.trigger) {
                    self.runtime().cancel(waiting.id);
                }
            }
        }
        Ok(())
    }

    /// Keeps up with what other servers say, until the platform stops.
    pub(crate) async fn keep_halts(self) {
        let mut changes = self.store().changes(Change::Halts);
        let stop = self.stopping();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
            while let Err(error) = self.read_halts().await {
                tracing::error!(%error, "the halts could not be read; trying again");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                }
            }
        }
    }
}
