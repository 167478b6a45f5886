//! Who is subscribed to an event of a tenant. The rows are written with their script, in
//! [`crate::scripts`].

use std::collections::BTreeSet;

use scriptorium_model::concurrency::Concurrency;
use scriptorium_model::filter::Filter;
use scriptorium_model::trigger::{Batch, Debounce};
use scriptorium_model::{Json, ScriptId, TenantId, Uuid};

use crate::db::{FromRow, Tx, number};
use crate::definition::concurrency_of;
use crate::error::{Error, Result};

/// An active script that runs on events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscriber {
    /// The script.
    pub script: ScriptId,
    /// Its name.
    pub script_name: String,
    /// Its current version.
    pub version: u32,
    /// What the payload must be like; anything when `None`.
    pub filter: Option<Filter>,
    /// Of several, those with a higher one begin first.
    pub priority: u32,
    /// Executions that one event may have in all.
    pub max_attempts: u32,
    /// What its events are in order by.
    pub order_by: Option<String>,
    /// Its events are parked.
    pub suspended: bool,
    /// How many about the same thing go on at once.
    pub concurrency: Option<Concurrency>,
    /// Of events that follow each other closely only the last one counts.
    pub debounce: Option<Debounce>,
    /// How its events are gathered.
    pub batch: Option<Batch>,
}

/// A subscriber by one of its patterns.
#[derive(Clone, Debug)]
pub(crate) struct Subscribed {
    /// What it asks for.
    pub pattern: String,
    /// The script.
    pub subscriber: Subscriber,
    /// It has a filter that cannot be read any more.
    pub unreadable: bool,
}

/// The active scripts of a tenant that ask for one of these patterns (R-REPO-04).
pub(crate) async fn subscribed(
    tx: &Tx,
    tenant: TenantId,
    patterns: &BTreeSet<String>,
) -> Result<Vec<Subscribed>> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = tx.sql_of(
        tenant,
        "select b.event_type, b.script_id, b.filter, b.priority, b.max_attempts, b.order_by, \
         b.concurrency, b.debounce_ms, b.debounce_key, b.batch_ms, b.batch_events, b.batch_key, \
         s.name, s.version, case when p.script_id is null then 0 else 1 end as suspended \
         from subscriptions b join scripts s \
         on s.tenant_id = b.tenant_id and s.id = b.script_id \
         left join suspensions p on p.tenant_id = b.tenant_id and p.script_id = b.script_id \
         where b.tenant_id = $1 and b.active = true and b.event_type in ",
    );
    sql.bind_list(patterns.iter().map(|pattern| pattern.as_str().into()));
    let rows: Vec<SubscribedRow> = tx.all(sql).await?;
    rows.into_iter().map(Subscribed::try_from).collect()
}

#[derive(FromRow)]
struct SubscribedRow {
    event_type: String,
    script_id: Uuid,
    filter: Option<String>,
    priority: i64,
    max_attempts: i64,
    order_by: Option<String>,
    concurrency: Option<String>,
    debounce_ms: Option<i64>,
    debounce_key: Option<String>,
    #[row(nested)]
    batch: BatchRow,
    name: String,
    version: i64,
    suspended: i32,
}

impl TryFrom<SubscribedRow> for Subscribed {
    type Error = Error;
    fn try_from(row: SubscribedRow) -> Result<Self> {
        let filter = row.filter.map(Json::from_written).map(Filter::parse);
        let unreadable = matches!(filter, Some(Err(_)));
        let concurrency = row.concurrency.as_deref().map(concurrency_of);
        Ok(Self {
            pattern: row.event_type,
            subscriber: Subscriber {
                script: ScriptId(row.script_id),
                script_name: row.name,
                version: number(row.version),
                filter: filter.and_then(|read| read.ok()),
                priority: number(row.priority),
                max_attempts: number(row.max_attempts),
                order_by: row.order_by,
                suspended: row.suspended != 0,
                concurrency: concurrency.transpose()?,
                debounce: row.debounce_ms.map(|wait_ms| Debounce {
                    wait_ms: number(wait_ms),
                    key: row.debounce_key,
                }),
                batch: row.batch.into(),
            },
            unreadable,
        })
    }
}

/// How events are gathered, as a subscription's row has it.
#[derive(Clone, Default, FromRow)]
pub(crate) struct BatchRow {
    batch_ms: Option<i64>,
    batch_events: Option<i64>,
    batch_key: Option<String>,
}

impl From<BatchRow> for Option<Batch> {
    fn from(row: BatchRow) -> Self {
        let wait_ms = number(row.batch_ms?);
        let plain = Batch::within(wait_ms);
        Some(Batch {
            max_events: row.batch_events.map_or(plain.max_events, number),
            key: row.batch_key,
            ..plain
        })
    }
}
