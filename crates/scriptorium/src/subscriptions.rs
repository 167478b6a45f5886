//! Subscriptions of event scripts: suspending one, so that its events are parked instead of run, and what
//! becomes of those.

use async_recursion::async_recursion as boxed;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::policy::Action;
use scriptorium_model::script::{Script, ScriptType};
use scriptorium_model::{Ctx, EventId, Invalid, ScriptId};
use scriptorium_store::{ParkedEvent, Suspension};

use crate::error::{Error, Result};
use crate::platform::Platform;

/// Subscriptions of a tenant's event scripts; from [`Platform::subscriptions`].
#[derive(Clone, Copy, Debug)]
pub struct Subscriptions<'a>(pub(crate) &'a Platform);

/// The longest reason in characters.
const REASON_CHARS: usize = 500;
/// Most parked events that are delivered in a minute.
const FASTEST: u32 = 60_000;

impl Subscriptions<'_> {
    /// Whether the subscription of a script is suspended, and how much is parked.
    ///
    /// # Errors
    /// No such event script, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn suspension(&self, ctx: &Ctx, script: ScriptId) -> Result<Option<Suspension>> {
        self.subscriber(ctx, Action::Read, script).await?;
        Ok(self.0.store().find_suspension(ctx, script).await?)
    }

    /// What is parked for a script, in the order in which it would be delivered.
    ///
    /// # Errors
    /// Like [`Subscriptions::suspension`]; the cursor is of another list.
    #[boxed]
    pub async fn parked(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        page: &PageRequest,
    ) -> Result<Page<ParkedEvent>> {
        self.subscriber(ctx, Action::Read, script).await?;
        Ok(self.0.store().list_parked(ctx, script, page).await?)
    }

    /// Parks from now on what the script would be given. What is pending or runs goes on.
    ///
    /// # Errors
    /// No such event script; it may not be switched by the caller; too long a reason; a conflict on
    /// `status` (`forbidden_move`) when it is suspended.
    #[boxed]
    pub async fn suspend(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        reason: Option<&str>,
    ) -> Result<Suspension> {
        self.subscriber(ctx, Action::ChangeStatus, script).await?;
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        check_reason(reason.unwrap_or_default())?;
        Ok(self.0.store().suspend(ctx, script, reason).await?)
    }

    /// Delivers what is parked, the oldest first: `per_minute` of it, or as fast as it goes. What is
    /// published until that is done comes after it.
    ///
    /// # Errors
    /// No such event script; it may not be switched by the caller; `per_minute` is not 1 to 60,000; a
    /// conflict on `status` (`forbidden_move`) unless it is suspended.
    #[boxed]
    pub async fn resume(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        per_minute: Option<u32>,
    ) -> Result<Suspension> {
        self.subscriber(ctx, Action::ChangeStatus, script).await?;
        if per_minute.is_some_and(|rate| !(1..=FASTEST).contains(&rate)) {
            let mut invalid = Invalid::default();
            let message = format!("must be 1 to {FASTEST}");
            let error = invalid.push("per_minute", "out_of_range", message);
            error.with("min", 1).with("max", FASTEST);
            return Err(invalid.into());
        }
        Ok(self.0.store().resume(ctx, script, per_minute).await?)
    }

    /// Decides that the script is not to be given what is parked, or one event of it, and says why; how
    /// many events.
    ///
    /// # Errors
    /// No such event script, or no such parked event; the script may not be switched by the caller; no
    /// reason, or too long a one.
    #[boxed]
    pub async fn discard(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        event: Option<EventId>,
        reason: &str,
    ) -> Result<u64> {
        self.subscriber(ctx, Action::ChangeStatus, script).await?;
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(Invalid::field("reason", "required", "a reason is required").into());
        }
        check_reason(reason)?;
        let store = self.0.store();
        Ok(store.discard_parked(ctx, script, event, reason).await?)
    }

    async fn subscriber(&self, ctx: &Ctx, action: Action, script: ScriptId) -> Result<Script> {
        let script = self.0.scripts().allowed(ctx, action, script).await?;
        match script.kind() {
            ScriptType::Event => Ok(script),
            _ => Err(Error::not_found()),
        }
    }
}

fn check_reason(reason: &str) -> Result<()> {
    Ok(scriptorium_model::definition::at_most(
        "reason",
        reason,
        REASON_CHARS,
    )?)
}
