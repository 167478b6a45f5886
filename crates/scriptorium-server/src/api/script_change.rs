//! What a request says about a script, laid over what there is: nothing for a new one, the present
//! definition for a change. Rules about values are the model's; here is only which member belongs
//! where.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use scriptorium::model::compatibility;
use scriptorium::model::concurrency::{Concurrency, WhenFull};
use scriptorium::model::endpoint::Method;
use scriptorium::model::filter::Filter;
use scriptorium::model::limits::Limits;
use scriptorium::model::schedule::{Missed, Overlap, Schedule};
use scriptorium::model::script::{Definition, Language, ScriptDatabase, ScriptType};
use scriptorium::model::trigger::{
    Batch, Debounce, Endpoint, EndpointAuth, SignatureScheme, Subscription, Trigger,
};
use scriptorium::model::{Invalid, Timestamp, UserId, Uuid};
use serde::Deserialize;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::{nullable, present};
use crate::raw_json::RawJson;

/// Members of a script to set. Absent ones stay; nested objects are laid over member by member;
/// `null` takes back what is optional.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ScriptChange)]
pub(crate) struct ScriptChange {
    /// Unique in the tenant, 3 to 100 letters, digits, spaces and `_ - . ( )`.
    #[serde(default, deserialize_with = "present")]
    name: Option<String>,
    /// At most 500 characters.
    #[serde(default, deserialize_with = "present")]
    description: Option<String>,
    /// `scheduled`, `http`, `event`, `oneoff` or `embedded`; cannot change later.
    #[serde(default, deserialize_with = "present")]
    r#type: Option<String>,
    /// At most 100,000 bytes.
    #[serde(default, deserialize_with = "present")]
    source: Option<String>,
    /// `javascript` or `typescript`; JavaScript when not said.
    #[serde(default, deserialize_with = "present")]
    language: Option<String>,
    /// Name of the function to call; found by convention when `null`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    entry: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    schedule: Option<ScheduleChange>,
    #[serde(default, deserialize_with = "present")]
    http: Option<HttpChange>,
    #[serde(default, deserialize_with = "present")]
    event: Option<EventChange>,
    /// `null` for the defaults.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<LimitsChange>)]
    limits: Option<Option<LimitsChange>>,
    /// How many executions about the same thing go on at once; any number when `null`. Not of scheduled
    /// scripts, which have `overlap`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<ConcurrencyChange>)]
    concurrency: Option<Option<ConcurrencyChange>>,
    /// JSON schema of the input.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<RawJson>)]
    input_schema: Option<Option<RawJson>>,
    /// JSON schema of what it returns: told to those who call it, and not checked.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<RawJson>)]
    output_schema: Option<Option<RawJson>>,
    /// Names of services; `null` for every one.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Vec<String>>)]
    allowed_services: Option<Option<Vec<String>>>,
    /// Whether other scripts of the tenant may import what it exports, as `lib/` and its name;
    /// embedded scripts only.
    #[serde(default, deserialize_with = "present")]
    library: Option<bool>,
    /// The date whose behaviour of the platform it was written for: not later than today in UTC. Today when
    /// not said of a new script.
    #[serde(default, deserialize_with = "present")]
    #[schema(format = Date, example = "2026-11-30")]
    compatibility: Option<String>,
    /// Which database its calls of `db` ask: `primary`, which a new script has, or `replica`, which lets it only
    /// read.
    #[serde(default, deserialize_with = "present")]
    #[schema(example = "primary")]
    database: Option<String>,
    /// A user; the owner when `null`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    run_as: Option<Option<Uuid>>,
    /// At most 20 words.
    #[serde(default, deserialize_with = "present")]
    tags: Option<Vec<String>>,
    /// Free settings; a key with `null` is removed.
    #[serde(default, deserialize_with = "present")]
    metadata: Option<BTreeMap<String, Option<String>>>,
    /// What the author says about the change, at most 500 characters.
    #[serde(default, deserialize_with = "present")]
    change_description: Option<String>,
    /// The version this change was made from; 409 when there is a newer one.
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 1)]
    base_version: Option<u32>,
}

/// When a scheduled script runs.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScheduleChange {
    /// Minute, hour, day of month, month, day of week.
    #[serde(default, deserialize_with = "present")]
    #[schema(example = "0 9 * * 1-5")]
    cron: Option<String>,
    /// IANA name; `UTC` when not said.
    #[serde(default, deserialize_with = "present")]
    #[schema(example = "Asia/Tashkent")]
    timezone: Option<String>,
    /// What becomes of instants that passed while no server ran: none runs (`skip`), the last one does
    /// if it is at most an hour old (`latest`, when not said), or up to a hundred do (`all`).
    #[serde(default, deserialize_with = "present")]
    missed: Option<String>,
    /// What happens when an instant comes while the run before goes on: it is skipped (`forbid`, when
    /// not said), it runs beside (`allow`), or the run before is cancelled (`replace`).
    #[serde(default, deserialize_with = "present")]
    overlap: Option<String>,
    /// Up to how many seconds later than planned it runs, 0 to 3,600; 0 when not said.
    #[serde(default, deserialize_with = "present")]
    jitter_seconds: Option<u32>,
    /// The first instant that can be planned; no bound when `null`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Timestamp>)]
    starts_at: Option<Option<Timestamp>>,
    /// The last instant that can be planned; no bound when `null`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Timestamp>)]
    ends_at: Option<Option<Timestamp>>,
    /// The script is paused after so many failures in a row, 1 to 100; never when `null`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    pause_after_failures: Option<Option<u32>>,
    /// How often a run that failed is tried again, five minutes after it each and never past the next
    /// instant: 0 to 3; 0 when not said.
    #[serde(default, deserialize_with = "present")]
    retries: Option<u32>,
}

/// Where an HTTP script answers.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpChange {
    /// Below `/api/scripts`, with a leading slash; segments are text, `{name}` or a last `{*name}`.
    #[serde(default, deserialize_with = "present")]
    #[schema(example = "/reports/{year}")]
    path: Option<String>,
    /// Of GET, POST, PUT, DELETE, PATCH; GET when not said.
    #[serde(default, deserialize_with = "present")]
    methods: Option<Vec<String>>,
    /// `required`, `signature` or `public`; required when not said.
    #[serde(default, deserialize_with = "present")]
    auth: Option<String>,
    /// A permission callers must hold besides `scripts.execute`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    permission: Option<Option<String>>,
    /// Calls a minute of all callers, 1 to 6,000; the figure of the tenant's share when `null`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    rate_limit_per_minute: Option<Option<u32>>,
    /// Calls a minute of one caller, 1 to 6,000; the figure of the tenant's share when `null`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    caller_rate_limit_per_minute: Option<Option<u32>>,
    /// How callers sign; with `auth` `signature`, and only then.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<SignatureChange>)]
    signature: Option<Option<SignatureChange>>,
    /// Up to 20 origins such as `https://shop.example.com` whose pages may read the answers, or `*`.
    #[serde(default, deserialize_with = "present")]
    cors_origins: Option<Vec<String>>,
    /// For how many seconds answers to GET may be kept by whoever asked, 1 to 31,536,000; not at all
    /// when `null`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    cache_seconds: Option<Option<u32>>,
    /// Up to 5 names of libraries that see a request before the script, in this order.
    #[serde(default, deserialize_with = "present")]
    before: Option<Vec<String>>,
    /// Up to 5 names of libraries that see an answer after the script, in this order.
    #[serde(default, deserialize_with = "present")]
    after: Option<Vec<String>>,
}

/// How the requests to an endpoint are signed.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignatureChange {
    /// `standard`, `stripe` or `github`.
    #[serde(default, deserialize_with = "present")]
    scheme: Option<String>,
    /// One more secret that signatures are accepted of, besides those there are. It is stored
    /// encrypted and never told again.
    #[serde(default, deserialize_with = "present")]
    #[schema(write_only)]
    secret: Option<String>,
}

impl fmt::Debug for SignatureChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureChange")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// What an event script runs on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventChange {
    /// 1 to 50 types such as `order.created`.
    #[serde(default, deserialize_with = "present")]
    types: Option<Vec<String>>,
    /// What the payload must be like: `{"field", "op", "value"}` with `eq`, `ne`, `gt`, `gte`, `lt`,
    /// `lte`, `in` or `contains`, or a list of those in `{"all"}` or `{"any"}`; anything when `null`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<RawJson>)]
    filter: Option<Option<RawJson>>,
    /// Of several scripts that one event starts, those with a higher one begin first: 0 to 100; 0
    /// when not said.
    #[serde(default, deserialize_with = "present")]
    priority: Option<u32>,
    /// Executions that one event may have in all, the first included: 1 to 10; 4 when not said.
    #[serde(default, deserialize_with = "present")]
    max_attempts: Option<u32>,
    /// What events are in order by: `key` for the key they were published with, or a member of the
    /// payload such as `order.client_id`. Those that have the same value are run one after another, as
    /// they were published; in no order when `null`.
    #[serde(default, deserialize_with = "nullable")]
    order_by: Option<Option<String>>,
    /// Of events that follow each other within so many milliseconds, 100 to 3,600,000, only the last one
    /// starts it, at the latest ten times as long after the first; each does when `null`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    debounce_ms: Option<Option<u32>>,
    /// Where in the payload stands what events are about, such as `customer.id`: only those about the
    /// same supersede each other. All do when `null`. With `debounce_ms`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    debounce_key: Option<Option<String>>,
    /// Events are gathered for so many milliseconds after the first one, 100 to 3,600,000, and one
    /// execution is given all of them; each has its own when `null`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    batch_ms: Option<Option<u32>>,
    /// Most events of one execution, 2 to 100; it begins when it has as many. 100 when not said. With
    /// `batch_ms`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    batch_events: Option<Option<u32>>,
    /// Where in the payload stands what events are about, such as `customer.id`: only those about the
    /// same are gathered. All are when `null`. With `batch_ms`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    batch_key: Option<Option<String>>,
}

/// How many executions about the same thing go on at once.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConcurrencyChange {
    /// Where in the input the concurrency key is, such as `customer.id`; all executions of the script
    /// are about the same when `null`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    key: Option<Option<String>>,
    /// 1 to 20; 1 when not said.
    #[serde(default, deserialize_with = "present")]
    limit: Option<u32>,
    /// What becomes of a further one: it waits (`queue`, when not said), ends as cancelled (`drop`), or
    /// takes the place of those before it, which are cancelled (`replace`).
    #[serde(default, deserialize_with = "present")]
    when_full: Option<String>,
}

/// What one execution may use.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsChange {
    /// 10 to 300,000; 30,000 when not said.
    #[serde(default, deserialize_with = "present")]
    wall_ms: Option<u64>,
    /// 1 to `wall_ms`; 10,000 when not said.
    #[serde(default, deserialize_with = "present")]
    cpu_ms: Option<u64>,
    /// 1 MiB to 512 MiB; 64 MiB when not said.
    #[serde(default, deserialize_with = "present")]
    memory_bytes: Option<u64>,
    /// 1 to 10,000; 100 when not said.
    #[serde(default, deserialize_with = "present")]
    api_calls: Option<u32>,
    /// 1 to 10,000; 1,000 when not said.
    #[serde(default, deserialize_with = "present")]
    service_calls: Option<u32>,
    /// 1 KiB to 10 MiB; 1 MiB when not said.
    #[serde(default, deserialize_with = "present")]
    output_bytes: Option<u64>,
    /// 1 to 20; 5 when not said.
    #[serde(default, deserialize_with = "present")]
    concurrency: Option<u32>,
}

impl ScriptChange {
    /// The definition of a new script, and what its author says about it.
    ///
    /// # Errors
    /// Every member that is missing, unknown or does not belong to the type.
    pub(crate) fn create(self) -> Result<(Definition, String), Invalid> {
        let mut invalid = Invalid::default();
        for (field, given) in [
            ("name", self.name.is_some()),
            ("type", self.r#type.is_some()),
            ("source", self.source.is_some()),
        ] {
            if !given {
                invalid.push(field, "required", "is required");
            }
        }
        if self.base_version.is_some() {
            invalid.push(
                "base_version",
                "not_allowed",
                "a new script has no version yet",
            );
        }
        let kind = self.r#type.as_deref().map(kind_of);
        let kind = kind
            .and_then(|kind| invalid.check(kind))
            .unwrap_or(ScriptType::OneOff);
        let description = self.change_description.clone().unwrap_or_default();
        let definition = self.laid_over(blank(kind), &mut invalid);
        invalid.or((definition, description))
    }

    /// Takes out the signing secret that comes with it: it is no part of a definition.
    pub(crate) fn take_signing_secret(&mut self) -> Option<String> {
        let signature = self.http.as_mut()?.signature.as_mut()?.as_mut()?;
        signature.secret.take()
    }

    /// The same with a type as other systems call it in what they wrote out (X-23).
    pub(crate) fn with_usual_type(mut self) -> Self {
        let usual = self.r#type.as_deref().and_then(|name| match name {
            "cron" => Some(ScriptType::Scheduled),
            "endpoint" | "webhook" => Some(ScriptType::Http),
            "one_off" | "manual" => Some(ScriptType::OneOff),
            "function" => Some(ScriptType::Embedded),
            _ => None,
        });
        if let Some(kind) = usual {
            self.r#type = Some(kind.as_str().to_owned());
        }
        self
    }

    /// The present definition with this change, the version it was made from, and what its author
    /// says about it.
    ///
    /// # Errors
    /// Every member that is unknown or does not belong to the type.
    pub(crate) fn update(
        self,
        present: Definition,
    ) -> Result<(Definition, Option<u32>, String), Invalid> {
        let mut invalid = Invalid::default();
        if let Some(kind) = self.r#type.as_deref()
            && invalid
                .check(kind_of(kind))
                .is_some_and(|kind| kind != present.trigger.kind())
        {
            invalid.push("type", "immutable", "cannot change");
        }
        let base = self.base_version;
        let description = self.change_description.clone().unwrap_or_default();
        let definition = self.laid_over(present, &mut invalid);
        invalid.or((definition, base, description))
    }

    fn laid_over(self, mut definition: Definition, invalid: &mut Invalid) -> Definition {
        set(&mut definition.name, self.name);
        set(&mut definition.description, self.description);
        set(&mut definition.source, self.source);
        if let Some(name) = self.language {
            let language = Language::from_name(&name);
            let names = "must be javascript or typescript";
            set_named(
                &mut definition.language,
                language,
                "language",
                names,
                invalid,
            );
        }
        set(&mut definition.entry, self.entry);
        let (schedule, http, event) = (self.schedule, self.http, self.event);
        lay_over_trigger(&mut definition.trigger, schedule, http, event, invalid);
        match self.limits {
            None => {}
            Some(None) => definition.limits = Limits::default(),
            Some(Some(limits)) => limits.lay_over(&mut definition.limits),
        }
        match self.concurrency {
            None => {}
            Some(None) => definition.concurrency = None,
            Some(Some(change)) => {
                let present = definition.concurrency.get_or_insert_default();
                change.lay_over(present, invalid);
            }
        }
        let schema = self
            .input_schema
            .map(|schema| schema.map(|RawJson(json)| json));
        set(&mut definition.input_schema, schema);
        let schema = self
            .output_schema
            .map(|schema| schema.map(|RawJson(json)| json));
        set(&mut definition.output_schema, schema);
        set(&mut definition.allowed_services, self.allowed_services);
        set(&mut definition.library, self.library);
        if let Some(text) = self.compatibility {
            let date = invalid.check(compatibility::parse(&text));
            definition.compatibility = date.or(definition.compatibility);
        }
        if let Some(name) = self.database {
            let database = ScriptDatabase::from_name(&name);
            let names = "must be primary or replica";
            set_named(
                &mut definition.database,
                database,
                "database",
                names,
                invalid,
            );
        }
        set(&mut definition.run_as, self.run_as.map(|id| id.map(UserId)));
        set(&mut definition.tags, self.tags);
        for (key, value) in self.metadata.unwrap_or_default() {
            match value {
                Some(value) => definition.metadata.insert(key, value),
                None => definition.metadata.remove(&key),
            };
        }
        definition
    }
}

fn lay_over_trigger(
    trigger: &mut Trigger,
    schedule: Option<ScheduleChange>,
    http: Option<HttpChange>,
    event: Option<EventChange>,
    invalid: &mut Invalid,
) {
    let kind = trigger.kind().as_str();
    let misplaced = |field: &str, invalid: &mut Invalid| {
        let message = format!("does not belong to a script of type {kind}");
        invalid.push(field, "not_allowed", message);
    };
    match (&mut *trigger, schedule) {
        (Trigger::Scheduled(present), Some(change)) => change.lay_over(present, invalid),
        (_, Some(_)) => misplaced("schedule", invalid),
        (_, None) => {}
    }
    match (&mut *trigger, event) {
        (Trigger::Event(present), Some(change)) => change.lay_over(present, invalid),
        (_, Some(_)) => misplaced("event", invalid),
        (_, None) => {}
    }
    match (trigger, http) {
        (Trigger::Http(present), Some(change)) => change.lay_over(present, invalid),
        (_, Some(_)) => misplaced("http", invalid),
        (_, None) => {}
    }
}

impl ScheduleChange {
    fn lay_over(self, present: &mut Schedule, invalid: &mut Invalid) {
        set(&mut present.cron, self.cron);
        set(&mut present.timezone, self.timezone);
        if let Some(name) = self.missed {
            let missed = Missed::from_name(&name);
            let message = "must be skip, latest or all";
            set_named(
                &mut present.missed,
                missed,
                "schedule.missed",
                message,
                invalid,
            );
        }
        if let Some(name) = self.overlap {
            let overlap = Overlap::from_name(&name);
            let message = "must be forbid, allow or replace";
            set_named(
                &mut present.overlap,
                overlap,
                "schedule.overlap",
                message,
                invalid,
            );
        }
        set(&mut present.jitter_seconds, self.jitter_seconds);
        set(&mut present.starts_at, self.starts_at);
        set(&mut present.ends_at, self.ends_at);
        set(&mut present.pause_after_failures, self.pause_after_failures);
        set(&mut present.retries, self.retries);
    }
}

impl HttpChange {
    fn lay_over(self, present: &mut Endpoint, invalid: &mut Invalid) {
        set(&mut present.path, self.path);
        if let Some(names) = self.methods {
            let methods: Option<Vec<Method>> =
                names.iter().map(|name| Method::from_name(name)).collect();
            let message = "must be of GET, POST, PUT, DELETE, PATCH";
            set_named(
                &mut present.methods,
                methods,
                "http.methods",
                message,
                invalid,
            );
        }
        if let Some(name) = self.auth {
            let auth = EndpointAuth::from_name(&name);
            let message = "must be required, signature or public";
            set_named(&mut present.auth, auth, "http.auth", message, invalid);
        }
        set(&mut present.permission, self.permission);
        set(
            &mut present.rate_limit_per_minute,
            self.rate_limit_per_minute,
        );
        set(
            &mut present.caller_rate_limit_per_minute,
            self.caller_rate_limit_per_minute,
        );
        match self.signature {
            None => {}
            Some(None) => present.signature = None,
            Some(Some(change)) => change.lay_over(&mut present.signature, invalid),
        }
        set(&mut present.cors_origins, self.cors_origins);
        set(&mut present.cache_seconds, self.cache_seconds);
        set(&mut present.before, self.before);
        set(&mut present.after, self.after);
    }
}

impl SignatureChange {
    fn lay_over(self, present: &mut Option<SignatureScheme>, invalid: &mut Invalid) {
        if let Some(name) = self.scheme {
            match SignatureScheme::from_name(&name) {
                Some(scheme) => *present = Some(scheme),
                None => {
                    let message = "must be standard, stripe or github";
                    invalid.push("http.signature.scheme", "unknown_value", message);
                }
            }
        }
        // Who may give one takes it out before.
        if self.secret.is_some() {
            let message = "cannot be given here";
            invalid.push("http.signature.secret", "not_allowed", message);
        }
    }
}

impl EventChange {
    fn lay_over(self, present: &mut Subscription, invalid: &mut Invalid) {
        set(&mut present.types, self.types);
        match self.filter {
            None => {}
            Some(None) => present.filter = None,
            Some(Some(RawJson(text))) => {
                if let Some(filter) = invalid.check(Filter::parse(text)) {
                    present.filter = Some(filter);
                }
            }
        }
        set(&mut present.priority, self.priority);
        set(&mut present.max_attempts, self.max_attempts);
        set(&mut present.order_by, self.order_by);
        match self.debounce_ms {
            None => {}
            Some(None) => present.debounce = None,
            Some(Some(wait_ms)) => {
                let key = present.debounce.take().and_then(|before| before.key);
                present.debounce = Some(Debounce { wait_ms, key });
            }
        }
        match (&mut present.debounce, self.debounce_key) {
            (_, None) | (None, Some(None)) => {}
            (Some(debounce), Some(key)) => debounce.key = key,
            (None, Some(Some(_))) => {
                let message = "goes with debounce_ms only";
                invalid.push("event.debounce_key", "not_allowed", message);
            }
        }
        lay_batch_over(
            &mut present.batch,
            (self.batch_ms, self.batch_events, self.batch_key),
            invalid,
        );
    }
}

type BatchChange = (
    Option<Option<u32>>,
    Option<Option<u32>>,
    Option<Option<String>>,
);

fn lay_batch_over(
    present: &mut Option<Batch>,
    (wait_ms, events, key): BatchChange,
    invalid: &mut Invalid,
) {
    match wait_ms {
        None => {}
        Some(None) => *present = None,
        Some(Some(wait_ms)) => {
            let before = present.take();
            *present = Some(Batch {
                wait_ms,
                ..before.unwrap_or_else(|| Batch::within(wait_ms))
            });
        }
    }
    let Some(batch) = present else {
        let given = [
            ("event.batch_events", events.flatten().is_some()),
            ("event.batch_key", key.flatten().is_some()),
        ];
        for (field, _) in given.into_iter().filter(|(_, given)| *given) {
            invalid.push(field, "not_allowed", "goes with batch_ms only");
        }
        return;
    };
    if let Some(events) = events {
        batch.max_events = events.unwrap_or_else(|| Batch::within(batch.wait_ms).max_events);
    }
    set(&mut batch.key, key);
}

impl ConcurrencyChange {
    fn lay_over(self, present: &mut Concurrency, invalid: &mut Invalid) {
        set(&mut present.key, self.key);
        set(&mut present.limit, self.limit);
        if let Some(name) = self.when_full {
            let policy = WhenFull::from_name(&name);
            let message = "must be queue, drop or replace";
            let field = "concurrency.when_full";
            set_named(&mut present.when_full, policy, field, message, invalid);
        }
    }
}

impl LimitsChange {
    fn lay_over(self, present: &mut Limits) {
        set(&mut present.wall, self.wall_ms.map(Duration::from_millis));
        set(&mut present.cpu, self.cpu_ms.map(Duration::from_millis));
        set(&mut present.memory_bytes, self.memory_bytes);
        set(&mut present.api_calls, self.api_calls);
        set(&mut present.service_calls, self.service_calls);
        set(&mut present.output_bytes, self.output_bytes);
        set(&mut present.concurrency, self.concurrency);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn set_named<T>(place: &mut T, value: Option<T>, field: &str, names: &str, invalid: &mut Invalid) {
    match value {
        Some(value) => *place = value,
        None => {
            invalid.push(field, "unknown_value", names);
        }
    }
}

/// The type of a name that a request gave.
pub(crate) fn kind_of(name: &str) -> Result<ScriptType, Invalid> {
    ScriptType::from_name(name).ok_or_else(|| {
        let message = "must be scheduled, http, event, oneoff or embedded";
        Invalid::field("type", "unknown_value", message)
    })
}

/// A new script of which nothing is said yet.
fn blank(kind: ScriptType) -> Definition {
    let trigger = match kind {
        ScriptType::Scheduled => Trigger::Scheduled(Schedule::new("", "UTC")),
        ScriptType::Http => {
            Trigger::Http(Endpoint::new("", &[Method::Get], EndpointAuth::Required))
        }
        ScriptType::Event => Trigger::Event(Subscription::to([""; 0])),
        ScriptType::OneOff => Trigger::OneOff,
        ScriptType::Embedded => Trigger::Embedded,
    };
    Definition::blank(trigger)
}

/// The schema of a body that creates: the same members, of which three are required.
pub(crate) struct NewScript;

impl PartialSchema for NewScript {
    fn schema() -> RefOr<Schema> {
        let required = ObjectBuilder::new()
            .required("name")
            .required("type")
            .required("source");
        AllOfBuilder::new()
            .item(Ref::from_schema_name(ScriptChange::name()))
            .item(required)
            .into()
    }
}

impl ToSchema for NewScript {
    fn name() -> Cow<'static, str> {
        "NewScript".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ScriptChange::name().into(), ScriptChange::schema()));
        ScriptChange::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str) -> ScriptChange {
        serde_json::from_str(text).unwrap()
    }

    #[track_caller]
    fn check_refused(outcome: Result<impl std::fmt::Debug, Invalid>, expected: &[(&str, &str)]) {
        let errors = outcome.unwrap_err().errors;
        let found: Vec<_> = errors.iter().map(|e| (e.field.as_str(), e.code)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn other_names_of_types_are_taken_where_that_is_asked_for() {
        for (name, kind) in [
            ("cron", "scheduled"),
            ("endpoint", "http"),
            ("webhook", "http"),
            ("one_off", "oneoff"),
            ("manual", "oneoff"),
            ("function", "embedded"),
            ("event", "event"),
        ] {
            let text = format!(r#"{{"name": "abc", "source": "1", "type": "{name}"}}"#);
            let (definition, _) = change(&text).with_usual_type().create().unwrap();
            assert_eq!(definition.trigger.kind().as_str(), kind);
            assert_eq!(change(&text).create().is_ok(), name == kind, "{name}");
        }
    }

    #[test]
    fn a_new_script_names_every_missing_and_misplaced_member_at_once() {
        check_refused(
            change("{}").create(),
            &[
                ("name", "required"),
                ("type", "required"),
                ("source", "required"),
            ],
        );
        check_refused(
            change(r#"{"name": "abc", "source": "1", "type": "cron", "language": "ruby"}"#)
                .create(),
            &[("type", "unknown_value"), ("language", "unknown_value")],
        );
        check_refused(
            change(
                r#"{"name": "abc", "source": "1", "type": "oneoff", "base_version": 1,
                    "schedule": {}, "http": {}, "event": {}}"#,
            )
            .create(),
            &[
                ("base_version", "not_allowed"),
                ("schedule", "not_allowed"),
                ("event", "not_allowed"),
                ("http", "not_allowed"),
            ],
        );
        check_refused(
            change(
                r#"{"name": "abc", "source": "1", "type": "http",
                    "http": {"path": "/a", "methods": ["GET", "BREW"], "auth": "none"}}"#,
            )
            .create(),
            &[
                ("http.methods", "unknown_value"),
                ("http.auth", "unknown_value"),
            ],
        );
    }

    #[test]
    fn a_change_touches_what_it_names_and_null_takes_back() {
        let text = r#"{"name": "abc", "type": "http", "source": "1", "entry": "go",
            "http": {"path": "/a", "methods": ["POST"], "permission": "reports.view"},
            "limits": {"wall_ms": 1000, "cpu_ms": 500}, "metadata": {"a": "1", "b": "2"}}"#;
        let (before, _) = change(text).create().unwrap();
        let text = r#"{"base_version": 3, "change_description": "why", "type": "http",
            "entry": null, "http": {"path": "/b"}, "limits": {"cpu_ms": 100},
            "metadata": {"a": null, "c": "3"}}"#;
        let (after, base, why) = change(text).update(before.clone()).unwrap();
        assert_eq!((base, why.as_str()), (Some(3), "why"));
        assert_eq!((after.name.as_str(), after.entry.as_deref()), ("abc", None));
        let http = after.trigger.endpoint().unwrap();
        assert_eq!(
            (http.path.as_str(), http.methods.as_slice()),
            ("/b", &[Method::Post][..])
        );
        assert_eq!(http.permission.as_deref(), Some("reports.view"));
        assert_eq!(after.limits.wall, Duration::from_secs(1));
        assert_eq!(after.limits.cpu, Duration::from_millis(100));
        let keys: Vec<_> = after.metadata.keys().map(String::as_str).collect();
        assert_eq!(keys, ["b", "c"]);

        let (reset, ..) = change(r#"{"limits": null, "http": {"permission": null}}"#)
            .update(after)
            .unwrap();
        assert_eq!(reset.limits, Limits::default());
        assert_eq!(reset.trigger.endpoint().unwrap().permission, None);
        check_refused(
            change(r#"{"type": "event"}"#).update(before),
            &[("type", "immutable")],
        );
    }

    #[test]
    fn a_subscription_is_laid_over_member_by_member() {
        let text = r#"{"name": "abc", "type": "event", "source": "1", "event": {
            "types": ["order.created"], "priority": 7,
            "filter": {"field": "total", "op": "gt", "value": 100}}}"#;
        let (before, _) = change(text).create().unwrap();
        let change_attempts = change(r#"{"event": {"max_attempts": 1}}"#);
        let (after, ..) = change_attempts.update(before.clone()).unwrap();
        let Trigger::Event(event) = &after.trigger else {
            panic!("{after:?}")
        };
        assert_eq!((event.priority, event.max_attempts), (7, 1));
        let filter = event.filter.as_ref().unwrap();
        assert!(filter.matches(&serde_json::json!({"total": 101})));
        let text = r#"{"event": {"debounce_ms": 500, "debounce_key": "customer"}}"#;
        let (quiet, ..) = change(text).update(before.clone()).unwrap();
        let text = r#"{"event": {"debounce_ms": 700}}"#;
        let (longer, ..) = change(text).update(quiet).unwrap();
        let Trigger::Event(event) = &longer.trigger else {
            panic!("{longer:?}")
        };
        let debounce = event.debounce.as_ref().unwrap();
        assert_eq!(
            (debounce.wait_ms, debounce.key.as_deref()),
            (700, Some("customer"))
        );
        let text = r#"{"event": {"debounce_ms": null, "debounce_key": null}}"#;
        let (off, ..) = change(text).update(longer).unwrap();
        assert!(matches!(&off.trigger, Trigger::Event(event) if event.debounce.is_none()));
        check_refused(
            change(r#"{"event": {"debounce_key": "customer"}}"#).update(off),
            &[("event.debounce_key", "not_allowed")],
        );
        let gathered = |before: &Definition, text: &str| {
            let (after, ..) = change(text).update(before.clone()).unwrap();
            let batch = after.trigger.batch().cloned();
            (after, batch.map(|b| (b.wait_ms, b.max_events, b.key)))
        };
        let text = r#"{"event": {"batch_ms": 500}}"#;
        let (few, batch) = gathered(&before, text);
        assert_eq!(batch, Some((500, 100, None)));
        let text = r#"{"event": {"batch_events": 10, "batch_key": "customer"}}"#;
        let (few, batch) = gathered(&few, text);
        assert_eq!(batch, Some((500, 10, Some("customer".into()))));
        let (few, batch) = gathered(&few, r#"{"event": {"batch_ms": 700, "batch_key": null}}"#);
        assert_eq!(batch, Some((700, 10, None)));
        let text = r#"{"event": {"batch_ms": null, "batch_events": null, "batch_key": null}}"#;
        let (none, batch) = gathered(&few, text);
        assert_eq!(batch, None);
        check_refused(
            change(r#"{"event": {"batch_events": 10, "batch_key": "a"}}"#).update(none),
            &[
                ("event.batch_events", "not_allowed"),
                ("event.batch_key", "not_allowed"),
            ],
        );
        let (reset, ..) = change(r#"{"event": {"filter": null}}"#)
            .update(after)
            .unwrap();
        assert!(matches!(reset.trigger, Trigger::Event(event) if event.filter.is_none()));
        check_refused(
            change(r#"{"event": {"filter": {"field": "total", "op": "~", "value": 1}}}"#)
                .update(before),
            &[("event.filter", "bad_filter")],
        );
    }

    #[test]
    fn concurrency_is_laid_over_member_by_member() {
        let text = r#"{"name": "abc", "type": "embedded", "source": "1",
            "concurrency": {"key": "customer.id"}}"#;
        let (before, _) = change(text).create().unwrap();
        let one_by_one = Concurrency {
            key: Some("customer.id".into()),
            ..Concurrency::default()
        };
        assert_eq!(before.concurrency, Some(one_by_one.clone()));
        let text = r#"{"concurrency": {"limit": 3, "when_full": "replace"}}"#;
        let (after, ..) = change(text).update(before.clone()).unwrap();
        let changed = Concurrency {
            limit: 3,
            when_full: WhenFull::Replace,
            ..one_by_one
        };
        assert_eq!(after.concurrency, Some(changed));
        let (whole, ..) = change(r#"{"concurrency": {"key": null}}"#)
            .update(after.clone())
            .unwrap();
        assert_eq!(whole.concurrency.unwrap().key, None);
        let (off, ..) = change(r#"{"concurrency": null}"#).update(after).unwrap();
        assert_eq!(off.concurrency, None);
        check_refused(
            change(r#"{"concurrency": {"when_full": "wait"}}"#).update(before),
            &[("concurrency.when_full", "unknown_value")],
        );
    }

    #[test]
    fn null_is_no_value_for_what_every_script_has() {
        for member in ["name", "source", "type", "tags", "http", "base_version"] {
            let text = format!(r#"{{"{member}": null}}"#);
            assert!(
                serde_json::from_str::<ScriptChange>(&text).is_err(),
                "{member}"
            );
        }
    }
}
