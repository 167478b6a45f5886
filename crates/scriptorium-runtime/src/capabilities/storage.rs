//! `storage`: the tenant's key-value store, shared by all scripts of the tenant (R-JSTO).

mod within;

use std::sync::Arc;
use std::time::Duration;

use scriptorium_engine::{HostError, Reply};
use scriptorium_model::Timestamp;
use scriptorium_model::storage::{Change, Changed, KEY_BYTES, Kept, VALUE_BYTES, validate_key};
use serde_json::{Value, json};

use self::within::Place;
use super::args::{Args, Check, Param, optional, required};
use super::{Binding, Capability, invalid, store_failed};
use crate::host::Run;

pub(crate) use self::within::{Entries, Waiting};

/// Most keys that are removed at once.
const KEYS: usize = 100;
/// Entries of a list, unless it says how many, and at most.
const LISTED: i64 = 50;
const LISTED_MOST: i64 = 200;
/// The largest step of `increment`, and the largest number that is exact in JavaScript.
const EXACT: f64 = 9_007_199_254_740_991.0;
/// Longest time to live: ten years.
const TTL_SECONDS: i64 = 10 * 366 * 86_400;
pub(super) const TTL: Param = optional("ttlSeconds", "number", Check::Integer(1, TTL_SECONDS));
pub(super) const DELTA: Param = optional("delta", "number", Check::Json(40));
pub(super) const KEY: Param = required("key", "string", Check::Text(KEY_BYTES));

pub(super) const CAPABILITY: Capability = Capability {
    name: "storage",
    doc: "Values kept for the tenant, shared by all its scripts. What is changed while db.transaction is open is kept with it or not at all, and it commits only if what it has read of storage is still so (CONFLICT).",
    bindings: &[
        Binding::io(
            "storage.get",
            "<T = any>",
            &[KEY],
            "Promise<T | null>",
            "The value of a key; null when there is none or its time is over.",
            get,
        ),
        Binding::io(
            "storage.set",
            "",
            &[
                KEY,
                required("value", "unknown", Check::Json(VALUE_BYTES)),
                TTL,
            ],
            "Promise<boolean>",
            "Keeps a JSON value of at most 256 KiB, for good or for a number of seconds. A tenant has a quota of entries and bytes (QUOTA_EXCEEDED).",
            set,
        ),
        Binding::io(
            "storage.delete",
            "",
            &[required(
                "key",
                "string | string[]",
                Check::Json(KEYS * (6 * KEY_BYTES + 3)),
            )],
            "Promise<boolean>",
            "Removes a key, or a list of at most 100; false when there was none.",
            delete,
        ),
        Binding::io(
            "storage.exists",
            "",
            &[KEY],
            "Promise<boolean>",
            "Whether there is a value, and its time is not over.",
            exists,
        ),
        Binding::io(
            "storage.list",
            "<T = any>",
            &[
                optional("prefix", "string", Check::Text(KEY_BYTES)),
                optional(
                    "options",
                    "{ limit?: number; cursor?: string | null }",
                    Check::Object,
                ),
            ],
            "Promise<StorageList<T>>",
            "The entries whose keys begin so, in the order of their keys: 50, or options.limit of at most 200, and at most 2 MiB. nextCursor is for the next ones, and null at the end.",
            list,
        ),
        Binding::io(
            "storage.compareAndSet",
            "",
            &[
                KEY,
                required("expected", "unknown", Check::Json(VALUE_BYTES)),
                required("value", "unknown", Check::Json(VALUE_BYTES)),
                TTL,
            ],
            "Promise<boolean>",
            "Keeps a value if the expected one is there, with nothing in between; false when another is. null stands for none on either side.",
            compare_and_set,
        ),
        Binding::io(
            "storage.increment",
            "",
            &[KEY, DELTA, TTL],
            "Promise<number>",
            "Adds to the number of a key, 1 unless it is said, with nothing in between, and gives the sum; a key that was not there begins with 0, and lives for the seconds.",
            increment,
        ),
        Binding::io(
            "storage.expire",
            "",
            &[KEY, TTL],
            "Promise<boolean>",
            "Lets a key live for a number of seconds from now, or for good without; false when it is not there.",
            expire,
        ),
    ],
};

fn get(run: &Arc<Run>, mut args: Args) -> Reply {
    let (this, place) = (run.clone(), Place::of(run));
    run.later(async move {
        let key = key(&mut args)?;
        let kept = place.turn(&this).await?.look(&key).await?;
        Ok(kept.map_or_else(|| "null".to_owned(), |kept| kept.value.as_str().to_owned()))
    })
}

fn set(run: &Arc<Run>, mut args: Args) -> Reply {
    if let Err(refusal) = in_transaction(run) {
        return Reply::Ready(Err(refusal));
    }
    let (this, place) = (run.clone(), Place::of(run));
    run.later(async move {
        let key = key(&mut args)?;
        let kept = Kept {
            value: args.json(1),
            expires_at: until(&this, &mut args, 2),
        };
        place.turn(&this).await?.set(&key, kept).await?;
        Ok("true".to_owned())
    })
}

fn delete(run: &Arc<Run>, mut args: Args) -> Reply {
    if let Err(refusal) = in_transaction(run) {
        return Reply::Ready(Err(refusal));
    }
    let (this, place) = (run.clone(), Place::of(run));
    run.later(async move {
        let keys = keys(args.json(0).to_value())?;
        let mut turn = place.turn(&this).await?;
        let mut any = false;
        for key in keys {
            any |= turn.delete(&key).await?;
        }
        Ok(any.to_string())
    })
}

/// Storage is the platform's: a change of it could not be taken back with the host's transaction.
fn in_transaction(run: &Run) -> Result<(), HostError> {
    match run.job.transaction {
        Some(_) => Err(HostError::new(
            "UNAUTHORIZED_OPERATION",
            "storage cannot be changed inside of a transaction of the host",
        )),
        None => Ok(()),
    }
}

fn exists(run: &Arc<Run>, mut args: Args) -> Reply {
    let (this, place) = (run.clone(), Place::of(run));
    run.later(async move {
        let key = key(&mut args)?;
        let kept = place.turn(&this).await?.look(&key).await?;
        Ok(kept.is_some().to_string())
    })
}

fn list(run: &Arc<Run>, mut args: Args) -> Reply {
    let (this, place) = (run.clone(), Place::of(run));
    run.later(async move {
        let prefix = args.text(0).unwrap_or_default();
        let options = args.object(1);
        let (mut limit, mut after) = (LISTED, None);
        for (name, value) in &options {
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                ("limit", value) => {
                    let given = value.as_i64().filter(|n| (1..=LISTED_MOST).contains(n));
                    let message = format!("must be a whole number, 1 to {LISTED_MOST}");
                    limit = given.ok_or_else(|| invalid("options.limit", message))?;
                }
                ("cursor", Value::String(cursor)) if cursor.len() <= KEY_BYTES => {
                    after = Some(cursor.clone());
                }
                ("cursor", _) => {
                    return Err(invalid("options.cursor", "must be a nextCursor of a list"));
                }
                _ => return Err(invalid("options", "may have limit and cursor only")),
            }
        }
        let limit = usize::try_from(limit).unwrap_or_default();
        let turn = place.turn(&this).await?;
        let entries = turn.list(&prefix, after, limit).await?;
        // Whether there are more is seen by asking.
        let next = entries.last().map(|entry| entry.key.clone());
        let items: Vec<Value> = entries
            .into_iter()
            .map(|entry| {
                json!({
                    "key": entry.key,
                    "value": entry.value.to_value(),
                    "expiresAt": entry.expires_at.map(|at| at.to_string()),
                    "updatedAt": entry.updated_at.to_string(),
                })
            })
            .collect();
        Ok(json!({ "items": items, "nextCursor": next }).to_string())
    })
}

fn compare_and_set(run: &Arc<Run>, mut args: Args) -> Reply {
    let [expected, value] = [args.json(1), args.json(2)].map(|json| {
        let none = json.to_value().is_null();
        (!none).then_some(json)
    });
    let expires_at = until(run, &mut args, 3);
    let change = Change::Replace {
        expected,
        value,
        expires_at,
    };
    change_to(run, args, Ok(change), |changed| changed.done.to_string())
}

fn increment(run: &Arc<Run>, mut args: Args) -> Reply {
    let delta = delta(args.json(1).to_value());
    let expires_at = until(run, &mut args, 2);
    let change = delta.map(|delta| Change::Add { delta, expires_at });
    change_to(run, args, change, |changed| {
        let value = changed.value.as_ref();
        value.map_or_else(|| "null".to_owned(), |value| value.as_str().to_owned())
    })
}

fn expire(run: &Arc<Run>, mut args: Args) -> Reply {
    let expires_at = until(run, &mut args, 1);
    let change = Change::Expire(expires_at);
    change_to(run, args, Ok(change), |changed| changed.done.to_string())
}

fn change_to(
    run: &Arc<Run>,
    mut args: Args,
    change: Result<Change, HostError>,
    give: impl FnOnce(Changed) -> String + Send + 'static,
) -> Reply {
    if let Err(refusal) = in_transaction(run) {
        return Reply::Ready(Err(refusal));
    }
    let (this, place) = (run.clone(), Place::of(run));
    run.later(async move {
        let (key, change) = (key(&mut args)?, change?);
        let changed = place.turn(&this).await?.change(&key, change).await;
        changed.map(give)
    })
}

/// When what lives for some seconds stops existing.
pub(super) fn until(run: &Run, args: &mut Args, place: usize) -> Option<Timestamp> {
    args.integer(place).map(|seconds| {
        let ttl = Duration::from_secs(seconds.unsigned_abs());
        // Ten years from now are far inside the calendar.
        run.now().saturating_add(ttl).unwrap_or(Timestamp::MAX)
    })
}

/// What `increment` adds.
pub(super) fn delta(value: Value) -> Result<f64, HostError> {
    match value {
        Value::Null => Ok(1.0),
        value => value
            .as_f64()
            .filter(|delta| delta.abs() <= EXACT)
            .ok_or_else(|| invalid("delta", "must be a number")),
    }
}

pub(super) fn keys(value: Value) -> Result<Vec<String>, HostError> {
    let list = match value {
        Value::Array(list) if list.len() <= KEYS => list,
        Value::Array(_) => return Err(invalid("key", format!("must be at most {KEYS} keys"))),
        one => vec![one],
    };
    list.into_iter()
        .map(|key| match key {
            Value::String(key) => checked(key),
            _ => Err(invalid("key", "must be a string, or a list of them")),
        })
        .collect()
}

pub(super) fn key(args: &mut Args) -> Result<String, HostError> {
    checked(args.text(0).unwrap_or_default())
}

fn checked(key: String) -> Result<String, HostError> {
    validate_key(&key).map_err(|_| {
        invalid(
            "key",
            format!("must have 1 to {KEY_BYTES} bytes and no control characters"),
        )
    })?;
    Ok(key)
}

fn refused(error: scriptorium_store::Error) -> HostError {
    let scriptorium_store::Error::Invalid(found) = &error else {
        return store_failed(&error);
    };
    let Some(first) = found.errors.first() else {
        return store_failed(&error);
    };
    let code = match first.code {
        "quota" => "QUOTA_EXCEEDED",
        _ => "VALIDATION_ERROR",
    };
    HostError {
        field: Some(first.field.clone()),
        ..HostError::new(code, format!("{} {}", first.field, first.message))
    }
}
