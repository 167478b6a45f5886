//! Any text as `scripts.toml`: settings are refused field by field, or they are a definition whose
//! schedule, path and filter can be relied on. They are what other platforms read out of a script's
//! header; here a script's own text says nothing about how it is run.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::model::definition::Definition;
use super::model::endpoint::{self, Method};
use super::model::filter::Filter;
use super::model::limits::Limits;
use super::model::schedule::{Schedule, Standing};
use super::model::script::Language;
use super::model::trigger::{Endpoint, EndpointAuth, SignatureScheme, Subscription, Trigger};
use super::model::{Invalid, Json, Timestamp};

/// The file that is asked for.
const FILE: &str = "script.js";

/// The members that a refusal may name, or begin with.
const MEMBERS: [&str; 9] = [
    "name",
    "description",
    "entry",
    "schedule",
    "http",
    "event",
    "limits",
    "tags",
    "metadata",
];

/// An ordinary night, and the hours before clocks are changed, there and back.
const NIGHTS: [&str; 3] = [
    "2026-01-15T00:00:00Z",
    "2026-03-28T22:10:20Z",
    "2026-10-24T22:50:40Z",
];

/// The property of `entry`, which reads the settings of a file out of a manifest.
pub(crate) fn check(
    bytes: &[u8],
    entry: impl Fn(&str, &str) -> Result<Map<String, Value>, String>,
) {
    match entry(&String::from_utf8_lossy(bytes), FILE) {
        Ok(settings) => {
            assert!(!settings.contains_key("file"));
            match definition(&settings) {
                Ok(definition) => is_sound(&definition),
                Err(invalid) => is_refused(&invalid),
            }
        }
        Err(message) => assert!(!message.is_empty()),
    }
}

fn is_refused(invalid: &Invalid) {
    assert!(!invalid.is_empty());
    for error in &invalid.errors {
        let member = error.field.split('.').next().unwrap_or_default();
        assert!(MEMBERS.contains(&member), "{error:?}");
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(error.code.chars().all(is_name), "{error:?}");
        assert!(!error.message.is_empty(), "{error:?}");
    }
}

fn is_sound(definition: &Definition) {
    assert_eq!(definition.clone().validated().as_ref(), Ok(definition));
    match &definition.trigger {
        Trigger::Scheduled(schedule) => has_instants(schedule),
        Trigger::Http(endpoint) => {
            let key = endpoint::normalized(&endpoint.path);
            assert_eq!(key.split('/').count(), endpoint.path.split('/').count());
            assert_eq!(endpoint::normalized(&key), key);
        }
        Trigger::Event(subscription) => subscription.filter.iter().for_each(compares),
        Trigger::OneOff | Trigger::Embedded => {}
    }
}

/// Planned instants follow each other, and each is the last one until it has passed.
fn has_instants(schedule: &Schedule) {
    for night in NIGHTS {
        let mut before: Timestamp = night.parse().unwrap();
        for at in schedule.upcoming(before, 4).unwrap() {
            assert!(before < at, "{schedule:?}: {at} after {before}");
            let standing = schedule.standing(true, before);
            assert_eq!(standing, Ok(Standing::Waiting(at)), "{schedule:?}");
            let latest = schedule.latest_until(at);
            assert_eq!(latest, Ok(Some(at)), "{schedule:?} after {before}");
            before = at;
        }
    }
}

fn compares(filter: &Filter) {
    let again = Filter::parse(filter.as_json().clone());
    assert_eq!(again.as_ref(), Ok(filter));
    let wanted = filter.as_json().to_value();
    for payload in [json!(null), json!({"a": {"b": [1, "x"]}}), wanted] {
        assert_eq!(
            filter.matches(&payload),
            again.as_ref().unwrap().matches(&payload)
        );
    }
}

/// The settings as a definition, laid over an empty one as the API does with a new script; what has
/// another shape counts as not said.
fn definition(settings: &Map<String, Value>) -> Result<Definition, Invalid> {
    let settings = Value::Object(settings.clone());
    let mut invalid = Invalid::default();
    let trigger = invalid.check(trigger(&settings)).unwrap_or(Trigger::OneOff);
    let definition = Definition {
        name: text(&settings["name"]).unwrap_or_default(),
        description: text(&settings["description"]).unwrap_or_default(),
        source: "return 1".to_owned(),
        language: Language::JavaScript,
        entry: text(&settings["entry"]),
        limits: limits(&settings["limits"]),
        allowed_services: texts(&settings["allowed_services"]),
        tags: texts(&settings["tags"]).unwrap_or_default(),
        metadata: settings["metadata"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), text(value)?)))
            .collect(),
        ..Definition::blank(trigger)
    };
    let definition = invalid.check(definition.validated());
    match definition {
        Some(definition) => invalid.or(definition),
        None => Err(invalid),
    }
}

fn trigger(settings: &Value) -> Result<Trigger, Invalid> {
    let (schedule, http, event) = (&settings["schedule"], &settings["http"], &settings["event"]);
    Ok(match settings["type"].as_str() {
        Some("scheduled") => Trigger::Scheduled(Schedule::new(
            text(&schedule["cron"]).unwrap_or_default(),
            text(&schedule["timezone"]).unwrap_or_else(|| "UTC".to_owned()),
        )),
        Some("http") => {
            let methods = texts(&http["methods"]).unwrap_or_default();
            let methods: Vec<Method> = methods
                .iter()
                .filter_map(|name| Method::from_name(name))
                .collect();
            let path = text(&http["path"]).unwrap_or_default();
            let auth = text(&http["auth"]).and_then(|name| EndpointAuth::from_name(&name));
            let scheme = text(&http["signature"]["scheme"]);
            Trigger::Http(Endpoint {
                permission: text(&http["permission"]),
                rate_limit_per_minute: number(&http["rate_limit_per_minute"]),
                caller_rate_limit_per_minute: number(&http["caller_rate_limit_per_minute"]),
                signature: scheme.and_then(|name| SignatureScheme::from_name(&name)),
                cors_origins: texts(&http["cors_origins"]).unwrap_or_default(),
                cache_seconds: number(&http["cache_seconds"]),
                before: texts(&http["before"]).unwrap_or_default(),
                after: texts(&http["after"]).unwrap_or_default(),
                ..Endpoint::new(path, &methods, auth.unwrap_or(EndpointAuth::Required))
            })
        }
        Some("event") => {
            let plain = Subscription::to(texts(&event["types"]).unwrap_or_default());
            let filter = event
                .get("filter")
                .map(|filter| Filter::parse(Json::from(filter)));
            Trigger::Event(Subscription {
                filter: filter.transpose()?,
                priority: number(&event["priority"]).unwrap_or(plain.priority),
                max_attempts: number(&event["max_attempts"]).unwrap_or(plain.max_attempts),
                ..plain
            })
        }
        Some("embedded") => Trigger::Embedded,
        _ => Trigger::OneOff,
    })
}

fn limits(given: &Value) -> Limits {
    let usual = Limits::default();
    let millis = |name: &str| given[name].as_u64().map(Duration::from_millis);
    Limits {
        wall: millis("wall_ms").unwrap_or(usual.wall),
        cpu: millis("cpu_ms").unwrap_or(usual.cpu),
        memory_bytes: given["memory_bytes"].as_u64().unwrap_or(usual.memory_bytes),
        api_calls: number(&given["api_calls"]).unwrap_or(usual.api_calls),
        service_calls: number(&given["service_calls"]).unwrap_or(usual.service_calls),
        output_bytes: given["output_bytes"].as_u64().unwrap_or(usual.output_bytes),
        concurrency: number(&given["concurrency"]).unwrap_or(usual.concurrency),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?;
    Some(items.iter().filter_map(text).collect())
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64()?.try_into().ok()
}
