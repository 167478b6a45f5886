//! The sample scripts of `examples/scripts` with their settings, compiled in. Which file is set up
//! how is said in `scripts.toml` there, nowhere else.

use std::time::Duration;

use scriptorium::model::endpoint::Method;
use scriptorium::model::limits::Limits;
use scriptorium::model::schedule::Schedule;
use scriptorium::model::script::{Definition, Language, ScriptType};
use scriptorium::model::trigger::{Endpoint, EndpointAuth, SignatureScheme, Subscription, Trigger};
use serde::Deserialize;

use crate::Error;

const MANIFEST: &str = include_str!("../../scripts/scripts.toml");

macro_rules! source {
    ($file:literal) => {
        ($file, include_str!(concat!("../../scripts/", $file)))
    };
}
const SOURCES: [(&str, &str); 7] = [
    source!("hello.ts"),
    source!("inactive-client-reminder.js"),
    source!("merge-duplicate-clients.js"),
    source!("order-report.ts"),
    source!("payment-webhook.js"),
    source!("price-rule.ts"),
    source!("validate-order.js"),
];

/// What the sample scripts say and how they are set up, in the order of the manifest.
///
/// # Errors
/// [`Error::Sample`] when manifest and files do not fit together.
pub fn definitions() -> Result<Vec<Definition>, Error> {
    read(MANIFEST, |file| {
        let found = SOURCES.iter().find(|(name, _)| *name == file);
        found.map(|(_, source)| (*source).to_owned())
    })
}

/// What the scripts of a manifest say and how they are set up, in its order; `source` gives the text of a file.
///
/// # Errors
/// [`Error::Sample`] when manifest and files do not fit together.
pub fn read(
    manifest: &str,
    source: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Definition>, Error> {
    let manifest: Manifest =
        toml::from_str(manifest).map_err(|error| Error::Sample(error.to_string()))?;
    let entries = manifest.script.into_iter();
    entries.map(|entry| entry.define(&source)).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    script: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    file: String,
    name: String,
    description: String,
    r#type: String,
    schedule: Option<ScheduleEntry>,
    http: Option<HttpEntry>,
    event: Option<EventEntry>,
    #[serde(default)]
    limits: LimitsEntry,
    allowed_services: Option<Vec<String>>,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScheduleEntry {
    cron: String,
    timezone: String,
    pause_after_failures: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpEntry {
    path: String,
    methods: Vec<String>,
    auth: String,
    permission: Option<String>,
    signature: Option<SignatureEntry>,
    cache_seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureEntry {
    scheme: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventEntry {
    types: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsEntry {
    wall_ms: Option<u64>,
    api_calls: Option<u32>,
    service_calls: Option<u32>,
}

impl Entry {
    fn define(self, source: &impl Fn(&str) -> Option<String>) -> Result<Definition, Error> {
        let source = source(&self.file).ok_or_else(|| self.refused("is not there"))?;
        let language = match self.file.rsplit_once('.') {
            Some((_, "ts")) => Language::TypeScript,
            _ => Language::JavaScript,
        };
        let file = self.file.clone();
        let trigger = self.trigger()?;
        let definition = Definition {
            limits: self.limits.limits(),
            source,
            language,
            allowed_services: self.allowed_services,
            tags: self.tags,
            name: self.name,
            description: self.description,
            ..Definition::blank(trigger)
        };
        definition
            .validated()
            .map_err(|invalid| Error::Sample(format!("{file}: {invalid}")))
    }

    fn trigger(&self) -> Result<Trigger, Error> {
        let kind = ScriptType::from_name(&self.r#type);
        match (kind, &self.schedule, &self.http, &self.event) {
            (Some(ScriptType::Scheduled), Some(schedule), None, None) => {
                Ok(Trigger::Scheduled(Schedule {
                    pause_after_failures: schedule.pause_after_failures,
                    ..Schedule::new(&schedule.cron, &schedule.timezone)
                }))
            }
            (Some(ScriptType::Http), None, Some(http), None) => http
                .endpoint()
                .map(Trigger::Http)
                .ok_or_else(|| self.refused("has an unknown method, auth or scheme")),
            (Some(ScriptType::Event), None, None, Some(event)) => {
                Ok(Trigger::Event(Subscription::to(&event.types)))
            }
            (Some(ScriptType::OneOff), None, None, None) => Ok(Trigger::OneOff),
            (Some(ScriptType::Embedded), None, None, None) => Ok(Trigger::Embedded),
            _ => Err(self.refused("has settings that do not belong to its type")),
        }
    }

    fn refused(&self, why: &str) -> Error {
        Error::Sample(format!("{} {why}", self.file))
    }
}

impl HttpEntry {
    fn endpoint(&self) -> Option<Endpoint> {
        let methods = self.methods.iter().map(|name| Method::from_name(name));
        let methods = methods.collect::<Option<Vec<_>>>()?;
        let auth = EndpointAuth::from_name(&self.auth)?;
        let signature = match &self.signature {
            Some(signature) => Some(SignatureScheme::from_name(&signature.scheme)?),
            None => None,
        };
        Some(Endpoint {
            permission: self.permission.clone(),
            cache_seconds: self.cache_seconds,
            signature,
            ..Endpoint::new(&self.path, &methods, auth)
        })
    }
}

impl LimitsEntry {
    fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            wall: self.wall_ms.map_or(usual.wall, Duration::from_millis),
            api_calls: self.api_calls.unwrap_or(usual.api_calls),
            service_calls: self.service_calls.unwrap_or(usual.service_calls),
            ..usual
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn manifest_and_files_are_paired() {
        let named: BTreeSet<String> = definitions().unwrap().into_iter().map(|d| d.name).collect();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts");
        let files = std::fs::read_dir(folder).unwrap();
        let files: BTreeSet<String> = files
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|kind| kind != "toml"))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(named, files);
    }
}
