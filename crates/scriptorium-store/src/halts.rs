//! What keeps executions from beginning. Who begins one asks the tables in the same statement: see
//! [`halted`]. Looking at all of them is `system::halts`.

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::execution::TriggerKind;
use scriptorium_model::halt::{Halt, HaltKey, HaltScope};
use scriptorium_model::{Ctx, TenantId, UserId, Uuid};
use serde_json::json;

use crate::Store;
use crate::audit::Note;
use crate::db::{FromRow, Micros, Tx, Value, known};
use crate::error::{Error, Result};
use crate::store::{Change, of_tenant};
use crate::system::nodes;

/// What `trigger_kind` says of a halt for every trigger.
const ANY: &str = "any";

/// The condition that an execution may not begin: of a row of `$of`, which has a tenant, with its
/// trigger as SQL.
macro_rules! halted {
    ($of:literal, $trigger:literal) => {
        concat!(
            "exists (select 1 from halts h where (h.tenant_id = ",
            $of,
            ".tenant_id or h.scope = 'platform') and h.trigger_kind in ('any', ",
            $trigger,
            "))"
        )
    };
}
pub(crate) use halted;

impl Store {
    /// Keeps executions from beginning, from the commit on; one that stands is renewed. What runs goes
    /// on.
    ///
    /// # Errors
    /// `Invalid` for a bad reason; `NotFound` for another tenant than that of `ctx`.
    pub async fn put_halt(&self, ctx: &Ctx, halt: Halt) -> Result<()> {
        of_tenant(ctx, halt.key.tenant)?;
        let halt = halt.validated()?;
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql(
                "insert into halts (tenant_id, scope, trigger_kind, reason, stop_running, made_by, \
                 since) values ($1, $2, $3, $4, $5, $6, $7) \
                 on conflict (tenant_id, scope, trigger_kind) do update set \
                 reason = excluded.reason, stop_running = excluded.stop_running, \
                 made_by = excluded.made_by, since = excluded.since",
            )
            .with([
                halt.key.scope.as_str().into(),
                trigger_name(&halt.key).into(),
                halt.reason.as_str().into(),
                halt.stop_running.into(),
                halt.by.map(|user| user.0).into(),
                Micros::from(halt.since).into(),
            ]);
        tx.execute(sql).await?;
        let after = json!({ "reason": halt.reason, "stop_running": halt.stop_running });
        self.end_change(ctx, tx, note(&halt.key).after(after)).await
    }

    /// Lets executions begin again.
    ///
    /// # Errors
    /// `NotFound` when there is no such halt, or it is of another tenant.
    pub async fn lift_halt(&self, ctx: &Ctx, key: &HaltKey) -> Result<()> {
        of_tenant(ctx, key.tenant)?;
        let tx = self.db().write(ctx).await?;
        let which: [Value; 2] = [key.scope.as_str().into(), trigger_name(key).into()];
        let sql =
            tx.sql("delete from halts where tenant_id = $1 and scope = $2 and trigger_kind = $3");
        if tx.execute(sql.with(which)).await? == 0 {
            return Err(Error::NotFound);
        }
        let after = json!({ "reason": null });
        self.end_change(ctx, tx, note(key).after(after)).await
    }

    async fn end_change(&self, ctx: &Ctx, tx: Tx, note: Note) -> Result<()> {
        nodes::mark_halts(&tx).await?;
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        // Whoever looks for work finds less of it, or more.
        for change in [Change::Halts, Change::Schedules, Change::Pending] {
            self.signal(change);
        }
        Ok(())
    }
}

fn note(key: &HaltKey) -> Note {
    let name = format!("halt {} {}", key.scope.as_str(), trigger_name(key));
    let subject = Subject::new(SubjectKind::Settings, None, &name);
    Note::new(Action::SettingsChanged, subject)
}

fn trigger_name(key: &HaltKey) -> &'static str {
    key.trigger.map_or(ANY, TriggerKind::as_str)
}

#[derive(FromRow)]
pub(crate) struct HaltRow {
    tenant_id: Uuid,
    scope: String,
    trigger_kind: String,
    reason: String,
    stop_running: bool,
    made_by: Option<Uuid>,
    since: Micros,
}

impl TryFrom<HaltRow> for Halt {
    type Error = Error;

    fn try_from(row: HaltRow) -> Result<Self> {
        let trigger = match row.trigger_kind.as_str() {
            ANY => None,
            kind => Some(known(TriggerKind::from_name(kind), "halts.trigger_kind")?),
        };
        Ok(Self {
            key: HaltKey {
                tenant: TenantId(row.tenant_id),
                scope: known(HaltScope::from_name(&row.scope), "halts.scope")?,
                trigger,
            },
            reason: row.reason,
            stop_running: row.stop_running,
            by: row.made_by.map(UserId),
            since: row.since.into(),
        })
    }
}
