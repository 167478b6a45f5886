//! The end of a tenant (R-DB-23). First nothing of it can begin any more, then its history goes in small
//! transactions, then the tenant itself with whatever is left, in one. What stays is its audit trail,
//! which refers to nothing (D15). Each step can be repeated, so that an end that was interrupted is
//! brought about by asking for it again.

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::{Ctx, TenantId, Uuid};
use serde_json::json;

use super::maintenance::{BATCH, ENTRIES, remove_these};
use super::{ACROSS_TENANTS, nodes};
use crate::Store;
use crate::audit::{By, Note, Noted, Said, unaudited};
use crate::db::{Dialect, FromRow, Tx, Value};
use crate::error::{Error, Result};
use crate::executions::IdRow;
use crate::store::Change;

impl Store {
    /// Shuts a tenant: nobody of it is signed in or can sign in, its tokens are gone, nothing leads to its
    /// scripts, what waits to run is dropped, and what runs is asked to stop. Its trail and that of the
    /// tenant of `ctx` tell of it before.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn close_tenant(&self, ctx: &Ctx, tenant: &Tenant) -> Result<()> {
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        let noted = self
            .tell_both(&tx, ctx, tenant, Action::TenantClosed)
            .await?;
        tx.commit(noted).await?;
        let tx = self.db().write(&Ctx::platform(tenant.id)).await?;
        for text in ACCESS {
            tx.execute(tx.sql(text)).await?;
        }
        nodes::mark_routes(&tx).await?;
        tx.commit(unaudited(TOLD)).await?;
        self.signal(Change::Endpoints);
        self.signal(Change::Schedules);
        self.remove_found(tenant.id, PENDING, &[BATCH.into()], None)
            .await?;
        let tx = self.db().write(&Ctx::platform(tenant.id)).await?;
        tx.execute(tx.sql(STOP)).await?;
        tx.commit(unaudited(TOLD)).await?;
        self.signal(Change::Cancel);
        Ok(())
    }

    /// How many executions of a tenant are running, on whatever server.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn count_running(&self, ctx: &Ctx) -> Result<u64> {
        let db = self.db().read(ctx).await?;
        let sql = db.sql(
            "select count(*) as number from executions \
             where tenant_id = $1 and status = 'running'",
        );
        let row: Option<Count> = db.one(sql).await?;
        Ok(row.map_or(0, |row| row.number.unsigned_abs()))
    }

    /// Removes a tenant with everything that is its own but the audit trail. The file of its business
    /// tables is removed by [`crate::tenant_data::TenantData::remove`].
    ///
    /// # Errors
    /// `NotFound` when somebody else was faster; `Platform`. What was removed until then stays removed.
    pub async fn remove_tenant(&self, ctx: &Ctx, tenant: &Tenant) -> Result<()> {
        let own: [Value; 1] = [BATCH.into()];
        self.remove_found(tenant.id, EXECUTIONS, &own, None).await?;
        for text in HISTORY {
            self.remove(tenant.id, text, &own).await?;
        }
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        if tx.dialect() == Dialect::Sqlite {
            // What ended meanwhile; on PostgreSQL its words are found by the tenant below.
            let sql = tx
                .sql("select id from executions where tenant_id = $1")
                .with([tenant.id.0.into()]);
            let late: Vec<IdRow> = tx.all(sql).await?;
            let late: Vec<Uuid> = late.iter().map(|row| row.id).collect();
            remove_these(&tx, tenant.id, &late).await?;
        }
        // In the order in which whoever records an end holds them: script, then tenant.
        of(&tx, tenant.id, "delete from scripts where tenant_id = $1").await?;
        let delete = of(&tx, tenant.id, "delete from tenants where id = $1");
        if delete.await? == 0 {
            return Err(Error::NotFound);
        }
        // From here on no row of the tenant can be added: everything leads to the one that is gone.
        for text in match tx.dialect() {
            Dialect::Sqlite => REST_OF_SQLITE,
            Dialect::Postgres => REST_OF_POSTGRES,
        } {
            of(&tx, tenant.id, text).await?;
        }
        let noted = self
            .tell_both(&tx, ctx, tenant, Action::TenantDeleted)
            .await?;
        tx.commit(noted).await?;
        self.db().forget_deleted().await;
        Ok(())
    }

    /// Leaves an entry in both trails: the tenant's own, and that of whoever does it.
    async fn tell_both(
        &self,
        tx: &Tx,
        ctx: &Ctx,
        tenant: &Tenant,
        action: Action,
    ) -> Result<Noted> {
        let subject = Subject::new(SubjectKind::Tenant, tenant.id.0, &tenant.slug);
        let before = json!({ "slug": tenant.slug, "name": tenant.name });
        let note = Note::new(action, subject).before(before);
        let said = [tenant.id, ctx.tenant].map(|id| Said::one(id, &By::of(ctx), note.clone()));
        self.inner.trail.append_all(tx, said.into()).await
    }
}

/// Runs a statement about one tenant in a transaction of all.
async fn of(tx: &Tx, tenant: TenantId, text: &'static str) -> Result<u64> {
    tx.execute(tx.sql_of(tenant, text)).await
}

const TOLD: &str = "it was told when the tenant was closed";

/// The ways in.
const ACCESS: [&str; 6] = [
    "delete from sessions where tenant_id = $1",
    "delete from tokens where tenant_id = $1",
    "update users set active = false where tenant_id = $1",
    "delete from endpoints where tenant_id = $1",
    "delete from schedules where tenant_id = $1",
    "delete from subscriptions where tenant_id = $1",
];

const PENDING: &str = "select id from executions where tenant_id = $1 and status = 'pending' \
    order by id limit $2";

const STOP: &str = "update executions set cancel_requested = true \
    where tenant_id = $1 and status = 'running'";

const EXECUTIONS: &str = "select id from executions where tenant_id = $1 order by id limit $2";

/// What there may be much of, a batch at a time.
const HISTORY: [&str; 8] = [
    "delete from notifications where tenant_id = $1 and id in \
     (select id from notifications where tenant_id = $1 limit $2)",
    "delete from waiting_deliveries where tenant_id = $1 and (script_id, position) in \
     (select script_id, position from waiting_deliveries where tenant_id = $1 limit $2)",
    "delete from event_deliveries where tenant_id = $1 and (event_id, script_id) in \
     (select event_id, script_id from event_deliveries where tenant_id = $1 limit $2)",
    "delete from events where tenant_id = $1 and id in \
     (select id from events where tenant_id = $1 limit $2)",
    ENTRIES,
    "delete from idempotency_keys where tenant_id = $1 and (caller, key) in \
     (select caller, key from idempotency_keys where tenant_id = $1 limit $2)",
    "delete from schedule_slots where tenant_id = $1 and (script_id, planned_at) in \
     (select script_id, planned_at from schedule_slots where tenant_id = $1 limit $2)",
    "delete from script_versions where tenant_id = $1 and (script_id, number) in \
     (select script_id, number from script_versions where tenant_id = $1 limit $2)",
];

/// What refers to the tenant by nothing that the database follows.
const REST_OF_POSTGRES: &[&str] = &[
    "delete from search_pending where tenant_id = $1",
    "delete from execution_documents where tenant_id = $1",
    "delete from execution_logs where tenant_id = $1",
];

const REST_OF_SQLITE: &[&str] = &[
    "delete from search_pending where tenant_id = $1",
    "delete from script_words where rowid in \
     (select docid from script_documents where tenant_id = $1)",
    "delete from script_documents where tenant_id = $1",
];

#[derive(FromRow)]
struct Count {
    number: i64,
}
