//! `utils.schema`: values held against a JSON schema, with what `crate::schema` allows of one.

use std::sync::Arc;

use scriptorium_engine::{HostError, Reply};
use serde_json::{Value, json};

use crate::capabilities::args::Args;
use crate::capabilities::invalid;
use crate::host::Run;
use crate::schema;

/// Most bytes of a value, and of a schema, as JSON.
pub(super) const VALUE_BYTES: usize = 1 << 20;
pub(super) const SCHEMA_BYTES: usize = 64 << 10;

pub(super) fn validate(run: &Arc<Run>, mut args: Args) -> Reply {
    let this = run.clone();
    run.later(async move {
        let (value, text) = (args.json(0), args.json(1));
        let work = move || schema::misfits(&text, &value);
        let found = this.world.blocking(work).await;
        let found = found.ok_or_else(|| {
            HostError::new(
                "PLATFORM_ERROR",
                "the value could not be held against the schema",
            )
        })?;
        let misfits = found.map_err(|refusal| {
            let first = refusal.errors.into_iter().next();
            let message = first.map_or_else(String::new, |error| error.message);
            invalid("schema", message)
        })?;
        let errors: Vec<Value> = misfits
            .into_iter()
            .map(|(path, message)| json!({ "path": path, "message": message }))
            .collect();
        Ok(json!({ "valid": errors.is_empty(), "errors": errors }).to_string())
    })
}
