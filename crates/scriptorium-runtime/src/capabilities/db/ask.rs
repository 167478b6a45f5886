//! The calls of `db` but the transaction's: from arguments to a checked statement, and from its answer
//! to what a script gets.

use std::sync::Arc;

use scriptorium_engine::{HostError, Reply};
use scriptorium_model::effect::EffectKind;
use scriptorium_model::permission::Permission;
use scriptorium_store::Error;
use scriptorium_store::tenant_data::{
    self, Answer, Ask, Bounds, ColumnType, Find, Row, ScriptData, Table,
};
use serde_json::{Map, Value, json};

use super::super::args::Args;
use super::super::{invalid, store_failed};
use crate::host::Run;

pub(super) const TEXT_BYTES: usize = tenant_data::TEXT_BYTES;

/// Most rows (R-JDB-11) and bytes that a statement gives.
const BOUNDS: Bounds = Bounds {
    rows: 1_000,
    bytes: 4 << 20,
};
/// Beyond it a number of JavaScript is not exact.
const EXACT: i64 = (1 << 53) - 1;

type Made = Result<Ask, HostError>;

pub(super) fn query(run: &Arc<Run>, mut args: Args) -> Reply {
    let ask = statement(run, &mut args);
    answer(run, ask, |answer| rows(answer).map(Value::from))
}

pub(super) fn query_one(run: &Arc<Run>, mut args: Args) -> Reply {
    let ask = statement(run, &mut args);
    answer(run, ask, |answer| Ok(first(rows(answer)?)))
}

pub(super) fn execute(run: &Arc<Run>, mut args: Args) -> Reply {
    let ask = statement(run, &mut args).and_then(|ask| match ask.writes() {
        Some(_) => Ok(ask),
        None => Err(invalid("sql", "gives rows: ask for them by db.query")),
    });
    answer(run, ask, changed)
}

pub(super) fn find_one(run: &Arc<Run>, mut args: Args) -> Reply {
    let ask = find(run, &mut args, Some(1));
    answer(run, ask, |answer| Ok(first(rows(answer)?)))
}

pub(super) fn find_many(run: &Arc<Run>, mut args: Args) -> Reply {
    let ask = find(run, &mut args, None);
    answer(run, ask, |answer| rows(answer).map(Value::from))
}

pub(super) fn count(run: &Arc<Run>, mut args: Args) -> Reply {
    let table = args.text(0).unwrap_or_default();
    let conditions = args.json(1).to_value();
    let ask = data(run).count(&table, &conditions).map_err(refused);
    answer(run, ask, |answer| {
        let row = first(rows(answer)?);
        Ok(row.get("n").cloned().unwrap_or_default())
    })
}

pub(super) fn insert(run: &Arc<Run>, mut args: Args) -> Reply {
    let table = args.text(0).unwrap_or_default();
    let (list, several) = match args.json(1).to_value() {
        Value::Array(list) => (list, true),
        one => (vec![one], false),
    };
    let ask = list
        .into_iter()
        .map(|row| object(row, "data"))
        .collect::<Result<Vec<_>, _>>()
        .and_then(|rows| {
            let ids = || run.world.ambient.new_id();
            data(run).insert(&table, rows, ids).map_err(refused)
        });
    answer(run, ask, move |answer| {
        let rows = rows(answer)?;
        Ok(if several { rows.into() } else { first(rows) })
    })
}

pub(super) fn update(run: &Arc<Run>, mut args: Args) -> Reply {
    let table = args.text(0).unwrap_or_default();
    let conditions = args.json(1).to_value();
    let ask = object(args.json(2).to_value(), "data").and_then(|row| {
        let ask = data(run).update(&table, &conditions, row);
        ask.map_err(refused)
    });
    answer(run, ask, changed)
}

pub(super) fn upsert(run: &Arc<Run>, mut args: Args) -> Reply {
    let table = args.text(0).unwrap_or_default();
    let row = object(args.json(1).to_value(), "data");
    let options = args.object(2);
    let ask = row.and_then(|row| {
        known(&options, &["on"])?;
        let on = names(options.get("on"), "options.on")?;
        let ids = || run.world.ambient.new_id();
        data(run).upsert(&table, row, &on, ids).map_err(refused)
    });
    answer(run, ask, |answer| Ok(first(rows(answer)?)))
}

pub(super) fn delete(run: &Arc<Run>, mut args: Args) -> Reply {
    let table = args.text(0).unwrap_or_default();
    let conditions = args.json(1).to_value();
    let ask = data(run).delete(&table, &conditions).map_err(refused);
    answer(run, ask, changed)
}

pub(super) fn tables(run: &Run, _: Args) -> Result<String, HostError> {
    let data = data(run);
    let readable = data.tables().filter(|table| may(run, table, false).is_ok());
    let tables: Vec<Value> = readable
        .map(|table| {
            let columns: Vec<Value> = table
                .columns
                .iter()
                .map(|column| {
                    let mut told = json!({
                        "name": column.name,
                        "type": column.ty.as_str(),
                        "nullable": column.nullable,
                        "unique": column.unique,
                    });
                    if let ColumnType::Decimal { precision, scale } = column.ty {
                        told["precision"] = precision.into();
                        told["scale"] = scale.into();
                    }
                    told
                })
                .collect();
            json!({
                "name": table.name,
                "columns": columns,
                "key": table.key,
                "writable": may(run, table, true).is_ok(),
            })
        })
        .collect();
    Ok(Value::from(tables).to_string())
}

pub(super) fn data(run: &Run) -> ScriptData {
    let data = run.data().for_scripts();
    if run.job.definition.only_reads() {
        data.reading()
    } else {
        data
    }
}

fn statement(run: &Run, args: &mut Args) -> Made {
    let sql = args.text(0).unwrap_or_default();
    let params = match args.json(1).to_value() {
        Value::Null => Vec::new(),
        Value::Array(params) => params,
        _ => return Err(invalid("params", "must be a list of values")),
    };
    data(run).statement(&sql, params).map_err(refused)
}

fn find(run: &Run, args: &mut Args, most: Option<u64>) -> Made {
    let table = args.text(0).unwrap_or_default();
    let conditions = args.json(1).to_value();
    let options = args.object(2);
    known(&options, &["orderBy", "limit", "offset", "select"])?;
    let find = Find {
        select: names(options.get("select"), "options.select")?,
        order_by: order(options.get("orderBy"))?,
        limit: most.or(whole(options.get("limit"), "options.limit", 1, 1_000)?),
        offset: whole(options.get("offset"), "options.offset", 0, 1_000_000)?.unwrap_or(0),
    };
    let ask = data(run).find(&table, &conditions, &find);
    ask.map_err(refused)
}

/// Asks as the run's principal, within its transaction when there is one.
fn answer(
    run: &Arc<Run>,
    ask: Made,
    give: impl FnOnce(Answer) -> Result<Value, HostError> + Send + 'static,
) -> Reply {
    let ask = ask.and_then(|ask| {
        permitted(run, &ask)?;
        Ok(ask)
    });
    let ask = match ask {
        Ok(ask) => ask,
        Err(error) => return Reply::Ready(Err(error)),
    };
    if run.is_dry() && ask.writes().is_some() {
        return Reply::Ready(intended(run, &ask).and_then(|answer| {
            let given = give(answer)?;
            Ok(given.to_string())
        }));
    }
    // In the order of the calls, which that of the tasks is not.
    let asked = run.database.ask(run, ask, BOUNDS);
    run.later(async move {
        let answer = asked.await?;
        give(answer).map(|value| value.to_string())
    })
}

/// What a dry run is given for a change that it does not make: the rows it would have added, no row
/// changed.
fn intended(run: &Run, ask: &Ask) -> Result<Answer, HostError> {
    let table = ask.writes().unwrap_or_default();
    run.intend(EffectKind::Db, table, &ask.summary())?;
    Ok(ask.without_doing())
}

/// What it takes to read a table, and to change its rows.
fn permitted(run: &Run, ask: &Ask) -> Result<(), HostError> {
    let data = data(run);
    let table = |name: &str| data.table(name).map_err(refused);
    for name in ask.reads() {
        if Some(name) != ask.writes() {
            may(run, table(name)?, false)?;
        }
    }
    match ask.writes() {
        Some(name) => may(run, table(name)?, true),
        None => Ok(()),
    }
}

fn may(run: &Run, table: &Table, change: bool) -> Result<(), HostError> {
    let scripts = table.scripts.as_ref();
    let (ours, theirs) = if change {
        let theirs = scripts.and_then(|scripts| scripts.write_permission.as_deref());
        (Permission::DbWrite, theirs)
    } else {
        let theirs = scripts.and_then(|scripts| scripts.read_permission.as_deref());
        (Permission::DbRead, theirs)
    };
    if change && run.job.definition.only_reads() {
        let message = format!(
            "{} is read by this script, not changed: its setting database is replica",
            table.name
        );
        return Err(HostError {
            field: Some("table".to_owned()),
            ..HostError::new("UNAUTHORIZED_OPERATION", message)
        });
    }
    let open = scripts.is_some_and(|scripts| scripts.write || !change);
    if !open {
        let message = format!("{} is read by scripts, not changed", table.name);
        return Err(HostError {
            field: Some("table".to_owned()),
            ..HostError::new("UNAUTHORIZED_OPERATION", message)
        });
    }
    for name in std::iter::once(ours.as_str()).chain(theirs) {
        run.require(name, || {
            let verb = if change { "to change" } else { "to read" };
            format!("{verb} {}", table.name)
        })?;
    }
    Ok(())
}

/// Why the store did not do it, in the words of scripts.
pub(super) fn refused(error: Error) -> HostError {
    match error {
        Error::Invalid(found) => {
            let Some(first) = found.errors.into_iter().next() else {
                return HostError::new("VALIDATION_ERROR", "the call was refused");
            };
            let code = match first.code {
                "timeout" => "QUERY_TIMEOUT",
                "too_many_rows" | "too_large" => "ROW_LIMIT",
                "forbidden" => "UNAUTHORIZED_OPERATION",
                "unknown_table" => "NOT_FOUND",
                "changed" => "CONFLICT",
                "quota" => "QUOTA_EXCEEDED",
                _ => "VALIDATION_ERROR",
            };
            HostError {
                field: Some(first.field.clone()),
                ..HostError::new(code, format!("{} {}", first.field, first.message))
            }
        }
        Error::Conflict { .. } => HostError::new(
            "CONFLICT",
            "there is a row with this key or unique value already",
        ),
        error => store_failed(&error),
    }
}

fn rows(answer: Answer) -> Result<Vec<Value>, HostError> {
    match answer {
        Answer::Rows(rows) => Ok(rows.into_iter().map(given).collect()),
        Answer::Changed(_) => Err(invalid(
            "sql",
            "gives no rows: use db.execute, or add returning",
        )),
    }
}

fn changed(answer: Answer) -> Result<Value, HostError> {
    Ok(match answer {
        Answer::Changed(count) => count.into(),
        Answer::Rows(rows) => rows.len().into(),
    })
}

fn first(rows: Vec<Value>) -> Value {
    rows.into_iter().next().unwrap_or_default()
}

/// A row with whole numbers that JavaScript cannot hold as text.
fn given(row: Row) -> Value {
    row.into_iter()
        .map(|(name, value)| match value.as_i64() {
            Some(number) if number.abs() > EXACT => (name, number.to_string().into()),
            _ => (name, value),
        })
        .collect::<Map<_, _>>()
        .into()
}

fn object(value: Value, field: &str) -> Result<Map<String, Value>, HostError> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(invalid(field, "must be an object of columns and values")),
    }
}

fn known(options: &Map<String, Value>, names: &[&str]) -> Result<(), HostError> {
    match options.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(_) => Err(invalid(
            "options",
            format!("may have {} only", names.join(", ")),
        )),
    }
}

fn names(value: Option<&Value>, field: &str) -> Result<Vec<String>, HostError> {
    let refuse = || invalid(field, "must be a list of columns");
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= 100 => list
            .iter()
            .map(|name| name.as_str().map(str::to_owned).ok_or_else(refuse))
            .collect(),
        Some(_) => Err(refuse()),
    }
}

/// `"name"`, `"-name"`, `{ name: "desc" }`, or a list of those.
fn order(value: Option<&Value>) -> Result<Vec<(String, bool)>, HostError> {
    let refuse = || {
        invalid(
            "options.orderBy",
            "must be a column, { column: \"asc\" } or { column: \"desc\" }, or a list of them",
        )
    };
    let mut found = Vec::new();
    let list = match value {
        None | Some(Value::Null) => return Ok(found),
        Some(Value::Array(list)) if list.len() <= 20 => list.as_slice(),
        Some(Value::Array(_)) => return Err(refuse()),
        Some(one) => std::slice::from_ref(one),
    };
    for one in list {
        match one {
            Value::String(name) => found.push(match name.strip_prefix('-') {
                Some(name) => (name.to_owned(), true),
                None => (name.clone(), false),
            }),
            Value::Object(columns) => {
                for (name, direction) in columns {
                    let down = match direction.as_str() {
                        Some("asc") => false,
                        Some("desc") => true,
                        _ => return Err(refuse()),
                    };
                    found.push((name.clone(), down));
                }
            }
            _ => return Err(refuse()),
        }
    }
    Ok(found)
}

fn whole(value: Option<&Value>, field: &str, min: u64, max: u64) -> Result<Option<u64>, HostError> {
    let value = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value,
    };
    match value.as_u64() {
        Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
        _ => Err(invalid(
            field,
            format!("must be a whole number, {min} to {max}"),
        )),
    }
}
