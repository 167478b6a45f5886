//! A script as the API shows it (design 4.2): only the part of its own type.

use std::collections::BTreeMap;
use std::time::Duration;

use scriptorium::model::limits::Limits;
use scriptorium::model::script::{Definition, Script};
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{Date, Timestamp, Uuid};
use scriptorium::{Circuit, LastExecution, ScriptSummary};
use serde::Serialize;
use utoipa::ToSchema;

use crate::raw_json::RawJson;

/// A script.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Script)]
pub(crate) struct ScriptBody {
    id: Uuid,
    #[serde(flatten)]
    definition: DefinitionBody,
    /// `draft`, `active`, `paused`, `disabled` or `archived`.
    status: &'static str,
    /// Why the platform paused it, when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_reason: Option<String>,
    /// Whether the server that answers holds it back; left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    circuit: Option<CircuitBody>,
    /// Number of the current version, from 1.
    version: u32,
    owner: Option<Uuid>,
    /// Who activated it last.
    activated_by: Option<Uuid>,
    created_by: Option<Uuid>,
    /// The author of the current version.
    updated_by: Option<Uuid>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A script that is held back: of its last ten executions half or more timed out or could not be run.
/// Runs by hand and other versions are not held back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Circuit)]
pub(crate) struct CircuitBody {
    /// `open`, or `half_open` while one execution shows whether it goes well.
    state: &'static str,
    /// The version whose executions went wrong.
    version: u32,
    since: Timestamp,
    /// When the next execution is let through.
    retry_at: Timestamp,
}

/// What a user writes of a script; all of it is kept in each version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Definition)]
pub(crate) struct DefinitionBody {
    name: String,
    description: String,
    /// `scheduled`, `http`, `event`, `oneoff` or `embedded`.
    r#type: &'static str,
    /// The text of the script; left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// `javascript` or `typescript`.
    language: &'static str,
    /// The function that is called, when it is not found by convention.
    entry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<ScheduleBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<HttpBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<EventBody>,
    limits: LimitsBody,
    /// How many executions about the same thing go on at once; `null` for any number.
    concurrency: Option<ConcurrencyBody>,
    input_schema: Option<RawJson>,
    /// JSON schema of what it returns, for the OpenAPI document of the tenant's endpoints.
    output_schema: Option<RawJson>,
    /// Services it may call; `null` for every one.
    allowed_services: Option<Vec<String>>,
    /// Whether other scripts import what it exports; embedded scripts only.
    library: bool,
    /// The date whose behaviour of the platform it was written for.
    #[schema(value_type = String, format = Date, example = "2026-11-30")]
    compatibility: Date,
    /// Which database its calls of `db` ask: `primary`, or `replica`, which lets it only read.
    database: &'static str,
    /// Whose rights it has when nobody asked for the execution; `null` for the owner's.
    run_as: Option<Uuid>,
    tags: Vec<String>,
    metadata: BTreeMap<String, String>,
}

/// When a scheduled script runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Schedule)]
pub(crate) struct ScheduleBody {
    /// Minute, hour, day of month, month, day of week.
    #[schema(example = "0 9 * * 1-5")]
    cron: String,
    #[schema(example = "Asia/Tashkent")]
    timezone: String,
    /// What becomes of instants that passed while no server ran: `skip`, `latest` or `all`.
    missed: &'static str,
    /// What happens when an instant comes while the run before goes on: `forbid`, `allow` or `replace`.
    overlap: &'static str,
    /// Up to how many seconds later than planned it runs.
    jitter_seconds: u32,
    /// The first instant that can be planned; `null` for no bound.
    starts_at: Option<Timestamp>,
    /// The last instant that can be planned; `null` for no bound.
    ends_at: Option<Timestamp>,
    /// The script is paused after so many failures in a row; `null` for never.
    pause_after_failures: Option<u32>,
    /// How often a run that failed is tried again, five minutes after it each, before the next instant.
    retries: u32,
}

/// Where an HTTP script answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Http)]
pub(crate) struct HttpBody {
    /// Below `/api/scripts`.
    #[schema(example = "/reports/{year}")]
    path: String,
    methods: Vec<&'static str>,
    /// `required`, `signature` or `public`.
    auth: &'static str,
    /// A permission callers must hold besides `scripts.execute`.
    permission: Option<String>,
    /// Calls a minute of all callers; `null` for the figure of the tenant's share.
    rate_limit_per_minute: Option<u32>,
    /// Calls a minute of one caller; `null` for the figure of the tenant's share.
    caller_rate_limit_per_minute: Option<u32>,
    /// How callers sign; `null` unless `auth` is `signature`.
    signature: Option<SignatureBody>,
    /// Origins whose pages may read the answers; `*` is every one.
    cors_origins: Vec<String>,
    /// For how long answers to GET may be kept by whoever asked; `null` for not at all.
    cache_seconds: Option<u32>,
    /// Libraries that see a request before the script.
    before: Vec<String>,
    /// Libraries that see an answer after the script.
    after: Vec<String>,
}

/// How the requests to an endpoint are signed. Its secrets are never told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Signature)]
pub(crate) struct SignatureBody {
    /// `standard`, `stripe` or `github`.
    scheme: &'static str,
}

/// What an event script runs on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventBody {
    types: Vec<String>,
    /// What the payload must be like; `null` for anything.
    filter: Option<RawJson>,
    /// Of several scripts that one event starts, those with a higher one begin first.
    priority: u32,
    /// Executions that one event may have in all, the first included.
    max_attempts: u32,
    /// What events are in order by: `key`, or a member of the payload. Those that have the same value are
    /// run one after another.
    order_by: Option<String>,
    /// Of events that follow each other within so many milliseconds only the last one starts it; `null`
    /// when each does.
    debounce_ms: Option<u32>,
    /// Where in the payload stands what events are about that supersede each other; `null` when all do.
    debounce_key: Option<String>,
    /// Events are gathered for so many milliseconds, and one execution is given all of them; `null` when
    /// each has its own.
    batch_ms: Option<u32>,
    /// Most events of one execution; `null` when they are not gathered.
    batch_events: Option<u32>,
    /// Where in the payload stands what events are about that are gathered; `null` when all are.
    batch_key: Option<String>,
}

/// How many executions about the same thing go on at once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Concurrency)]
pub(crate) struct ConcurrencyBody {
    /// Where in the input the concurrency key is; `null` when all executions are about the same.
    #[schema(example = "customer.id")]
    key: Option<String>,
    limit: u32,
    /// What becomes of a further one: `queue`, `drop` or `replace`.
    when_full: &'static str,
}

/// What one execution may use.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Limits)]
pub(crate) struct LimitsBody {
    wall_ms: u64,
    cpu_ms: u64,
    memory_bytes: u64,
    api_calls: u32,
    service_calls: u32,
    output_bytes: u64,
    concurrency: u32,
}

/// A script as lists show it: without its source.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScriptSummary)]
pub(crate) struct ScriptItem {
    #[serde(flatten)]
    script: ScriptBody,
    last_execution: Option<LastExecutionBody>,
    /// When its schedule fires next.
    next_run_at: Option<Timestamp>,
}

/// The latest execution of a script.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastExecution)]
pub(crate) struct LastExecutionBody {
    id: Uuid,
    status: &'static str,
    at: Timestamp,
}

impl From<Script> for ScriptBody {
    fn from(script: Script) -> Self {
        Self {
            id: script.id.0,
            definition: script.definition.into(),
            status: script.status.as_str(),
            paused_reason: script.paused_reason,
            circuit: None,
            version: script.version,
            owner: script.owner.map(|id| id.0),
            activated_by: script.activated_by.map(|id| id.0),
            created_by: script.created_by.map(|id| id.0),
            updated_by: script.updated_by.map(|id| id.0),
            created_at: script.created_at,
            updated_at: script.updated_at,
        }
    }
}

impl ScriptBody {
    pub(crate) fn held_back(self, circuit: Option<Circuit>) -> Self {
        let circuit = circuit.map(|circuit| CircuitBody {
            state: if circuit.half_open {
                "half_open"
            } else {
                "open"
            },
            version: circuit.version,
            since: circuit.since,
            retry_at: circuit.retry_at,
        });
        Self { circuit, ..self }
    }
}

impl From<ScriptSummary> for ScriptItem {
    fn from(summary: ScriptSummary) -> Self {
        let mut script = ScriptBody::from(summary.script);
        script.definition.leave_out_source();
        Self {
            script,
            last_execution: summary.last_execution.map(Into::into),
            next_run_at: summary.next_run_at,
        }
    }
}

impl From<LastExecution> for LastExecutionBody {
    fn from(last: LastExecution) -> Self {
        Self {
            id: last.id.0,
            status: last.status.as_str(),
            at: last.at,
        }
    }
}

impl From<Definition> for DefinitionBody {
    fn from(definition: Definition) -> Self {
        let compatibility = definition.compatibility_date();
        let mut body = Self {
            name: definition.name,
            description: definition.description,
            r#type: definition.trigger.kind().as_str(),
            source: Some(definition.source),
            language: definition.language.as_str(),
            entry: definition.entry,
            schedule: None,
            http: None,
            event: None,
            limits: definition.limits.into(),
            concurrency: definition.concurrency.map(|concurrency| ConcurrencyBody {
                key: concurrency.key,
                limit: concurrency.limit,
                when_full: concurrency.when_full.as_str(),
            }),
            input_schema: definition.input_schema.map(RawJson),
            output_schema: definition.output_schema.map(RawJson),
            allowed_services: definition.allowed_services,
            library: definition.library,
            compatibility,
            database: definition.database.as_str(),
            run_as: definition.run_as.map(|id| id.0),
            tags: definition.tags,
            metadata: definition.metadata,
        };
        match definition.trigger {
            Trigger::Scheduled(schedule) => {
                body.schedule = Some(ScheduleBody {
                    cron: schedule.cron,
                    timezone: schedule.timezone,
                    missed: schedule.missed.as_str(),
                    overlap: schedule.overlap.as_str(),
                    jitter_seconds: schedule.jitter_seconds,
                    starts_at: schedule.starts_at,
                    ends_at: schedule.ends_at,
                    pause_after_failures: schedule.pause_after_failures,
                    retries: schedule.retries,
                });
            }
            Trigger::Http(http) => {
                body.http = Some(HttpBody {
                    path: http.path,
                    methods: http.methods.into_iter().map(|m| m.as_str()).collect(),
                    auth: http.auth.as_str(),
                    permission: http.permission,
                    rate_limit_per_minute: http.rate_limit_per_minute,
                    caller_rate_limit_per_minute: http.caller_rate_limit_per_minute,
                    signature: http.signature.map(|scheme| SignatureBody {
                        scheme: scheme.as_str(),
                    }),
                    cors_origins: http.cors_origins,
                    cache_seconds: http.cache_seconds,
                    before: http.before,
                    after: http.after,
                });
            }
            Trigger::Event(event) => {
                body.event = Some(EventBody {
                    types: event.types,
                    filter: event.filter.map(|filter| RawJson(filter.as_json().clone())),
                    priority: event.priority,
                    max_attempts: event.max_attempts,
                    debounce_ms: event.debounce.as_ref().map(|debounce| debounce.wait_ms),
                    debounce_key: event.debounce.and_then(|debounce| debounce.key),
                    order_by: event.order_by,
                    batch_ms: event.batch.as_ref().map(|batch| batch.wait_ms),
                    batch_events: event.batch.as_ref().map(|batch| batch.max_events),
                    batch_key: event.batch.and_then(|batch| batch.key),
                });
            }
            Trigger::OneOff | Trigger::Embedded => {}
        }
        body
    }
}

impl DefinitionBody {
    /// Makes it fit for a list.
    pub(crate) fn leave_out_source(&mut self) {
        self.source = None;
    }
}

impl From<Limits> for LimitsBody {
    fn from(limits: Limits) -> Self {
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

/// A duration as the API writes it.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
