//! Reading and writing the tenant's business tables from the services: the few statements they
//! share, and how a failing table looks to a script. The platform sees to the tenant.

use std::sync::mpsc;

use scriptorium::model::{Ctx, Invalid, Timestamp, Uuid};
use scriptorium::tenant_data::{DataTx, Outgoing};
use scriptorium::{ServiceCall, ServiceError, TenantData};
use serde_json::{Map, Value, json};

use crate::listing::Listing;

/// A row by column names.
pub(crate) type Row = Map<String, Value>;

/// The tables inside one transaction.
pub(crate) struct Tables<'a>(&'a DataTx<'a>);

/// Does `work` in one transaction, which is undone when it refuses.
pub(crate) async fn within(
    call: &ServiceCall,
    work: impl FnOnce(&mut Tables<'_>) -> Result<Value, ServiceError> + Send + 'static,
) -> Result<Value, ServiceError> {
    transact(&call.data, &call.ctx, work).await
}

/// Does `work` in one transaction of the tenant of `ctx`, which is undone when it refuses.
pub(crate) async fn transact<T: Send + 'static>(
    data: &TenantData,
    ctx: &Ctx,
    work: impl FnOnce(&mut Tables<'_>) -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    // The transaction is undone by an error of its own, beside which the refusal travels.
    let (sender, receiver) = mpsc::channel();
    let done = data.transaction(ctx, move |transaction| {
        work(&mut Tables(transaction)).map_err(|refusal| {
            let _ = sender.send(refusal);
            Invalid::field("service", "refused", "was refused").into()
        })
    });
    let done = done.await;
    done.map_err(|error| receiver.try_recv().unwrap_or_else(|_| unavailable(error)))
}

/// Answers a `list` call.
pub(crate) async fn list(call: &ServiceCall, listing: &Listing) -> Result<Value, ServiceError> {
    let statement = listing.statement(call.arg(0))?;
    within(call, move |tables| {
        let rows = tables.select(&statement.sql, statement.parameters)?;
        Ok(Value::Array(rows.into_iter().map(Value::Object).collect()))
    })
    .await
}

impl Tables<'_> {
    /// The rows of a query.
    pub(crate) fn select(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, ServiceError> {
        self.0.query(sql, &parameters).map_err(unavailable)
    }

    /// The first row of a query.
    pub(crate) fn first(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Option<Row>, ServiceError> {
        Ok(self.select(sql, parameters)?.into_iter().next())
    }

    /// Changes rows and says how many.
    pub(crate) fn execute(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<u64, ServiceError> {
        self.0.execute(sql, &parameters).map_err(unavailable)
    }

    /// The row of an id.
    pub(crate) fn find(&mut self, table: &str, id: Uuid) -> Result<Option<Row>, ServiceError> {
        let sql = format!("SELECT * FROM {table} WHERE id = $1");
        self.first(&sql, vec![json!(id)])
    }

    /// How many rows a table has.
    pub(crate) fn count(&mut self, table: &str) -> Result<i64, ServiceError> {
        let sql = format!("SELECT COUNT(*) AS total FROM {table}");
        let row = self.first(&sql, Vec::new())?;
        Ok(row.map_or(0, |row| number(&row, "total")))
    }

    /// Adds a row. Table and columns are names of ours.
    pub(crate) fn insert(&mut self, table: &str, row: &Row) -> Result<(), ServiceError> {
        let columns: Vec<&str> = row.keys().map(String::as_str).collect();
        let places: Vec<String> = (1..=columns.len())
            .map(|place| format!("${place}"))
            .collect();
        let places = places.join(", ");
        let columns = columns.join(", ");
        let sql = format!("INSERT INTO {table} ({columns}) VALUES ({places})");
        self.execute(&sql, row.values().cloned().collect())?;
        Ok(())
    }

    /// Changes columns of the row of an id. Table and columns are names of ours.
    pub(crate) fn update(
        &mut self,
        table: &str,
        id: Uuid,
        change: &Row,
    ) -> Result<bool, ServiceError> {
        let columns: Vec<String> = (2..)
            .zip(change.keys())
            .map(|(place, name)| format!("{name} = ${place}"))
            .collect();
        let sql = format!("UPDATE {table} SET {} WHERE id = $1", columns.join(", "));
        let id = json!(id);
        let parameters = [&id].into_iter().chain(change.values()).cloned().collect();
        Ok(self.execute(&sql, parameters)? > 0)
    }

    /// Publishes what happened to the thing of an id: scripts hear of it when the rows are kept, and never
    /// otherwise. Those that ask for it are told of one thing in the order in which it happened.
    pub(crate) fn publish(&mut self, kind: &str, id: Uuid, what: &Row) -> Result<(), ServiceError> {
        let event = Outgoing::new(kind, what).map_err(unavailable)?;
        let published = self.0.publish_event(event.keyed(id.to_string()));
        published.map(drop).map_err(|error| match error.invalid() {
            Some(invalid) => ServiceError::new("EVENT_LOOP", invalid.to_string()),
            None => unavailable(error),
        })
    }

    /// Removes the row of an id.
    pub(crate) fn delete(&mut self, table: &str, id: Uuid) -> Result<bool, ServiceError> {
        let sql = format!("DELETE FROM {table} WHERE id = $1");
        Ok(self.execute(&sql, vec![json!(id)])? > 0)
    }
}

/// A row, or `null` for none.
pub(crate) fn optional(row: Result<Option<Row>, ServiceError>) -> Result<Value, ServiceError> {
    Ok(row?.map_or(Value::Null, Value::Object))
}

/// A text column; empty when it is null.
pub(crate) fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).and_then(Value::as_str).unwrap_or_default()
}

/// A column of whole numbers; zero when it is null.
pub(crate) fn number(row: &Row, column: &str) -> i64 {
    row.get(column).and_then(Value::as_i64).unwrap_or_default()
}

/// A column of ids.
pub(crate) fn id(row: &Row, column: &str) -> Result<Uuid, ServiceError> {
    text(row, column).parse().map_err(|_| unreadable(column))
}

/// A column of instants.
pub(crate) fn instant(row: &Row, column: &str) -> Result<Timestamp, ServiceError> {
    text(row, column).parse().map_err(|_| unreadable(column))
}

/// An instant as the tables hold it: with as many digits as any other, so that the texts sort by
/// time, and as JavaScript writes it.
pub(crate) fn written(instant: Timestamp) -> String {
    format!("{instant:.3}")
}

/// The later of two rows' instants; null when neither has one.
pub(crate) fn newer(one: &Row, other: &Row, column: &str) -> Value {
    let instants = [one, other]
        .into_iter()
        .filter_map(|row| instant(row, column).ok());
    json!(instants.max().map(written))
}

/// What went wrong in a table is for the operator's log, not for the script.
fn unavailable(error: impl std::error::Error) -> ServiceError {
    tracing::error!(%error, "a business table failed");
    ServiceError::new("SERVICE_ERROR", "the business tables are not available")
}

fn unreadable(column: &str) -> ServiceError {
    ServiceError::new("SERVICE_ERROR", format!("column {column} is not readable"))
}
