//! What a caller asks of an execution beyond its own columns. A durable execution keeps it in its
//! trigger data, so that the worker that runs it later does as the caller was promised.

use std::time::Duration;

use scriptorium_model::execution::Execution;
use scriptorium_model::permission::PermissionSet;
use scriptorium_model::script::Definition;
use scriptorium_model::{Actor, Ctx, Json};
use serde_json::{Map, Value, json};

/// Wishes of a caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// What the caller's token may do: its user may do more, and a worker must not give that back.
    pub grant: Option<PermissionSet>,
    /// Text to try instead of the version's.
    pub source: Option<String>,
    /// A shorter wall time than the script's own.
    pub timeout: Option<Duration>,
}

impl Asked {
    /// What a caller asks who has nothing but rights to bring.
    pub fn by(ctx: &Ctx) -> Self {
        let bounded = matches!(ctx.actor, Actor::Token { .. });
        Self {
            grant: bounded.then(|| ctx.permissions.clone()),
            ..Self::default()
        }
    }

    /// What was asked of an execution.
    pub fn of(execution: &Execution) -> Self {
        let data = execution
            .trigger_data
            .as_ref()
            .map(Json::to_value)
            .unwrap_or_default();
        let names = data["grant"].as_array();
        Self {
            grant: names
                .map(|names| PermissionSet::from_names(names.iter().filter_map(Value::as_str))),
            source: data["source"].as_str().map(str::to_owned),
            timeout: data["timeout_ms"].as_u64().map(Duration::from_millis),
        }
    }

    /// As trigger data; `None` when nothing is asked.
    pub fn to_json(&self) -> Option<Json> {
        let mut data = Map::new();
        if let Some(grant) = &self.grant {
            data.insert("grant".into(), grant.names().collect());
        }
        if let Some(source) = &self.source {
            data.insert("source".into(), json!(source));
        }
        if let Some(timeout) = self.timeout {
            let millis = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
            data.insert("timeout_ms".into(), json!(millis));
        }
        (!data.is_empty()).then(|| Json::from(Value::Object(data)))
    }

    /// The definition with the text to try.
    pub fn apply(&self, mut definition: Definition) -> Definition {
        if let Some(source) = &self.source {
            definition.source.clone_from(source);
        }
        definition
    }
}
