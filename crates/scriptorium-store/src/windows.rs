//! Windows: of events about the same thing that follow each other closely, only the last one starts a
//! script (debounce). Each is delivered, and its execution waits for the end of the window; the next one
//! ends it as superseded and waits instead. So every event has run, or is on record as superseded.

use std::time::Duration;

use scriptorium_model::execution::Execution;
use scriptorium_model::trigger::window_due;
use scriptorium_model::{Timestamp, Uuid};

use crate::db::{FromRow, Micros, Tx};
use crate::error::Result;
use crate::seats::cancelled;
use crate::system::queue::ended;

/// Lets executions that were inserted just now take the place of those before them in their windows;
/// which those were.
pub(crate) async fn follow_all(
    tx: &Tx,
    executions: &[&Execution],
    now: Timestamp,
) -> Result<Vec<Execution>> {
    let mut in_order: Vec<&&Execution> = executions.iter().collect();
    in_order.retain(|execution| execution.window.is_some());
    in_order.sort_by_key(|execution| execution.id);
    let mut gone = Vec::new();
    for execution in in_order {
        follow(tx, execution, now, &mut gone).await?;
    }
    Ok(gone)
}

async fn follow(
    tx: &Tx,
    execution: &Execution,
    now: Timestamp,
    gone: &mut Vec<Execution>,
) -> Result<()> {
    let (Some(window), Some(quiet)) = (&execution.window, execution.terms.run_after) else {
        return Ok(());
    };
    let (tenant, id) = (execution.tenant, execution.id.0);
    let find = tx.sql_of(
        tenant,
        "select id, window_from from executions where tenant_id = $1 and script_id = $2 \
         and window_key = $3 and window_key is not null and status = 'pending' and id < $4",
    );
    let find = find.with([
        execution.script.0.into(),
        window.key.as_str().into(),
        id.into(),
    ]);
    let before: Vec<BeforeRow> = tx.all(find).await?;
    let Some(first) = before.iter().map(|row| row.window_from.0).min() else {
        return Ok(());
    };
    for row in before {
        let message = "a later event about the same came before the script was to run";
        let mut sql = cancelled(tx, tenant, "platform.superseded", message.into(), now);
        sql.push(" and id = ").bind(row.id);
        gone.extend(ended(tx, sql).await?);
    }
    let wait = Duration::try_from(quiet.duration_since(window.from)).unwrap_or_default();
    let due = window_due(wait, Micros(first).into(), window.from);
    let sql = tx.sql_of(
        tenant,
        "update executions set window_from = $3, run_after = $4 where tenant_id = $1 and id = $2",
    );
    let due = Micros::from(due);
    tx.execute(sql.with([id.into(), Micros(first).into(), due.into()]))
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct BeforeRow {
    id: Uuid,
    window_from: Micros,
}
