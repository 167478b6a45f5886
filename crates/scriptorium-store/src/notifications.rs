//! The notifications of a tenant: messages to people, on record from the end of the execution that sent them
//! until some time after they have arrived or failed. Who sends them is in [`crate::system::notifications`].

use std::collections::BTreeMap;

use scriptorium_model::audit::{Action, Subject, SubjectKind, cut};
use scriptorium_model::notification::{Channel, Notification, NotificationStatus, SendMode};
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::{Ctx, ExecutionId, NotificationId, ScriptId, TenantId, Timestamp, Uuid};
use serde_json::json;

use crate::Store;
use crate::audit::Note;
use crate::db::cursor::{Cursors, Key};
use crate::db::{Dialect, Micros, Tx, json, known, micros, number};
use crate::db::{FromRow, Value};
use crate::error::{Error, Result};
use crate::history::chunks;
use crate::store::Change;

/// Which notifications to list; every part narrows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotificationFilter {
    /// With this status.
    pub status: Option<NotificationStatus>,
    /// By this channel.
    pub channel: Option<Channel>,
    /// Of this script.
    pub script: Option<ScriptId>,
    /// Of this execution.
    pub execution: Option<ExecutionId>,
    /// Sent by their scripts at this instant or later.
    pub from: Option<Timestamp>,
    /// Sent by their scripts before this instant.
    pub to: Option<Timestamp>,
}

/// What a tenant may still send, and whether it is sent at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// What the tenant asked for.
    pub mode: SendMode,
    /// How many it has had today, by the clock of UTC.
    pub today: u64,
    /// How many it may have a day.
    pub per_day: u64,
}

impl Allowance {
    /// How many are left today.
    pub fn left(&self) -> u64 {
        self.per_day.saturating_sub(self.today)
    }
}

impl Store {
    /// The tenant's notifications, newest first.
    ///
    /// # Errors
    /// `CursorInvalid`.
    pub async fn list_notifications(
        &self,
        ctx: &Ctx,
        filter: &NotificationFilter,
        page: &PageRequest,
    ) -> Result<Page<Notification>> {
        let cursors = Cursors::new(ctx, "notifications", filter);
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql(match (db.dialect(), filter.execution, filter.status) {
            // It would read all of the tenant's in their order.
            (Dialect::Sqlite, Some(_), _) => {
                "select * from notifications indexed by notifications_execution where tenant_id = $1"
            }
            (Dialect::Sqlite, None, Some(_)) => {
                "select * from notifications indexed by notifications_status where tenant_id = $1"
            }
            _ => "select * from notifications where tenant_id = $1",
        });
        if let Some(status) = filter.status {
            sql.push(" and status = ").bind(status.as_str());
        }
        if let Some(channel) = filter.channel {
            sql.push(" and channel = ").bind(channel.as_str());
        }
        if let Some(script) = filter.script {
            sql.push(" and script_id = ").bind(script.0);
        }
        if let Some(execution) = filter.execution {
            sql.push(" and execution_id = ").bind(execution.0);
        }
        if let Some(from) = filter.from {
            sql.push(" and created_at >= ").bind(Micros::from(from));
        }
        if let Some(to) = filter.to {
            sql.push(" and created_at < ").bind(Micros::from(to));
        }
        match cursors.start(page)? {
            Some(Key::Id(last)) => {
                sql.push(" and id < ").bind(last);
            }
            Some(_) => return Err(Error::CursorInvalid),
            None => {}
        }
        sql.push(" order by id desc limit ");
        sql.bind(i64::from(page.limit) + 1);
        let rows: Vec<NotificationRow> = db.all(sql).await?;
        let items = rows.into_iter().map(Notification::try_from);
        let items = items.collect::<Result<Vec<_>>>()?;
        cursors.page(items, page, |last| Key::Id(last.id.0))
    }

    /// One notification.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_notification(&self, ctx: &Ctx, id: NotificationId) -> Result<Notification> {
        let db = self.db().read(ctx).await?;
        let sql = db.sql(SELECT).with([id.0.into()]);
        let row: NotificationRow = db.one(sql).await?.ok_or(Error::NotFound)?;
        row.try_into()
    }

    /// Lets one that failed be sent once more, with all its attempts.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` on `status` (`forbidden_move`) unless it has failed.
    pub async fn retry_notification(&self, ctx: &Ctx, id: NotificationId) -> Result<Notification> {
        let next = |was: &Notification, clock| Notification {
            status: NotificationStatus::Pending,
            attempts: 0,
            next_at: clock,
            settled_at: None,
            ..was.clone()
        };
        let changed = self.move_notification(ctx, id, Action::NotificationRetried, next);
        let changed = changed.await?;
        self.signal(Change::Notifications);
        Ok(changed)
    }

    /// Gives one up that waits or has failed; it stays on record until its time is over.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` on `status` (`forbidden_move`) when it is being sent or nothing more happens to
    /// it anyway.
    pub async fn discard_notification(
        &self,
        ctx: &Ctx,
        id: NotificationId,
    ) -> Result<Notification> {
        let now = self.inner.ambient.now();
        let next = |was: &Notification, _| Notification {
            status: NotificationStatus::Discarded,
            settled_at: Some(now),
            ..was.clone()
        };
        self.move_notification(ctx, id, Action::NotificationDiscarded, next)
            .await
    }

    async fn move_notification(
        &self,
        ctx: &Ctx,
        id: NotificationId,
        action: Action,
        next: impl FnOnce(&Notification, Timestamp) -> Notification,
    ) -> Result<Notification> {
        let tx = self.db().write(ctx).await?;
        let mut sql = tx.sql(SELECT).with([id.0.into()]);
        if tx.dialect() == Dialect::Postgres {
            sql.push(" for update");
        }
        let row: NotificationRow = tx.one(sql).await?.ok_or(Error::NotFound)?;
        let before = Notification::try_from(row)?;
        // By the clock that a claim compares with, which is not this server's.
        let clock = tx.lease_clock(self.inner.ambient.now()).await?;
        let after = next(&before, clock.into());
        if !before.status.may_become(after.status) {
            return Err(Error::Conflict {
                what: "forbidden_move",
                field: "status",
            });
        }
        let sql = tx.sql(MOVE).with([
            id.0.into(),
            after.status.as_str().into(),
            after.attempts.into(),
            Micros::from(after.next_at).into(),
            micros(after.settled_at).into(),
        ]);
        tx.execute(sql).await?;
        // Whom it was for is in the record; the trail outlives that.
        let subject = Subject::new(SubjectKind::Notification, id.0, &after.script_name);
        let note = Note::new(action, subject)
            .before(json!({ "status": before.status.as_str() }))
            .after(json!({ "status": after.status.as_str(), "channel": after.channel.as_str() }));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        Ok(after)
    }

    /// What the tenant may still send.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn notification_allowance(&self, ctx: &Ctx) -> Result<Allowance> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "select (select mode from notification_modes where tenant_id = $1) as mode, \
                 (select number from notification_days where tenant_id = $1 and day = $2) as number",
            )
            .with([day(self.inner.ambient.now()).into()]);
        let row: Option<AllowanceRow> = db.one(sql).await?;
        let row = row.unwrap_or_default();
        let mode = row.mode.as_deref();
        let mode = mode.map(|name| known(SendMode::from_name(name), "notification_modes.mode"));
        Ok(Allowance {
            mode: mode.transpose()?.unwrap_or_default(),
            today: row.number.unwrap_or_default().unsigned_abs(),
            per_day: self.inner.notifications_per_day,
        })
    }

    /// Says whether the tenant's notifications are sent. When they are to be recorded, those that wait are
    /// from then on; how many.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn set_notification_mode(&self, ctx: &Ctx, mode: SendMode) -> Result<u64> {
        let before = self.notification_allowance(ctx).await?.mode;
        let now = Micros::from(self.inner.ambient.now());
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql(
                "insert into notification_modes (tenant_id, mode, updated_at) values ($1, $2, $3) \
                 on conflict (tenant_id) do update set mode = excluded.mode, \
                 updated_at = excluded.updated_at",
            )
            .with([mode.as_str().into(), now.into()]);
        tx.execute(sql).await?;
        let recorded = match mode {
            SendMode::Send => 0,
            SendMode::Record => tx.execute(tx.sql(RECORD).with([now.into()])).await?,
        };
        let subject = Subject::new(SubjectKind::Settings, ctx.tenant.0, "notifications");
        let note = Note::new(Action::SettingsChanged, subject)
            .before(json!({ "mode": before.as_str() }))
            .after(json!({ "mode": mode.as_str(), "recorded": recorded }));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        Ok(recorded)
    }
}

/// Keeps notifications in the transaction that ends their executions; whether any is to be sent. Of a tenant
/// that has had as many today as it may, the others are recorded as failed.
pub(crate) async fn insert(
    tx: &Tx,
    new: &[&Notification],
    per_day: u64,
    now: Timestamp,
) -> Result<bool> {
    let mut of_tenants: BTreeMap<TenantId, Vec<&Notification>> = BTreeMap::new();
    for one in new {
        of_tenants.entry(one.tenant).or_default().push(one);
    }
    let mut waits = false;
    if of_tenants.is_empty() {
        return Ok(waits);
    }
    let clock = tx.lease_clock(now).await?;
    for (tenant, new) in of_tenants {
        let count = i64::try_from(new.len()).unwrap_or(i64::MAX);
        let sql = tx
            .sql_of(tenant, COUNT)
            .with([day(now).into(), count.into()]);
        let row: Option<CountRow> = tx.one(sql).await?;
        let today = row.map_or(0, |row| row.number.unsigned_abs());
        let before = today.saturating_sub(new.len() as u64);
        let room = usize::try_from(per_day.saturating_sub(before)).unwrap_or(usize::MAX);
        let mut rows = Vec::with_capacity(new.len());
        for (place, one) in new.into_iter().enumerate() {
            let mut one = one.clone();
            one.next_at = clock.into();
            if place >= room {
                one.status = NotificationStatus::Failed;
                one.settled_at = Some(now);
                let message = format!("the tenant may send {per_day} a day");
                one.error = Some((QUOTA.to_owned(), message));
            }
            waits |= one.status == NotificationStatus::Pending;
            rows.push(one);
        }
        insert_rows(tx, &rows).await?;
    }
    Ok(waits)
}

/// The code of what was too much for a day.
const QUOTA: &str = "notification.quota";

async fn insert_rows(tx: &Tx, rows: &[Notification]) -> Result<()> {
    const COLUMNS: usize = 17;
    for some in chunks(rows) {
        let mut sql = tx.sql(
            "insert into notifications (tenant_id, id, script_id, script_name, execution_id, \
             channel, recipient, subject, content, metadata, status, attempts, next_at, error_code, \
             error_message, created_at, settled_at) values ",
        );
        sql.push_rows(some.len(), COLUMNS);
        let mut bound: Vec<Value> = Vec::with_capacity(some.len() * COLUMNS);
        for one in some {
            let (code, message) = one.error.clone().unzip();
            bound.extend([
                one.tenant.0.into(),
                one.id.0.into(),
                one.script.0.into(),
                one.script_name.as_str().into(),
                one.execution.0.into(),
                one.channel.as_str().into(),
                one.recipient.as_str().into(),
                one.subject.clone().into(),
                one.content.as_str().into(),
                one.metadata.as_str().into(),
                one.status.as_str().into(),
                one.attempts.into(),
                Micros::from(one.next_at).into(),
                code.into(),
                message.map(|text| cut(&text, ERROR)).into(),
                Micros::from(one.created_at).into(),
                micros(one.settled_at).into(),
            ] as [Value; COLUMNS]);
        }
        tx.execute(sql.with(bound)).await?;
    }
    Ok(())
}

/// Most characters that are kept of an error.
pub(crate) const ERROR: usize = scriptorium_model::notification::ERROR_CHARS;

/// The day of an instant, counted from 1970 in UTC.
pub(crate) fn day(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}

const SELECT: &str = "select * from notifications where tenant_id = $1 and id = $2";

const MOVE: &str = "update notifications set status = $3, attempts = $4, next_at = $5, \
    settled_at = $6 where tenant_id = $1 and id = $2";

const RECORD: &str = "update notifications set status = 'recorded', settled_at = $2 \
    where tenant_id = $1 and status = 'pending'";

const COUNT: &str = "insert into notification_days (tenant_id, day, number) values ($1, $2, $3) \
    on conflict (tenant_id, day) do update set number = notification_days.number + excluded.number \
    returning number";

#[derive(FromRow)]
struct CountRow {
    number: i64,
}

#[derive(Default, FromRow)]
struct AllowanceRow {
    mode: Option<String>,
    number: Option<i64>,
}

#[derive(FromRow)]
pub(crate) struct NotificationRow {
    tenant_id: Uuid,
    id: Uuid,
    script_id: Uuid,
    script_name: String,
    execution_id: Uuid,
    channel: String,
    recipient: String,
    subject: Option<String>,
    content: String,
    metadata: String,
    status: String,
    attempts: i64,
    next_at: Micros,
    error_code: Option<String>,
    error_message: Option<String>,
    created_at: Micros,
    settled_at: Option<Micros>,
}

impl TryFrom<NotificationRow> for Notification {
    type Error = Error;
    fn try_from(row: NotificationRow) -> Result<Self> {
        let status = NotificationStatus::from_name(&row.status);
        Ok(Self {
            id: NotificationId(row.id),
            tenant: TenantId(row.tenant_id),
            script: ScriptId(row.script_id),
            script_name: row.script_name,
            execution: ExecutionId(row.execution_id),
            channel: known(Channel::from_name(&row.channel), "notifications.channel")?,
            recipient: row.recipient,
            subject: row.subject,
            content: json(row.content),
            metadata: json(row.metadata),
            status: known(status, "notifications.status")?,
            attempts: number(row.attempts),
            next_at: row.next_at.into(),
            error: row.error_code.zip(row.error_message),
            created_at: row.created_at.into(),
            settled_at: row.settled_at.map(Into::into),
        })
    }
}
