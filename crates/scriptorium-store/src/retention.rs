//! How long a tenant keeps what. Removing what is past it is `system::maintenance`.

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::retention::Retention;
use scriptorium_model::{Ctx, Timestamp, UserId};
use serde_json::{Value, json};

use crate::Store;
use crate::audit::Note;
use crate::db::{FromRow, Micros, Scope, Tx, number};
use crate::error::Result;

impl Store {
    /// How long the tenant's history is kept; the defaults when nobody has said.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_retention(&self, ctx: &Ctx) -> Result<Retention> {
        let db = self.db().read(ctx).await?;
        find(&db).await
    }

    /// Says how long the tenant's history is kept. What is past it goes with the next maintenance.
    ///
    /// # Errors
    /// `Invalid` outside the ranges; `NotFound` for an unknown tenant.
    pub async fn set_retention(&self, ctx: &Ctx, retention: Retention) -> Result<()> {
        let now = self.inner.ambient.now();
        let tx = self.db().write(ctx).await?;
        let note = put(&tx, retention, ctx.actor.user(), now).await?;
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
    }
}

/// Says how long history is kept; what the trail says of it.
pub(crate) async fn put(
    tx: &Tx,
    retention: Retention,
    by: Option<UserId>,
    at: Timestamp,
) -> Result<Note> {
    let retention = retention.validated()?;
    let before = find(tx).await?;
    let sql = tx
        .sql(
            "insert into retention (tenant_id, execution_days, log_days, event_days, audit_days, \
             updated_by, updated_at) values ($1, $2, $3, $4, $5, $6, $7) \
             on conflict (tenant_id) do update set execution_days = excluded.execution_days, \
             log_days = excluded.log_days, event_days = excluded.event_days, \
             audit_days = excluded.audit_days, updated_by = excluded.updated_by, updated_at = excluded.updated_at",
        )
        .with([
            retention.execution_days.into(),
            retention.log_days.into(),
            retention.event_days.into(),
            retention.audit_days.into(),
            by.map(|user| user.0).into(),
            Micros::from(at).into(),
        ]);
    tx.execute(sql).await?;
    let subject = Subject::new(SubjectKind::Settings, None, "retention");
    let note = Note::new(Action::SettingsChanged, subject);
    Ok(note.change(&shown(&before), &shown(&retention)))
}

async fn find(db: &Scope) -> Result<Retention> {
    let sql = db.sql(
        "select execution_days, log_days, event_days, audit_days from retention \
         where tenant_id = $1",
    );
    let row: Option<RetentionRow> = db.one(sql).await?;
    Ok(row.map_or_else(Retention::default, Retention::from))
}

fn shown(retention: &Retention) -> Value {
    json!({
        "execution_days": retention.execution_days,
        "log_days": retention.log_days,
        "event_days": retention.event_days,
        "audit_days": retention.audit_days,
    })
}

#[derive(FromRow)]
struct RetentionRow {
    execution_days: i64,
    log_days: i64,
    event_days: i64,
    audit_days: i64,
}

impl From<RetentionRow> for Retention {
    fn from(row: RetentionRow) -> Self {
        Self {
            execution_days: number(row.execution_days),
            log_days: number(row.log_days),
            event_days: number(row.event_days),
            audit_days: number(row.audit_days),
        }
    }
}
