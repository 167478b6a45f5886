//! A script's definition as the columns of its version row. The parts that no query asks for are
//! one JSON document, `settings`, whose form is fixed here: old versions stay readable.

use std::collections::BTreeMap;
use std::time::Duration;

use scriptorium_model::compatibility;
use scriptorium_model::concurrency::{Concurrency, WhenFull};
use scriptorium_model::endpoint::Method;
use scriptorium_model::filter::Filter;
use scriptorium_model::limits::Limits;
use scriptorium_model::schedule::{Missed, Overlap, Schedule};
use scriptorium_model::script::{Definition, Language, ScriptDatabase, ScriptType};
use scriptorium_model::trigger::{
    Batch, Debounce, Endpoint, EndpointAuth, SignatureScheme, Subscription, Trigger,
};
use scriptorium_model::{Json, Timestamp, UserId, Uuid};
use serde::{Deserialize, Serialize};

use crate::db::known;
use crate::error::{Error, Result};

/// The columns that together are a definition.
pub(crate) struct Columns {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) kind: String,
    pub(crate) language: String,
    pub(crate) settings: String,
    pub(crate) compatibility: String,
    pub(crate) source: String,
}

impl Columns {
    /// Reads them back.
    pub(crate) fn definition(self) -> Result<Definition> {
        let settings: Settings = serde_json::from_str(&self.settings)
            .map_err(|error| Error::caused("script_versions.settings is unreadable", error))?;
        let kind = known(ScriptType::from_name(&self.kind), "script_versions.type")?;
        let language = Language::from_name(&self.language);
        let compatibility = compatibility::parse(&self.compatibility).ok();
        let database = match settings.database.as_deref() {
            None => Some(ScriptDatabase::Primary),
            Some(name) => ScriptDatabase::from_name(name),
        };
        Ok(Definition {
            name: self.name,
            description: self.description,
            source: self.source,
            language: known(language, "script_versions.language")?,
            entry: settings.entry,
            trigger: trigger(kind, settings.schedule, settings.http, settings.event)?,
            limits: settings.limits.into(),
            concurrency: settings
                .concurrency
                .map(Concurrency::try_from)
                .transpose()?,
            input_schema: settings.input_schema.map(Json::from_written),
            output_schema: settings.output_schema.map(Json::from_written),
            allowed_services: settings.allowed_services,
            library: settings.library,
            compatibility: Some(known(compatibility, "script_versions.compatibility")?),
            database: known(database, "script_versions.settings")?,
            run_as: settings.run_as.map(UserId),
            tags: settings.tags,
            metadata: settings.metadata,
        })
    }
}

/// The `settings` document of a definition.
pub(crate) fn settings(definition: &Definition) -> Result<String> {
    let settings = Settings {
        entry: definition.entry.clone(),
        schedule: definition.trigger.schedule().map(|schedule| ScheduleForm {
            cron: schedule.cron.clone(),
            timezone: schedule.timezone.clone(),
            missed: Some(schedule.missed.as_str().to_owned()),
            overlap: Some(schedule.overlap.as_str().to_owned()),
            jitter_seconds: schedule.jitter_seconds,
            starts_at: schedule.starts_at.map(|at| at.to_string()),
            ends_at: schedule.ends_at.map(|at| at.to_string()),
            pause_after_failures: schedule.pause_after_failures,
            retries: schedule.retries,
        }),
        http: definition.trigger.endpoint().map(|endpoint| HttpForm {
            path: endpoint.path.clone(),
            methods: endpoint
                .methods
                .iter()
                .map(|method| method.as_str().to_owned())
                .collect(),
            auth: endpoint.auth.as_str().into(),
            permission: endpoint.permission.clone(),
            rate_limit_per_minute: endpoint.rate_limit_per_minute,
            caller_rate_limit_per_minute: endpoint.caller_rate_limit_per_minute,
            signature: endpoint.signature.map(|scheme| scheme.as_str().into()),
            cors_origins: endpoint.cors_origins.clone(),
            cache_seconds: endpoint.cache_seconds,
            before: endpoint.before.clone(),
            after: endpoint.after.clone(),
        }),
        event: match &definition.trigger {
            Trigger::Event(subscription) => Some(EventForm {
                types: subscription.types.clone(),
                filter: subscription.filter.as_ref().map(filter_text),
                priority: Some(subscription.priority),
                max_attempts: Some(subscription.max_attempts),
                debounce_ms: subscription.debounce.as_ref().map(|it| it.wait_ms),
                debounce_key: subscription.debounce.as_ref().and_then(|it| it.key.clone()),
                batch_ms: subscription.batch.as_ref().map(|it| it.wait_ms),
                batch_events: subscription.batch.as_ref().map(|it| it.max_events),
                batch_key: subscription.batch.as_ref().and_then(|it| it.key.clone()),
                order_by: subscription.order_by.clone(),
            }),
            _ => None,
        },
        limits: (&definition.limits).into(),
        concurrency: definition.concurrency.as_ref().map(Into::into),
        input_schema: definition
            .input_schema
            .as_ref()
            .map(|schema| schema.as_str().to_owned()),
        output_schema: definition
            .output_schema
            .as_ref()
            .map(|schema| schema.as_str().to_owned()),
        allowed_services: definition.allowed_services.clone(),
        library: definition.library,
        database: (definition.database != ScriptDatabase::Primary)
            .then(|| definition.database.as_str().to_owned()),
        run_as: definition.run_as.map(|user| user.0),
        tags: definition.tags.clone(),
        metadata: definition.metadata.clone(),
    };
    serde_json::to_string(&settings)
        .map_err(|error| Error::caused("a definition could not be written", error))
}

/// What a search over names and descriptions looks in: lower case by Unicode's rules, which
/// SQLite's own LIKE does not know.
pub(crate) fn search_text(definition: &Definition) -> String {
    format!("{}\n{}", definition.name, definition.description).to_lowercase()
}

/// A filter as it is stored.
pub(crate) fn filter_text(filter: &Filter) -> String {
    filter.as_json().as_str().to_owned()
}

fn trigger(
    kind: ScriptType,
    schedule: Option<ScheduleForm>,
    http: Option<HttpForm>,
    event: Option<EventForm>,
) -> Result<Trigger> {
    let place = "script_versions.settings";
    Ok(match kind {
        ScriptType::Scheduled => {
            let form = known(schedule, place)?;
            let plain = Schedule::new(form.cron, form.timezone);
            let missed = form.missed.as_deref().map(Missed::from_name);
            let overlap = form.overlap.as_deref().map(Overlap::from_name);
            Trigger::Scheduled(Schedule {
                missed: known(missed.unwrap_or(Some(plain.missed)), place)?,
                overlap: known(overlap.unwrap_or(Some(plain.overlap)), place)?,
                jitter_seconds: form.jitter_seconds,
                starts_at: instant(form.starts_at, place)?,
                ends_at: instant(form.ends_at, place)?,
                pause_after_failures: form.pause_after_failures,
                retries: form.retries,
                ..plain
            })
        }
        ScriptType::Http => {
            let form = known(http, place)?;
            let methods = form.methods.iter().map(|name| Method::from_name(name));
            let scheme = form.signature.as_deref().map(SignatureScheme::from_name);
            Trigger::Http(Endpoint {
                path: form.path,
                methods: known(methods.collect(), place)?,
                auth: known(EndpointAuth::from_name(&form.auth), place)?,
                permission: form.permission,
                rate_limit_per_minute: form.rate_limit_per_minute,
                caller_rate_limit_per_minute: form.caller_rate_limit_per_minute,
                signature: scheme.map(|scheme| known(scheme, place)).transpose()?,
                cors_origins: form.cors_origins,
                cache_seconds: form.cache_seconds,
                before: form.before,
                after: form.after,
            })
        }
        ScriptType::Event => {
            let form = known(event, place)?;
            let plain = Subscription::to(form.types);
            let filter = form
                .filter
                .map(|text| Filter::parse(Json::from_written(text)));
            Trigger::Event(Subscription {
                filter: known(filter.transpose().ok(), place)?,
                priority: form.priority.unwrap_or(plain.priority),
                max_attempts: form.max_attempts.unwrap_or(plain.max_attempts),
                debounce: form.debounce_ms.map(|wait_ms| Debounce {
                    wait_ms,
                    key: form.debounce_key,
                }),
                batch: form.batch_ms.map(|wait_ms| {
                    let plain = Batch::within(wait_ms);
                    Batch {
                        max_events: form.batch_events.unwrap_or(plain.max_events),
                        key: form.batch_key,
                        ..plain
                    }
                }),
                order_by: form.order_by,
                ..plain
            })
        }
        ScriptType::OneOff => Trigger::OneOff,
        ScriptType::Embedded => Trigger::Embedded,
    })
}

fn instant(text: Option<String>, place: &'static str) -> Result<Option<Timestamp>> {
    text.map(|text| known(text.parse().ok(), place)).transpose()
}

#[derive(Serialize, Deserialize)]
struct Settings {
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<ScheduleForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<HttpForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<EventForm>,
    limits: LimitsForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    concurrency: Option<ConcurrencyForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_schema: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_schema: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_services: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    library: bool,
    // Versions of before there was a choice have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_as: Option<Uuid>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct ScheduleForm {
    cron: String,
    timezone: String,
    // Versions of before there were policies have none of these.
    missed: Option<String>,
    overlap: Option<String>,
    #[serde(default)]
    jitter_seconds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pause_after_failures: Option<u32>,
    #[serde(default, skip_serializing_if = "is_zero")]
    retries: u32,
}

#[derive(Serialize, Deserialize)]
struct HttpForm {
    path: String,
    methods: Vec<String>,
    auth: String,
    permission: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate_limit_per_minute: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    caller_rate_limit_per_minute: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cors_origins: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache_seconds: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    before: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    after: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct EventForm {
    types: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    // Versions of before there was one have none.
    priority: Option<u32>,
    max_attempts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    debounce_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    debounce_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch_events: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch_key: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ConcurrencyForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    limit: u32,
    when_full: String,
}

impl From<&Concurrency> for ConcurrencyForm {
    fn from(concurrency: &Concurrency) -> Self {
        Self {
            key: concurrency.key.clone(),
            limit: concurrency.limit,
            when_full: concurrency.when_full.as_str().to_owned(),
        }
    }
}

impl TryFrom<ConcurrencyForm> for Concurrency {
    type Error = Error;
    fn try_from(form: ConcurrencyForm) -> Result<Self> {
        let when_full = WhenFull::from_name(&form.when_full);
        Ok(Self {
            key: form.key,
            limit: form.limit,
            when_full: known(when_full, "settings.concurrency")?,
        })
    }
}

/// A script's concurrency beside its subscriptions, where dispatch finds it.
pub(crate) fn concurrency_text(definition: &Definition) -> Result<Option<String>> {
    let form = definition.concurrency.as_ref().map(ConcurrencyForm::from);
    let text = form.as_ref().map(serde_json::to_string).transpose();
    text.map_err(|error| Error::caused("a definition could not be written", error))
}

/// Reads that back.
pub(crate) fn concurrency_of(text: &str) -> Result<Concurrency> {
    let form: Option<ConcurrencyForm> = serde_json::from_str(text).ok();
    known(form, "subscriptions.concurrency")?.try_into()
}

#[derive(Serialize, Deserialize)]
struct LimitsForm {
    wall_ms: u64,
    cpu_ms: u64,
    memory_bytes: u64,
    api_calls: u32,
    service_calls: u32,
    output_bytes: u64,
    concurrency: u32,
}

impl From<&Limits> for LimitsForm {
    fn from(limits: &Limits) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            wall_ms: millis(limits.wall),
            cpu_ms: millis(limits.cpu),
            memory_bytes: limits.memory_bytes,
            api_calls: limits.api_calls,
            service_calls: limits.service_calls,
            output_bytes: limits.output_bytes,
            concurrency: limits.concurrency,
        }
    }
}

impl From<LimitsForm> for Limits {
    fn from(form: LimitsForm) -> Self {
        Self {
            wall: Duration::from_millis(form.wall_ms),
            cpu: Duration::from_millis(form.cpu_ms),
            memory_bytes: form.memory_bytes,
            api_calls: form.api_calls,
            service_calls: form.service_calls,
            output_bytes: form.output_bytes,
            concurrency: form.concurrency,
        }
    }
}

/// What a setting is that was not there before, and is left out while it is off.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
