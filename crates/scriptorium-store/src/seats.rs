//! Seats: of executions about the same thing (the concurrency key of their script) so many go on at once,
//! over all servers. One has its seat while it runs or may be claimed; another is marked as delayed
//! without an instant, and is let in by the end of one before it, in the transaction that records that.

use std::collections::BTreeSet;

use scriptorium_model::concurrency::{Seat, WHOLE_SCRIPT, WhenFull};
use scriptorium_model::execution::{Execution, TriggerKind};
use scriptorium_model::{Ambient, ScriptId, TenantId, Timestamp, Uuid};

use crate::audit::{Ends, Said};
use crate::db::{Dialect, FromRow, Micros, Sql, Tx};
use crate::error::Result;
use crate::executions::IdRow;
use crate::system::queue::ended;
use crate::{deliveries, lifecycle, schedules};

/// What executions of one script are about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) tenant: TenantId,
    pub(crate) script: ScriptId,
    pub(crate) key: String,
}

/// What an execution met that asked for its seat.
#[derive(Debug)]
pub(crate) enum Entered {
    /// It has its seat.
    Now,
    /// It waits for it.
    Later,
    /// There was none for it.
    Never,
}

/// Most that have their seat at once, and one more: nobody counts further.
const COUNTED: i64 = 21;

impl Key {
    fn of(execution: &Execution) -> Option<(Self, &Seat)> {
        let seat = execution.seat.as_ref()?;
        let key = Self {
            tenant: execution.tenant,
            script: execution.script,
            key: seat.key.clone(),
        };
        Some((key, seat))
    }

    /// Continues a statement that ended with `where`: the rows of this key that have not ended.
    fn narrow(&self, sql: &mut Sql) {
        sql.push(" script_id = ").bind(self.script.0);
        sql.push(" and seat_key = ").bind(self.key.as_str());
        sql.push(" and seat_key is not null and status in ('pending', 'running')");
    }
}

/// Keeps others from deciding about the scripts of these executions until the transaction ends: about their
/// seats and windows, and about what follows when one ends. This comes first in a transaction, so that two
/// never wait for each other: scripts are locked before executions, those before schedules, turns and
/// what waits for them, of one tenant after the other and each in the order of their keys (decision 0045).
pub(crate) async fn lock(tx: &Tx, executions: &[&Execution]) -> Result<()> {
    let mut scripts = BTreeSet::new();
    for execution in executions {
        let decides = execution.seat.is_some()
            || execution.window.is_some()
            || execution.gathers.is_some()
            || may_be_followed(execution);
        if decides {
            scripts.insert((execution.tenant, execution.script));
        }
    }
    lock_scripts(tx, &scripts).await
}

/// Whether its end may make a further execution of its script, or a dead letter.
fn may_be_followed(execution: &Execution) -> bool {
    match execution.trigger {
        TriggerKind::Event => {
            let data = execution.trigger_data.as_ref();
            execution.failure.is_some()
                || data.is_some_and(|data| data.as_str().contains("\"order\""))
        }
        TriggerKind::Cron => execution.failure.is_some(),
        _ => false,
    }
}

async fn lock_keys(tx: &Tx, keys: &BTreeSet<Key>) -> Result<()> {
    let scripts = keys.iter().map(|key| (key.tenant, key.script));
    lock_scripts(tx, &scripts.collect()).await
}

/// Keeps others from deciding about the seats of these scripts until the transaction ends.
pub(crate) async fn lock_scripts(tx: &Tx, scripts: &BTreeSet<(TenantId, ScriptId)>) -> Result<()> {
    // The one writer of SQLite is alone anyway.
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    // Whoever decides about a script's seats holds its row; who refers to it does not wait for that.
    for (tenant, script) in scripts {
        let sql = tx.sql_of(
            *tenant,
            "select id from scripts where tenant_id = $1 and id = $2 for no key update",
        );
        let _: Option<IdRow> = tx.one(sql.with([script.0.into()])).await?;
    }
    Ok(())
}

/// Decides about executions that were inserted just now as pending; those that ended by it.
pub(crate) async fn enter_all(
    tx: &Tx,
    executions: &[&Execution],
    now: Timestamp,
) -> Result<Vec<Execution>> {
    // In their order: one finds no room while others wait that came before.
    let mut in_order = executions.to_vec();
    in_order.sort_by_key(|execution| execution.id);
    let mut gone = Vec::new();
    for execution in in_order {
        // What waits for an instant asks when that has come.
        if execution.seat.is_some() && execution.terms.run_after.is_none() {
            enter(tx, execution, now, &mut gone).await?;
        }
    }
    Ok(gone)
}

/// Decides about one that was inserted just now and has waited before, in an order or parked.
pub(crate) async fn queue_up(tx: &Tx, execution: &Execution, now: Timestamp) -> Result<()> {
    lock(tx, &[execution]).await?;
    // Who stands in line ends nobody.
    enter_all(tx, &[execution], now).await.map(drop)
}

async fn enter(
    tx: &Tx,
    execution: &Execution,
    now: Timestamp,
    gone: &mut Vec<Execution>,
) -> Result<()> {
    match decide(tx, execution, now, gone).await? {
        Entered::Now => let_in(tx, execution.tenant, execution.id.0).await?,
        Entered::Later => {}
        Entered::Never => gone.extend(drop_one(tx, execution, now).await?),
    }
    Ok(())
}

/// Gives an execution its seat; it was inserted without.
pub(crate) async fn let_in(tx: &Tx, tenant: TenantId, id: Uuid) -> Result<()> {
    let sql = tx.sql_of(
        tenant,
        "update executions set delayed = false where tenant_id = $1 and id = $2",
    );
    tx.execute(sql.with([id.into()])).await?;
    Ok(())
}

/// Ends a pending execution there is no seat for.
pub(crate) async fn drop_one(
    tx: &Tx,
    execution: &Execution,
    now: Timestamp,
) -> Result<Vec<Execution>> {
    let about = execution.seat.as_ref().map_or("", |seat| seat.key.as_str());
    let message = match about {
        WHOLE_SCRIPT => "as many executions of the script as may go on already do".to_owned(),
        about => format!("as many executions about {about} as may go on already do"),
    };
    let mut sql = cancelled(tx, execution.tenant, "platform.dropped", message, now);
    sql.push(" and id = ").bind(execution.id.0);
    ended(tx, sql).await
}

/// Whether an execution has its seat, whether it is there already or to be inserted; those before it are
/// cancelled when it takes their place.
pub(crate) async fn decide(
    tx: &Tx,
    execution: &Execution,
    now: Timestamp,
    gone: &mut Vec<Execution>,
) -> Result<Entered> {
    let Some((key, seat)) = Key::of(execution) else {
        return Ok(Entered::Now);
    };
    let id = execution.id.0;
    if others(tx, &key, id).await?.have_room(seat) {
        return Ok(Entered::Now);
    }
    match seat.when_full {
        WhenFull::Queue => return Ok(Entered::Later),
        WhenFull::Drop => return Ok(Entered::Never),
        WhenFull::Replace => replace(tx, &key, seat, id, now, gone).await?,
    }
    let others = others(tx, &key, id).await?;
    Ok(if others.have_room(seat) {
        Entered::Now
    } else {
        Entered::Later
    })
}

/// Lets in who comes next, now that these have ended; whether anybody was.
pub(crate) async fn follow(tx: &Tx, ended: &[&Execution]) -> Result<bool> {
    let keys = ended.iter().filter_map(|execution| Key::of(execution));
    let keys = keys.map(|(key, _)| key).collect();
    pass_all(tx, &keys).await
}

/// Lets in who comes next of these keys, as far as there is room; whether anybody was.
pub(crate) async fn pass_all(tx: &Tx, keys: &BTreeSet<Key>) -> Result<bool> {
    lock_keys(tx, keys).await?;
    let mut passed = false;
    for key in keys {
        passed |= pass(tx, key).await?;
    }
    Ok(passed)
}

async fn pass(tx: &Tx, key: &Key) -> Result<bool> {
    let mut passed = false;
    loop {
        let mut sql = tx.sql_of(
            key.tenant,
            "select id, seat_limit from executions where tenant_id = $1 and",
        );
        key.narrow(&mut sql);
        sql.push(" and delayed = true and run_after is null order by priority desc, id limit 1");
        let Some(next) = tx.one::<NextRow>(sql).await? else {
            return Ok(passed);
        };
        let others = others(tx, key, next.id).await?;
        if others.active >= next.seat_limit {
            return Ok(passed);
        }
        let_in(tx, key.tenant, next.id).await?;
        passed = true;
    }
}

/// What follows from the ends that others met because of a seat.
pub(crate) async fn note_gone(tx: &Tx, ambient: &Ambient, gone: &[Execution]) -> Result<Vec<Said>> {
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let all: Vec<&Execution> = gone.iter().collect();
    schedules::note_ends(tx, ambient, all.iter().copied()).await?;
    lifecycle::tell_ends(tx, ambient, &all).await?;
    deliveries::follow(tx, ambient, &all).await?;
    let mut ends = Ends::default();
    for execution in gone {
        ends.add(execution, &[]);
    }
    Ok(ends.said().collect())
}

/// Cancels those before it: whatever waits, and as many of those that have their seat as it takes. One
/// that runs ends when whoever holds it hears of that.
async fn replace(
    tx: &Tx,
    key: &Key,
    seat: &Seat,
    id: Uuid,
    now: Timestamp,
    gone: &mut Vec<Execution>,
) -> Result<()> {
    const CODE: &str = "platform.replaced";
    let message = || match seat.key.as_str() {
        WHOLE_SCRIPT => "a later execution of the script took its place".to_owned(),
        about => format!("a later execution about {about} took its place"),
    };
    let mut sql = cancelled(tx, key.tenant, CODE, message(), now);
    sql.push(" and delayed = true and");
    key.narrow(&mut sql);
    sql.push(" and id < ").bind(id);
    gone.extend(ended(tx, sql).await?);

    let mut sql = tx.sql_of(
        key.tenant,
        "select id from executions where tenant_id = $1 and delayed = false and",
    );
    key.narrow(&mut sql);
    sql.push(" and id < ").bind(id);
    sql.push(" order by id limit ").bind(COUNTED);
    let before: Vec<IdRow> = tx.all(sql).await?;
    let too_many = (before.len() + 1).saturating_sub(seat.limit as usize);
    for row in before.into_iter().take(too_many) {
        let mut sql = cancelled(tx, key.tenant, CODE, message(), now);
        sql.push(" and id = ").bind(row.id);
        gone.extend(ended(tx, sql).await?);
        let sql = tx.sql_of(
            key.tenant,
            "update executions set cancel_requested = true \
             where tenant_id = $1 and id = $2 and status = 'running'",
        );
        tx.execute(sql.with([row.id.into()])).await?;
    }
    Ok(())
}

/// Begins a statement that ends pending executions as cancelled; what follows narrows it.
pub(crate) fn cancelled(
    tx: &Tx,
    tenant: TenantId,
    code: &str,
    message: String,
    now: Timestamp,
) -> Sql {
    let sql = tx.sql_of(
        tenant,
        "update executions set status = 'cancelled', delayed = false, failure_code = $2, \
         failure_message = $3, completed_at = $4 where tenant_id = $1 and status = 'pending'",
    );
    sql.with([code.into(), message.into(), Micros::from(now).into()])
}

/// The other executions of a key.
#[derive(FromRow)]
struct Others {
    /// Those that have their seat.
    active: i64,
    /// Whether any waits that came before: one, or none.
    waiting: i64,
}

impl Others {
    fn have_room(&self, seat: &Seat) -> bool {
        self.active < i64::from(seat.limit) && self.waiting == 0
    }
}

async fn others(tx: &Tx, key: &Key, id: Uuid) -> Result<Others> {
    let mut sql = tx.sql_of(
        key.tenant,
        "select (select count(*) from (select id from executions where tenant_id = $1 and",
    );
    key.narrow(&mut sql);
    sql.push(" and delayed = false and id <> ").bind(id);
    sql.push(" limit ").bind(COUNTED);
    sql.push(") as a) as active, (select count(*) from (select id from executions where tenant_id = $1 and");
    key.narrow(&mut sql);
    sql.push(" and delayed = true and run_after is null and id < ")
        .bind(id);
    sql.push(" limit 1) as w) as waiting");
    let row: Option<Others> = tx.one(sql).await?;
    Ok(row.unwrap_or(Others {
        active: 0,
        waiting: 0,
    }))
}

#[derive(FromRow)]
struct NextRow {
    id: Uuid,
    seat_limit: i64,
}
