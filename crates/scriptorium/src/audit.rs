//! The audit trail of a tenant: reading it, checking it, writing it out. What belongs into it is
//! written by the store, with the change itself.

use async_recursion::async_recursion as boxed;
use scriptorium_model::audit::{AuditEntry, AuditFilter, Verification};
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::permission::Permission;
use scriptorium_model::{Ctx, policy};

use crate::error::Result;
use crate::platform::Platform;

/// The audit trail of a tenant; from [`Platform::audit`].
#[derive(Clone, Copy, Debug)]
pub struct Audit<'a>(pub(crate) &'a Platform);

impl Audit<'_> {
    /// Entries that match, newest first.
    ///
    /// # Errors
    /// The permission `audit.read` is missing, or the cursor is of another list.
    #[boxed]
    pub async fn list(
        &self,
        ctx: &Ctx,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>> {
        policy::require(ctx, Permission::AuditRead)?;
        Ok(self.0.store().list_audit(ctx, filter, page).await?)
    }

    /// The next entries that match behind a number, oldest first; for writing the trail out.
    ///
    /// # Errors
    /// The permission `audit.read` is missing.
    #[boxed]
    pub async fn behind(
        &self,
        ctx: &Ctx,
        filter: &AuditFilter,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        policy::require(ctx, Permission::AuditRead)?;
        Ok(self.0.store().next_audit(ctx, filter, seq, limit).await?)
    }

    /// Checks the whole trail; with `executions`, also that the executions it names are as they
    /// were recorded, which reads all of them.
    ///
    /// # Errors
    /// The permission `audit.read` is missing. What is wrong with the trail is in the answer.
    #[boxed]
    pub async fn verify(&self, ctx: &Ctx, executions: bool) -> Result<Verification> {
        policy::require(ctx, Permission::AuditRead)?;
        Ok(self.0.store().verify_audit(ctx, executions).await?)
    }
}
