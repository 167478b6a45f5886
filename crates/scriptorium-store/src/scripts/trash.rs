//! The trash: scripts that were deleted, for as long as they can be brought back, and the end of
//! those that cannot.

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::script::Script;
use scriptorium_model::{Ctx, ScriptId, Uuid};
use serde_json::json;

use super::routing::Routes;
use super::{NameRow, find, find_to_change, lock, note, write_state};
use crate::Store;
use crate::audit::{By, Note, Removal, of_gone, pruned};
use crate::db::{FromRow, Micros, Tx};
use crate::error::{Error, Result};
use crate::executions::{self, IdRow};
use crate::libraries;
use crate::lifecycle::OfScript;
use crate::search::{self, Kind};
use crate::store::Change;
use crate::system::nodes;
use crate::versions;

/// Executions deleted by one transaction, so that others get their turn.
const BATCH: i64 = 500;

impl Store {
    /// Moves a script to the trash: it keeps its versions and history, and gives up its name, path
    /// and schedule. What runs of it is flagged to be stopped by whoever holds it; what waits in the
    /// queue will not begin.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` on `library` (`library_in_use`) when an active script needs it.
    pub async fn delete_script(&self, ctx: &Ctx, id: ScriptId) -> Result<()> {
        let now = self.inner.ambient.now();
        let tx = self.db().write(ctx).await?;
        let script = find(&tx, id).await?;
        let sql = tx
            .sql(
                "update scripts set deleted_at = $3, deleted_by = $4 \
                 where tenant_id = $1 and id = $2 and deleted_at is null",
            )
            .with([
                id.0.into(),
                Micros::from(now).into(),
                ctx.actor.user().map(|user| user.0).into(),
            ]);
        if tx.execute(sql).await? == 0 {
            return Err(Error::NotFound);
        }
        libraries::check_unused(&tx, id).await?;
        // In the order in which whoever records an end takes its locks: executions, then schedules.
        let running = executions::stop_all(&tx, id).await?;
        Routes::remove(&tx, id).await?;
        nodes::mark_routes(&tx).await?;
        self.tell(&tx, ctx, &script, OfScript::Deleted).await?;
        let mut before = of_gone(&script)?;
        before["versions"] = versions::numbers(&tx, id).await?.into();
        let note = note(Action::ScriptDeleted, &script).before(before);
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        self.signal_routes();
        if running {
            self.signal(Change::Cancel);
        }
        Ok(())
    }

    /// Takes a script out of the trash. One that was active comes back paused, because the world
    /// may have changed meanwhile.
    ///
    /// # Errors
    /// `NotFound` when it is not in the trash; `Conflict` on `name` or `http.path` when they were
    /// taken meanwhile.
    pub async fn restore_script(&self, ctx: &Ctx, id: ScriptId) -> Result<Script> {
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql(
                "update scripts set deleted_at = null, deleted_by = null \
                 where tenant_id = $1 and id = $2 and deleted_at is not null",
            )
            .with([id.0.into()]);
        if tx.execute(sql).await? == 0 {
            return Err(Error::NotFound);
        }
        let script = find_to_change(&tx, id).await?;
        let script = script.restored(self.inner.ambient.now());
        write_state(&tx, &script).await?;
        self.tell(&tx, ctx, &script, OfScript::Restored).await?;
        let note = note(Action::ScriptRestored, &script)
            .after(json!({ "status": script.status.as_str(), "version": script.version }));
        self.commit_routes(tx, ctx, &script, note).await?;
        Ok(script)
    }

    /// Deletes a script in the trash for ever, with its versions, drafts and executions, in small
    /// transactions.
    ///
    /// # Errors
    /// `NotFound` when it is not in the trash; `Conflict` on `id` (`still_running`) while an
    /// execution of it is pending or running.
    pub async fn purge_script(&self, ctx: &Ctx, id: ScriptId) -> Result<()> {
        loop {
            let tx = self.db().write(ctx).await?;
            lock(&tx, id).await?;
            let name = check_idle(&tx, id).await?;
            let sql = tx
                .sql(
                    "delete from executions where tenant_id = $1 and id in \
                     (select id from executions where tenant_id = $1 and script_id = $2 limit $3) \
                     returning id",
                )
                .with([id.0.into(), BATCH.into()]);
            let executions: Vec<IdRow> = tx.all(sql).await?;
            let executions: Vec<Uuid> = executions.into_iter().map(|row| row.id).collect();
            search::forget(&tx, ctx.tenant, Kind::Execution, &executions).await?;
            let last = executions.len() < BATCH.unsigned_abs() as usize;
            if last {
                search::forget(&tx, ctx.tenant, Kind::Script, &[id.0]).await?;
                let sql = tx
                    .sql("delete from scripts where tenant_id = $1 and id = $2")
                    .with([id.0.into()]);
                tx.execute(sql).await?;
            }
            let mut notes = Vec::new();
            if !executions.is_empty() {
                notes.push(pruned(Removal::Of(id), Some(&executions)));
            }
            if last {
                self.tell_purged(&tx, ctx, id).await?;
                let subject = Subject::new(SubjectKind::Script, id.0, &name);
                notes.push(Note::new(Action::ScriptPurged, subject));
            }
            let trail = &self.inner.trail;
            let noted = trail.append(&tx, ctx.tenant, &By::of(ctx), notes).await?;
            tx.commit(noted).await?;
            if last {
                return Ok(());
            }
        }
    }
}

/// That the script is in the trash and nothing of it goes on; its name.
async fn check_idle(tx: &Tx, id: ScriptId) -> Result<String> {
    let sql = tx
        .sql(
            "select s.name from scripts s where s.tenant_id = $1 and s.id = $2 \
             and s.deleted_at is not null",
        )
        .with([id.0.into()]);
    let row: NameRow = tx.one(sql).await?.ok_or(Error::NotFound)?;
    if !executions::goes_on(tx, id).await? {
        return Ok(row.name);
    }
    Err(Error::Conflict {
        what: "still_running",
        field: "id",
    })
}

#[derive(FromRow)]
pub(crate) struct TrashedRow {
    pub(crate) tenant_id: Uuid,
    pub(crate) id: Uuid,
    pub(crate) deleted_at: i64,
}
