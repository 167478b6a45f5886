//! What the settings form offers and begins with: cron presets, time zones, limits with their
//! ranges, and the script's definition as the browser edits it.

use scriptorium::model::calendar;
use scriptorium::model::draft::Draft;
use scriptorium::model::endpoint::Method;
use scriptorium::model::limits::Limits;
use scriptorium::model::script::{Definition, Script};
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{Json, ScriptId};
use serde::Serialize;
use serde_json::{Value, json};

use crate::assets;

/// Common schedules and the names of their texts.
pub(crate) const PRESETS: [(&str, &str); 7] = [
    ("*/5 * * * *", "5-minutes"),
    ("0 * * * *", "hourly"),
    ("0 9 * * *", "daily"),
    ("0 9 * * 1-5", "weekdays"),
    ("0 9 * * 1", "weekly"),
    ("0 9 1 * *", "monthly"),
    ("0 0 * * *", "midnight"),
];

/// One limit: its field in the API, its name in the form, and its range in the form's unit.
pub(crate) struct LimitField {
    pub(crate) field: &'static str,
    pub(crate) model: &'static str,
    pub(crate) min: u32,
    pub(crate) max: u32,
}

/// The limits in the order of the form (design 4.4).
pub(crate) const LIMITS: [LimitField; 7] = [
    limit("wall_ms", "wallMs", 10, 300_000),
    limit("cpu_ms", "cpuMs", 1, 300_000),
    limit("memory_bytes", "memoryMib", 1, 512),
    limit("output_bytes", "outputKib", 1, 10_240),
    limit("api_calls", "apiCalls", 1, 10_000),
    limit("service_calls", "serviceCalls", 1, 10_000),
    limit("concurrency", "concurrency", 1, 20),
];

const fn limit(field: &'static str, model: &'static str, min: u32, max: u32) -> LimitField {
    LimitField {
        field,
        model,
        min,
        max,
    }
}

/// What the browser is given about the page (`Page` in `web/src/form.ts`).
#[derive(Serialize)]
pub(crate) struct PageData {
    id: Option<String>,
    version: u32,
    may_edit: bool,
    may_run: bool,
    saved_as: String,
    definition: Value,
    draft: Value,
    workers: Workers,
}

#[derive(Serialize)]
struct Workers {
    editor: String,
    json: String,
    typescript: String,
}

impl PageData {
    pub(crate) fn of(
        script: Option<&Script>,
        definition: &Definition,
        draft: Option<&Draft>,
        may_edit: bool,
        may_run: bool,
    ) -> Self {
        let date = definition.compatibility.map(|date| date.to_string());
        let saved_as = [
            definition.trigger.kind().as_str(),
            definition.language.as_str(),
            definition.entry.as_deref().unwrap_or_default(),
            if definition.library { "true" } else { "false" },
            date.as_deref().unwrap_or_default(),
            definition.database.as_str(),
        ];
        Self {
            id: script
                .map(|script| script.id)
                .as_ref()
                .map(ScriptId::to_string),
            version: script.map_or(0, |script| script.version),
            may_edit,
            may_run,
            saved_as: saved_as.join(","),
            definition: definition_json(definition),
            draft: draft.map_or(Value::Null, draft_json),
            workers: Workers {
                editor: assets::address("worker-editor.js"),
                json: assets::address("worker-json.js"),
                typescript: assets::address("worker-typescript.js"),
            },
        }
    }
}

fn draft_json(draft: &Draft) -> Value {
    json!({
        "source": draft.text.source,
        "settings": draft.text.settings.as_ref().map(Json::to_value),
        "base_version": draft.text.base_version,
        "updated_at": draft.updated_at.to_string(),
    })
}

/// Names of the time zones to choose from.
pub(crate) fn zones() -> Vec<String> {
    let mut names = calendar::zones();
    names.retain(|name| !name.starts_with("Etc/"));
    names
}

/// What the run panel offers as input when there is no better guess: the least that the entry
/// function of the type can work with.
pub(crate) fn sample_input(definition: &Definition) -> String {
    match &definition.trigger {
        Trigger::Http(endpoint) => {
            let method = endpoint
                .methods
                .first()
                .map_or("GET", |method| method.as_str());
            let path = json!(endpoint.path);
            format!(
                "{{\n  \"method\": \"{method}\",\n  \"path\": {path},\n  \"params\": {{}},\n  \"query\": {{}},\n  \"headers\": {{}},\n  \"body\": null\n}}"
            )
        }
        _ => "{}".to_owned(),
    }
}

/// The definition without its source, in the words of the API.
fn definition_json(definition: &Definition) -> Value {
    let mut json = json!({
        "name": definition.name,
        "description": definition.description,
        "type": definition.trigger.kind().as_str(),
        "language": definition.language.as_str(),
        "entry": definition.entry,
        "library": definition.library,
        "compatibility": definition.compatibility.map(|date| date.to_string()),
        "database": definition.database.as_str(),
        "input_schema": definition.input_schema.as_ref().map(Json::to_value),
        "output_schema": definition.output_schema.as_ref().map(Json::to_value),
        "limits": limits_json(&definition.limits),
        "concurrency": definition.concurrency.as_ref().map(|concurrency| json!({
            "key": concurrency.key,
            "limit": concurrency.limit,
            "when_full": concurrency.when_full.as_str(),
        })),
        "allowed_services": definition.allowed_services,
        "run_as": definition.run_as.map(|user| user.to_string()),
        "metadata": definition.metadata,
        "tags": definition.tags,
    });
    match &definition.trigger {
        Trigger::Scheduled(schedule) => {
            json["schedule"] = json!({
                "cron": schedule.cron,
                "timezone": schedule.timezone,
                "missed": schedule.missed.as_str(),
                "overlap": schedule.overlap.as_str(),
                "jitter_seconds": schedule.jitter_seconds,
                "starts_at": schedule.starts_at.map(|at| at.to_string()),
                "ends_at": schedule.ends_at.map(|at| at.to_string()),
                "pause_after_failures": schedule.pause_after_failures,
                "retries": schedule.retries,
            });
        }
        Trigger::Http(http) => {
            let methods: Vec<_> = http.methods.iter().copied().map(Method::as_str).collect();
            json["http"] = json!({
                "path": http.path,
                "methods": methods,
                "auth": http.auth.as_str(),
                "permission": http.permission,
                "rate_limit_per_minute": http.rate_limit_per_minute,
                "caller_rate_limit_per_minute": http.caller_rate_limit_per_minute,
                "signature": http.signature.map(|scheme| json!({ "scheme": scheme.as_str() })),
                "cors_origins": http.cors_origins,
                "cache_seconds": http.cache_seconds,
                "before": http.before,
                "after": http.after,
            });
        }
        Trigger::Event(event) => {
            json["event"] = json!({
                "types": event.types,
                "filter": event.filter.as_ref().map(|filter| filter.as_json().to_value()),
                "priority": event.priority,
                "max_attempts": event.max_attempts,
                "debounce_ms": event.debounce.as_ref().map(|debounce| debounce.wait_ms),
                "debounce_key": event.debounce.as_ref().and_then(|debounce| debounce.key.clone()),
                "batch_ms": event.batch.as_ref().map(|batch| batch.wait_ms),
                "batch_events": event.batch.as_ref().map(|batch| batch.max_events),
                "batch_key": event.batch.as_ref().and_then(|batch| batch.key.clone()),
                "order_by": event.order_by,
            });
        }
        Trigger::OneOff | Trigger::Embedded => {}
    }
    json
}

fn limits_json(limits: &Limits) -> Value {
    json!({
        "wall_ms": limits.wall.as_millis() as u64,
        "cpu_ms": limits.cpu.as_millis() as u64,
        "memory_bytes": limits.memory_bytes,
        "api_calls": limits.api_calls,
        "service_calls": limits.service_calls,
        "output_bytes": limits.output_bytes,
        "concurrency": limits.concurrency,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_schedules() {
        for (cron, name) in PRESETS {
            let schedule = scriptorium::model::schedule::Schedule::new(cron, "UTC");
            assert!(schedule.validated().is_ok(), "{name}");
        }
    }

    #[test]
    fn zones_hold_the_places_people_look_for() {
        let zones = zones();
        for zone in ["UTC", "Asia/Tashkent", "Europe/Moscow"] {
            assert!(zones.iter().any(|name| name == zone), "{zone}");
        }
    }

    #[test]
    fn starters_are_accepted_once_they_have_a_name() {
        for starter in &crate::starters::STARTERS {
            let mut definition = starter.definition();
            definition.name = "A name".into();
            if starter.id == "blank" {
                definition.source = "return 1;".into();
            }
            assert!(definition.validated().is_ok(), "{}", starter.id);
            assert!(
                serde_json::from_str::<Value>(starter.input).is_ok(),
                "{}",
                starter.id
            );
        }
    }
}
