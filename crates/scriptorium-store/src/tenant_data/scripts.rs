//! The tenants' tables as scripts reach them: the tables that are open to them, statements that were
//! checked, answers with bounds, and an end whenever nobody waits any more.

use scriptorium_model::storage::Batch;
use scriptorium_model::{Ctx, Invalid, Uuid};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::statement::{Conditions, Find, Statement, Upsert};
use super::{Bounds, DataTx, Inside, Place, Row, STATEMENT, Table, TenantData};
use crate::db::postgres::Access;
use crate::error::Result;

/// What scripts may ask of the business tables. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ScriptData {
    data: TenantData,
    only_reads: bool,
}

/// What a script asks, checked.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// One statement.
    One(Statement),
    /// A row that is changed where it is, and made where it is not.
    Upsert(Box<Upsert>),
}

/// What a statement gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Rows.
    Rows(Vec<Row>),
    /// How many rows it changed.
    Changed(u64),
}

/// The statements of one transaction of a script.
pub struct ScriptTx<'a> {
    tx: &'a DataTx<'a>,
    only_reads: bool,
}

impl TenantData {
    /// The tables as scripts reach them.
    pub fn for_scripts(&self) -> ScriptData {
        ScriptData {
            data: self.clone(),
            only_reads: false,
        }
    }
}

impl Ask {
    /// The table whose rows it changes.
    pub fn writes(&self) -> Option<&str> {
        match self {
            Self::One(statement) => statement.writes(),
            Self::Upsert(upsert) => Some(upsert.table()),
        }
    }

    /// What it does, in short and for people.
    pub fn summary(&self) -> String {
        let statement = self.last();
        let params = Value::from(statement.params.clone());
        format!("{} {params}", statement.shown)
    }

    /// What would be answered when it was not done: rows that are not there, or that none was changed.
    pub fn without_doing(&self) -> Answer {
        let statement = self.last();
        match &statement.given {
            Some(rows) => Answer::Rows(rows.clone()),
            None if statement.gives_rows => Answer::Rows(Vec::new()),
            None => Answer::Changed(0),
        }
    }

    fn last(&self) -> &Statement {
        match self {
            Self::One(statement) => statement,
            Self::Upsert(upsert) => &upsert.insert,
        }
    }

    /// The tables whose rows it reads.
    pub fn reads(&self) -> Vec<&str> {
        match self {
            Self::One(statement) => statement.reads().collect(),
            Self::Upsert(_) => Vec::new(),
        }
    }
}

impl ScriptData {
    /// The same for a script that only reads: it changes nothing, and is sent to a replica while there is one that
    /// is well. Its transactions see everything as it was at their first statement, and keep nobody from writing.
    #[must_use]
    pub fn reading(self) -> Self {
        Self {
            only_reads: true,
            ..self
        }
    }

    /// The tables that are open to scripts.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.data.names.tables()
    }

    /// A table that is open to scripts.
    ///
    /// # Errors
    /// `Invalid` on `table`.
    pub fn table(&self, name: &str) -> Result<&Table> {
        self.data.names.table(name)
    }

    /// A statement as text, with the values of `$1`, `$2`, … or `?`.
    ///
    /// # Errors
    /// `Invalid` on `sql`, with the code `forbidden` for what no script may ask; on `params`; on
    /// `table` for one that scripts do not change.
    pub fn statement(&self, sql: &str, params: Vec<Value>) -> Result<Ask> {
        self.data.names.read(sql, params).map(Ask::One)
    }

    /// The rows that meet conditions.
    ///
    /// # Errors
    /// `Invalid` on the table, column or option.
    pub fn find(&self, table: &str, conditions: &Conditions, find: &Find) -> Result<Ask> {
        self.data.names.find(table, conditions, find).map(Ask::One)
    }

    /// How many rows meet conditions: one row with `n`.
    ///
    /// # Errors
    /// As for [`ScriptData::find`].
    pub fn count(&self, table: &str, conditions: &Conditions) -> Result<Ask> {
        self.data.names.count(table, conditions).map(Ask::One)
    }

    /// New rows, which are given back. Keys that are UUIDs may be left out, and are made of `ids`.
    ///
    /// # Errors
    /// As for [`ScriptData::find`].
    pub fn insert(
        &self,
        table: &str,
        rows: Vec<Map<String, Value>>,
        mut ids: impl FnMut() -> Uuid,
    ) -> Result<Ask> {
        let id = || ids().to_string();
        self.data.names.insert(table, rows, id).map(Ask::One)
    }

    /// Changes the rows that meet conditions.
    ///
    /// # Errors
    /// As for [`ScriptData::find`]; conditions that all rows meet.
    pub fn update(
        &self,
        table: &str,
        conditions: &Conditions,
        data: Map<String, Value>,
    ) -> Result<Ask> {
        self.data
            .names
            .update(table, conditions, data)
            .map(Ask::One)
    }

    /// Changes the row of a key, or makes it; it is given back.
    ///
    /// # Errors
    /// As for [`ScriptData::find`].
    pub fn upsert(
        &self,
        table: &str,
        data: Map<String, Value>,
        on: &[String],
        mut ids: impl FnMut() -> Uuid,
    ) -> Result<Ask> {
        let id = || ids().to_string();
        let upsert = self.data.names.upsert(table, data, on, id)?;
        Ok(Ask::Upsert(Box::new(upsert)))
    }

    /// Removes the rows that meet conditions.
    ///
    /// # Errors
    /// As for [`ScriptData::update`].
    pub fn delete(&self, table: &str, conditions: &Conditions) -> Result<Ask> {
        self.data.names.delete(table, conditions).map(Ask::One)
    }

    /// Asks. What nobody waits for any more, because this was dropped or `stop` says so, is
    /// interrupted.
    ///
    /// # Errors
    /// `Invalid` on `sql` or `params` for what the database refuses, with the codes `timeout`,
    /// `too_many_rows`, `too_large` and `stopped`; `Conflict` for a key that is taken.
    pub async fn ask(
        &self,
        ctx: &Ctx,
        ask: Ask,
        bounds: Bounds,
        stop: CancellationToken,
    ) -> Result<Answer> {
        check(self.only_reads, &ask)?;
        let only_reads = self.only_reads;
        // What is not asked of a file is large as a future, and would be moved with what is.
        let statement = match ask {
            Ask::One(statement) => statement,
            Ask::Upsert(_) => {
                let work = move |tx: &ScriptTx<'_>| tx.ask(&ask, bounds);
                return Box::pin(self.transaction(ctx, stop, work)).await;
            }
        };
        match self.data.place.clone() {
            Place::Files(files) => {
                // A drop of this stops it, too.
                let stop = stop.child_token();
                let _guard = stop.clone().drop_guard();
                let reads_briefly = statement.brief && statement.writes().is_none();
                let work = move |file: &super::Connection| {
                    file.as_script(|file| {
                        let (text, params) = (&statement.text, &statement.params);
                        if statement.gives_rows {
                            // A change that gives too many rows has been made by then.
                            return if statement.writes().is_some() {
                                file.transaction(|file| file.query_bounded(text, params, bounds))
                            } else {
                                file.query_bounded(text, params, bounds)
                            }
                            .map(Answer::Rows);
                        }
                        file.execute(text, params).map(Answer::Changed)
                    })
                };
                if reads_briefly {
                    files.ask(ctx.tenant, STATEMENT, stop, work).await
                } else {
                    files.until(ctx.tenant, STATEMENT, stop, work).await
                }
            }
            Place::Joined(joined) => {
                let ask = Ask::One(statement);
                let work = move |tx: &DataTx<'_>| ScriptTx { tx, only_reads }.ask(&ask, bounds);
                Box::pin(joined.transaction(ctx, work)).await
            }
            Place::Server(server) => {
                let asked = Box::pin(async {
                    let (text, params) = (&statement.text, &statement.params);
                    if !statement.gives_rows {
                        let changed = server.execute_dropped(ctx.tenant, text, params).await?;
                        return Ok(Answer::Changed(changed));
                    }
                    let writes = statement.writes().is_some();
                    let text = bounded(text, writes, bounds);
                    if only_reads {
                        let rows = server.query_reading(ctx.tenant, &text, params, bounds);
                        return rows.await.map(Answer::Rows);
                    }
                    let rows = server.query_bounded(ctx.tenant, writes, &text, params, bounds);
                    rows.await.map(Answer::Rows)
                });
                let asked = stop.run_until_cancelled(asked).await;
                asked.unwrap_or_else(|| Err(super::stopped()))
            }
        }
    }

    /// Runs a closure whose statements commit together, or not at all when it fails or is stopped. It
    /// runs on a thread for blocking work, one transaction of a tenant at a time.
    ///
    /// # Errors
    /// Those of the closure, and of committing.
    pub async fn transaction<T, F>(&self, ctx: &Ctx, stop: CancellationToken, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&ScriptTx<'_>) -> Result<T> + Send + 'static,
    {
        let (asked, only_reads) = (stop.clone(), self.only_reads);
        let access = match only_reads {
            true => Access::Read,
            false => Access::Write,
        };
        let work = move |tx: &DataTx<'_>| {
            let done = work(&ScriptTx { tx, only_reads })?;
            if asked.is_cancelled() {
                return Err(super::stopped());
            }
            Ok(done)
        };
        self.data.transaction_until(ctx, access, stop, work).await
    }
}

impl ScriptTx<'_> {
    /// Asks within the transaction. What is refused leaves nothing behind, and the next may be asked.
    ///
    /// # Errors
    /// As for [`ScriptData::ask`].
    pub fn ask(&self, ask: &Ask, bounds: Bounds) -> Result<Answer> {
        check(self.only_reads, ask)?;
        match ask {
            Ask::One(statement) => self.one(statement, bounds),
            Ask::Upsert(upsert) => match self.one(&upsert.update, bounds)? {
                Answer::Rows(rows) if rows.is_empty() => self.one(&upsert.insert, bounds),
                found => Ok(found),
            },
        }
    }

    /// Keeps what the transaction has read and written of storage with its rows: the last that it does.
    ///
    /// # Errors
    /// `Invalid` on `storage` (`changed`) when something that it read is not so any more, on `value` (`quota`)
    /// for more than the tenant may have. Nothing of the transaction may be kept then.
    pub fn keep_entries(&self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        self.tx.keep_entries(batch)
    }

    fn one(&self, statement: &Statement, bounds: Bounds) -> Result<Answer> {
        let (text, params) = (&statement.text, &statement.params);
        match self.tx.inside {
            Inside::File(file) => file.as_script(|file| {
                if statement.gives_rows && statement.writes().is_some() {
                    // A change that gives too many rows has been made by then.
                    file.nested(|| file.query_bounded(text, params, bounds))
                        .map(Answer::Rows)
                } else if statement.gives_rows {
                    file.query_bounded(text, params, bounds).map(Answer::Rows)
                } else {
                    file.execute(text, params).map(Answer::Changed)
                }
            }),
            Inside::Server(running) => {
                if statement.gives_rows {
                    let text = bounded(text, statement.writes().is_some(), bounds);
                    running.query(&text, params, bounds).map(Answer::Rows)
                } else {
                    running.execute(text, params).map(Answer::Changed)
                }
            }
        }
    }
}

/// Refuses what a script that only reads would change, before anybody is asked.
fn check(only_reads: bool, ask: &Ask) -> Result<()> {
    match ask.writes() {
        Some(table) if only_reads => {
            let message = format!("{table} is read by this script, not changed");
            Err(Invalid::field("table", "forbidden", message).into())
        }
        _ => Ok(()),
    }
}

/// PostgreSQL sends all rows once it has begun: it is told to stop after the one that is too many.
fn bounded(text: &str, writes: bool, bounds: Bounds) -> String {
    if writes || bounds == Bounds::NONE {
        return text.to_owned();
    }
    let most = bounds.rows.saturating_add(1);
    format!("select * from ({text}) as bounded limit {most}")
}
