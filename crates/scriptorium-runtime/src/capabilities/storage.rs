//! `storage`: the tenant's key-value store, shared by all scripts of the tenant (R-JSTO).

use std::sync::Arc;
use std::time::Duration;

use scriptorium_engine::{CallClass, HostError, Reply};
use scriptorium_model::storage::{KEY_BYTES, VALUE_BYTES, validate_key};

use super::args::{Args, Check, Param, optional, required};
use super::{Binding, Capability, Give, How, invalid, store_failed};
use crate::host::Run;

/// Longest time to live: ten years.
const TTL_SECONDS: i64 = 10 * 366 * 86_400;
const KEY: Param = required("key", "string", Check::Text(KEY_BYTES));

const fn binding(
    path: &'static str,
    generics: &'static str,
    params: &'static [Param],
    returns: &'static str,
    doc: &'static str,
    handler: fn(&Arc<Run>, Args) -> Reply,
) -> Binding {
    Binding {
        path,
        generics,
        params,
        returns,
        doc,
        class: CallClass::Io,
        how: How::Async(handler),
        give: Give::Plain,
    }
}

pub(super) const CAPABILITY: Capability = Capability {
    name: "storage",
    doc: "Values kept for the tenant, shared by all its scripts.",
    bindings: &[
        binding(
            "storage.get",
            "<T = any>",
            &[KEY],
            "Promise<T | null>",
            "The value of a key; null when there is none or its time is over.",
            get,
        ),
        binding(
            "storage.set",
            "",
            &[
                KEY,
                required("value", "unknown", Check::Json(VALUE_BYTES)),
                optional("ttlSeconds", "number", Check::Integer(1, TTL_SECONDS)),
            ],
            "Promise<boolean>",
            "Keeps a JSON value of at most 256 KiB, for good or for a number of seconds.",
            set,
        ),
        binding(
            "storage.delete",
            "",
            &[KEY],
            "Promise<boolean>",
            "Removes a key; false when there was none.",
            delete,
        ),
    ],
};

fn get(run: &Arc<Run>, mut args: Args) -> Reply {
    let this = run.clone();
    run.later(async move {
        let key = key(&mut args)?;
        if let Some(entry) = this.dry.entry(&key) {
            return Ok(entry.map_or_else(|| "null".to_owned(), |value| value.as_str().to_owned()));
        }
        let entry = this.world.store.get_entry(&this.ctx, &key).await;
        match entry {
            Ok(entry) => Ok(entry.map_or_else(
                || "null".to_owned(),
                |entry| entry.value.as_str().to_owned(),
            )),
            Err(error) => Err(store_failed(&error)),
        }
    })
}

fn set(run: &Arc<Run>, mut args: Args) -> Reply {
    if let Err(refusal) = in_transaction(run) {
        return Reply::Ready(Err(refusal));
    }
    let this = run.clone();
    run.later(async move {
        let key = key(&mut args)?;
        let value = args.json(1);
        if this.is_dry() {
            this.intend_entry(&key, Some(value))?;
            return Ok("true".to_owned());
        }
        let expires_at = args.integer(2).map(|seconds| {
            let ttl = Duration::from_secs(seconds.unsigned_abs());
            // Ten years from now are far inside the calendar.
            this.now()
                .saturating_add(ttl)
                .unwrap_or(jiff::Timestamp::MAX)
        });
        let set = this
            .world
            .store
            .set_entry_of_script(&this.ctx, &key, value, expires_at);
        set.await.map_err(|error| store_failed(&error))?;
        Ok("true".to_owned())
    })
}

fn delete(run: &Arc<Run>, mut args: Args) -> Reply {
    if let Err(refusal) = in_transaction(run) {
        return Reply::Ready(Err(refusal));
    }
    let this = run.clone();
    run.later(async move {
        let key = key(&mut args)?;
        if this.is_dry() {
            let there = match this.dry.entry(&key) {
                Some(entry) => entry.is_some(),
                None => {
                    let entry = this.world.store.get_entry(&this.ctx, &key).await;
                    entry.map_err(|error| store_failed(&error))?.is_some()
                }
            };
            this.intend_entry(&key, None)?;
            return Ok(there.to_string());
        }
        let deleted = this.world.store.delete_entry_of_script(&this.ctx, &key);
        let deleted = deleted.await;
        deleted
            .map(|deleted| deleted.to_string())
            .map_err(|error| store_failed(&error))
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

fn key(args: &mut Args) -> Result<String, HostError> {
    let key = args.text(0).unwrap_or_default();
    validate_key(&key).map_err(|_| {
        invalid(
            "key",
            format!("must have 1 to {KEY_BYTES} bytes and no control characters"),
        )
    })?;
    Ok(key)
}
