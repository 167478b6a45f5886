//! Alerts of a tenant: raised in the transaction of what they tell of, counted while nobody has acknowledged
//! them. That one was raised is published; that it happened again is not, so that a script which listens
//! and fails is told of itself once.

use std::collections::BTreeMap;

use scriptorium_model::alert::{Alert, AlertKind};
use scriptorium_model::audit::{Action, Subject, SubjectKind, cut};
use scriptorium_model::delivery::looped;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::{AlertId, Ambient, Ctx, ScriptId, TenantId, UserId, Uuid};
use serde_json::{Map, json};

use crate::Store;
use crate::audit::{Note, unaudited};
use crate::db::FromRow;
use crate::db::cursor::{Cursors, Key};
use crate::db::{Micros, Tx, known};
use crate::error::{Error, Result};
use crate::lifecycle;
use crate::store::Change;

/// Most characters of what is said of an alert.
const MESSAGE_CHARS: usize = 500;

/// Which alerts to list; every part narrows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Those that somebody acknowledged, or those that nobody did.
    pub acknowledged: Option<bool>,
    /// Of this kind.
    pub kind: Option<AlertKind>,
    /// About this script.
    pub script: Option<ScriptId>,
}

/// What happened to one script in a transaction.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    pub(crate) name: String,
    pub(crate) message: String,
    pub(crate) count: u64,
    /// What led to it, when an event did.
    pub(crate) lineage: Vec<String>,
}

/// What happened in a transaction, by tenant, kind and script: whoever writes alerts locks them in this order.
#[derive(Debug, Default)]
pub(crate) struct Alerts(BTreeMap<(TenantId, AlertKind, ScriptId), Happened>);

impl Alerts {
    pub(crate) fn add(
        &mut self,
        tenant: TenantId,
        kind: AlertKind,
        script: ScriptId,
        happened: Happened,
    ) {
        let known = self.0.get(&(tenant, kind, script));
        let count = happened.count + known.map_or(0, |known| known.count);
        let happened = Happened { count, ..happened };
        self.0.insert((tenant, kind, script), happened);
    }

    /// Writes them; whether anything was published.
    pub(crate) async fn raise(self, tx: &Tx, ambient: &Ambient) -> Result<bool> {
        let mut published = false;
        for ((tenant, kind, script), happened) in self.0 {
            published |= raise_one(tx, ambient, tenant, (kind, script), happened).await?;
        }
        Ok(published)
    }
}

async fn raise_one(
    tx: &Tx,
    ambient: &Ambient,
    tenant: TenantId,
    (kind, script): (AlertKind, ScriptId),
    happened: Happened,
) -> Result<bool> {
    let id: AlertId = ambient.new_id();
    let now = ambient.now();
    let message = cut(&happened.message, MESSAGE_CHARS);
    let count = i64::try_from(happened.count).unwrap_or(i64::MAX);
    let sql = tx.sql_of(tenant, RAISE).with([
        id.0.into(),
        kind.as_str().into(),
        script.0.into(),
        happened.name.as_str().into(),
        message.as_str().into(),
        count.into(),
        Micros::from(now).into(),
    ]);
    let row: Option<RaisedRow> = tx.one(sql).await?;
    if row.is_none_or(|row| row.id != id.0) {
        return Ok(false);
    }
    // Nobody is told of a loop by an event that would go on with it.
    if looped(&happened.lineage).is_some() {
        return Ok(false);
    }
    let mut payload = Map::new();
    payload.insert("alert_id".into(), json!(id.0));
    payload.insert("kind".into(), kind.as_str().into());
    payload.insert("script_id".into(), json!(script.0));
    payload.insert("script_name".into(), happened.name.into());
    payload.insert("message".into(), message.into());
    lifecycle::publish(tx, ambient, tenant, RAISED, payload, happened.lineage).await?;
    Ok(true)
}

const RAISED: &str = "jsruntime.alert.raised";

const RAISE: &str = "insert into alerts (tenant_id, id, kind, script_id, script_name, message, count, \
    first_at, last_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8) \
    on conflict (tenant_id, kind, script_id) where acknowledged_at is null \
    do update set count = alerts.count + excluded.count, last_at = excluded.last_at, \
    script_name = excluded.script_name, message = excluded.message returning id";

impl Store {
    /// Raises an alert about a script, or counts it in the one that is open.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn raise_alert(
        &self,
        ctx: &Ctx,
        kind: AlertKind,
        script: ScriptId,
        message: &str,
    ) -> Result<()> {
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql("select name from scripts where tenant_id = $1 and id = $2")
            .with([script.0.into()]);
        let row: Option<NameRow> = tx.one(sql).await?;
        let mut alerts = Alerts::default();
        let happened = Happened {
            name: row.map(|row| row.name).unwrap_or_default(),
            message: message.to_owned(),
            count: 1,
            lineage: Vec::new(),
        };
        alerts.add(ctx.tenant, kind, script, happened);
        alerts.raise(&tx, &self.inner.ambient).await?;
        tx.commit(unaudited("the platform noticed something; nobody did it"))
            .await?;
        self.signal(Change::Events);
        Ok(())
    }

    /// The tenant's alerts, those that happened last first.
    ///
    /// # Errors
    /// `CursorInvalid`.
    pub async fn list_alerts(
        &self,
        ctx: &Ctx,
        filter: &AlertFilter,
        page: &PageRequest,
    ) -> Result<Page<Alert>> {
        let cursors = Cursors::new(ctx, "alerts", filter);
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql("select * from alerts where tenant_id = $1");
        match filter.acknowledged {
            Some(true) => drop(sql.push(" and acknowledged_at is not null")),
            Some(false) => drop(sql.push(" and acknowledged_at is null")),
            None => {}
        }
        if let Some(kind) = filter.kind {
            sql.push(" and kind = ").bind(kind.as_str());
        }
        if let Some(script) = filter.script {
            sql.push(" and script_id = ").bind(script.0);
        }
        match cursors.start(page)? {
            Some(Key::Number(at, id)) => {
                sql.push(" and (last_at, id) < ");
                sql.bind_list([at.into(), id.into()]);
            }
            Some(_) => return Err(Error::CursorInvalid),
            None => {}
        }
        sql.push(" order by last_at desc, id desc limit ");
        sql.bind(i64::from(page.limit) + 1);
        let rows: Vec<AlertRow> = db.all(sql).await?;
        let alerts = rows.into_iter().map(Alert::try_from);
        let alerts = alerts.collect::<Result<Vec<_>>>()?;
        cursors.page(alerts, page, |last: &Alert| {
            Key::Number(last.last_at.as_microsecond(), last.id.0)
        })
    }

    /// How many alerts nobody has acknowledged.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn count_open_alerts(&self, ctx: &Ctx) -> Result<u64> {
        let db = self.db().read(ctx).await?;
        let sql = db.sql(
            "select count(*) as number from alerts where tenant_id = $1 \
             and acknowledged_at is null",
        );
        let row: Option<CountRow> = db.one(sql).await?;
        Ok(row.map_or(0, |row| row.number.unsigned_abs()))
    }

    /// Notes that somebody knows of an alert; what happens from now on raises a new one. Twice does it once.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn acknowledge_alert(&self, ctx: &Ctx, id: AlertId) -> Result<Alert> {
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql(
                "update alerts set acknowledged_at = $3, acknowledged_by = $4 \
                 where tenant_id = $1 and id = $2 and acknowledged_at is null returning *",
            )
            .with([
                id.0.into(),
                Micros::from(self.inner.ambient.now()).into(),
                ctx.actor.user().map(|user| user.0).into(),
            ]);
        let Some(row) = tx.one::<AlertRow>(sql).await? else {
            let sql = tx
                .sql("select * from alerts where tenant_id = $1 and id = $2")
                .with([id.0.into()]);
            let row: AlertRow = tx.one(sql).await?.ok_or(Error::NotFound)?;
            return row.try_into();
        };
        let alert = Alert::try_from(row)?;
        let subject = Subject::new(SubjectKind::Script, alert.script.0, &alert.script_name);
        let note = Note::new(Action::AlertAcknowledged, subject).after(json!({
            "alert_id": alert.id.0, "kind": alert.kind.as_str(), "count": alert.count,
        }));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        Ok(alert)
    }
}

#[derive(FromRow)]
struct RaisedRow {
    id: Uuid,
}

#[derive(FromRow)]
struct NameRow {
    name: String,
}

#[derive(FromRow)]
struct CountRow {
    number: i64,
}

#[derive(FromRow)]
struct AlertRow {
    tenant_id: Uuid,
    id: Uuid,
    kind: String,
    script_id: Uuid,
    script_name: String,
    message: String,
    count: i64,
    first_at: Micros,
    last_at: Micros,
    acknowledged_at: Option<Micros>,
    acknowledged_by: Option<Uuid>,
}

impl TryFrom<AlertRow> for Alert {
    type Error = Error;
    fn try_from(row: AlertRow) -> Result<Self> {
        Ok(Self {
            id: AlertId(row.id),
            tenant: TenantId(row.tenant_id),
            kind: known(AlertKind::from_name(&row.kind), "alerts.kind")?,
            script: ScriptId(row.script_id),
            script_name: row.script_name,
            message: row.message,
            count: row.count.unsigned_abs(),
            first_at: row.first_at.into(),
            last_at: row.last_at.into(),
            acknowledged_at: row.acknowledged_at.map(Into::into),
            acknowledged_by: row.acknowledged_by.map(UserId),
        })
    }
}
