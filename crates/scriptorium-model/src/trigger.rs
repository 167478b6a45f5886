//! What starts a script: one settings struct per script type.

use std::time::Duration;

use jiff::Timestamp;

use crate::definition::validate_name;
use crate::endpoint::{self, Method};
use crate::execution::MAX_PRIORITY;
use crate::filter::Filter;
use crate::invalid::out_of_range;
use crate::library::PREFIX;
use crate::schedule::Schedule;
use crate::script::ScriptType;
use crate::{Invalid, Json, concurrency, event, order};

/// The type of a script with the settings of that type.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// By cron.
    Scheduled(Schedule),
    /// By HTTP.
    Http(Endpoint),
    /// By events.
    Event(Subscription),
    /// By hand.
    OneOff,
    /// By the host.
    Embedded,
}

/// Settings of an HTTP endpoint script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Path below `/api/scripts`, such as `/reports/{year}`.
    pub path: String,
    /// Accepted methods, at least one, each once.
    pub methods: Vec<Method>,
    /// Who may call it.
    pub auth: EndpointAuth,
    /// A permission callers must hold besides `scripts.execute`.
    pub permission: Option<String>,
    /// Calls a minute of all callers; the figure of the tenant's share when `None` (R-DB-14, X-39).
    pub rate_limit_per_minute: Option<u32>,
    /// Calls a minute of one caller; the figure of the tenant's share when `None`.
    pub caller_rate_limit_per_minute: Option<u32>,
    /// How callers sign; said when `auth` is `signature`, and only then.
    pub signature: Option<SignatureScheme>,
    /// Origins whose pages may read the answers; `*` for every one. None when empty.
    pub cors_origins: Vec<String>,
    /// For how long answers to GET may be kept by whoever asked; not at all when `None`.
    pub cache_seconds: Option<u32>,
    /// Libraries that see a request before the script, in this order.
    pub before: Vec<String>,
    /// Libraries that see an answer after the script, in this order.
    pub after: Vec<String>,
}

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndpointAuth {
    /// A session or token of the tenant with `scripts.execute`.
    Required,
    /// Whoever signs the request with one of the endpoint's secrets.
    Signature,
    /// Anyone; the script checks the caller itself.
    Public,
}

/// How a request is signed: whose form the headers have. All of them are HMAC-SHA256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureScheme {
    /// Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    Standard,
    /// Stripe: `stripe-signature`.
    Stripe,
    /// GitHub: `x-hub-signature-256`. Without a time.
    GitHub,
}

impl SignatureScheme {
    /// Every scheme.
    pub const ALL: [Self; 3] = [Self::Standard, Self::Stripe, Self::GitHub];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Stripe => "stripe",
            Self::GitHub => "github",
        }
    }

    /// The scheme of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == name)
    }
}

impl EndpointAuth {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Signature => "signature",
            Self::Public => "public",
        }
    }

    /// The mode of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Required, Self::Signature, Self::Public]
            .into_iter()
            .find(|auth| auth.as_str() == name)
    }
}

/// Settings of an event script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Event types it runs on, at least one: `order.created`, all of `order.*`, or `*` for everything
    /// but the platform's own.
    pub types: Vec<String>,
    /// What the payload must be like; anything when `None`.
    pub filter: Option<Filter>,
    /// Of several scripts that one event starts, those with a higher one begin first; 0 to 100.
    pub priority: u32,
    /// Executions that one event may have in all, the first included; 1 to 10.
    pub max_attempts: u32,
    /// Of events that follow each other closely only the last one starts it; each does when `None`.
    pub debounce: Option<Debounce>,
    /// Events are gathered, and one execution is given several; each has its own when `None`.
    pub batch: Option<Batch>,
    /// What events are in order by; see [`order`]. Those that have the same value of it are run one
    /// after another, as they were published. In no order when `None`.
    pub order_by: Option<String>,
}

/// How closely events follow each other, and which of them do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debounce {
    /// How long no further event comes before the last one starts the script, in milliseconds; 100 to
    /// 3,600,000.
    pub wait_ms: u32,
    /// Where in the payload stands what events are about, as names of members joined by dots; all that
    /// the subscription asks for are about the same when `None`.
    pub key: Option<String>,
}

/// The longest wait for a further event, as a multiple of the wait: events that do not stop coming do
/// not keep the script from running.
const MOST_WAITS: u32 = 10;
/// The shortest and the longest wait for a further event.
const WAIT_MS: std::ops::RangeInclusive<u32> = 100..=3_600_000;

impl Debounce {
    /// What an event with this payload is about.
    pub fn key_of(&self, payload: &Json) -> String {
        concurrency::key_of(self.key.as_deref(), payload)
    }

    /// When the last event of a window starts the script, when it came now and the first one then.
    pub fn due(&self, first: Timestamp, now: Timestamp) -> Timestamp {
        window_due(Duration::from_millis(self.wait_ms.into()), first, now)
    }

    fn validated(&self, invalid: &mut Invalid) {
        if !WAIT_MS.contains(&self.wait_ms) {
            out_of_range(
                "event.debounce_ms",
                *WAIT_MS.start(),
                *WAIT_MS.end(),
                invalid,
            );
        }
        if let Some(key) = &self.key {
            invalid.check(concurrency::validate_path("event.debounce_key", key));
        }
    }
}

/// How events are gathered into one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// How long an execution waits for further events after its first one, in milliseconds; 100 to
    /// 3,600,000.
    pub wait_ms: u32,
    /// Most events of one execution, which waits no longer when it has as many; 2 to 100.
    pub max_events: u32,
    /// Where in the payload stands what events are about, as names of members joined by dots: those that
    /// are about the same are gathered. All that the subscription asks for are when `None`.
    pub key: Option<String>,
}

/// Events of one execution when nothing is said, and the most that can be.
const MAX_BATCH: u32 = 100;
/// Bytes of the payloads of one execution, unless a single one has more.
pub const BATCH_BYTES: usize = 1 << 20;

impl Batch {
    /// That waits so long, for as many events as there may be.
    pub fn within(wait_ms: u32) -> Self {
        Self {
            wait_ms,
            max_events: MAX_BATCH,
            key: None,
        }
    }

    /// What an event with this payload is about.
    pub fn key_of(&self, payload: &Json) -> String {
        concurrency::key_of(self.key.as_deref(), payload)
    }

    /// When an execution begins whose first event came now, unless it has all of its events before.
    pub fn due(&self, now: Timestamp) -> Timestamp {
        let wait = Duration::from_millis(self.wait_ms.into());
        now.checked_add(wait).unwrap_or(Timestamp::MAX)
    }

    fn validated(&self, invalid: &mut Invalid) {
        if !WAIT_MS.contains(&self.wait_ms) {
            out_of_range("event.batch_ms", *WAIT_MS.start(), *WAIT_MS.end(), invalid);
        }
        if !(2..=MAX_BATCH).contains(&self.max_events) {
            out_of_range("event.batch_events", 2, MAX_BATCH, invalid);
        }
        if let Some(key) = &self.key {
            invalid.check(concurrency::validate_path("event.batch_key", key));
        }
    }
}

/// When a window ends whose first event came then and whose last one came now.
pub fn window_due(wait: Duration, first: Timestamp, now: Timestamp) -> Timestamp {
    let quiet = now.checked_add(wait).unwrap_or(Timestamp::MAX);
    let latest = first.checked_add(wait * MOST_WAITS);
    quiet.min(latest.unwrap_or(Timestamp::MAX))
}

/// Most calls a minute that an endpoint may allow itself.
const MAX_RATE: u32 = 6_000;
/// Most origins whose pages may read an endpoint's answers.
const MAX_ORIGINS: usize = 20;
/// Longest that an answer may be kept: a year.
const MAX_CACHE_SECONDS: u32 = 31_536_000;
/// Most libraries before an endpoint script, and as many after.
const MAX_AROUND: usize = 5;
/// Executions of one event when nothing is said: the first and three retries.
const DEFAULT_ATTEMPTS: u32 = 4;
/// Most executions of one event.
const MAX_ATTEMPTS: u32 = 10;

impl Trigger {
    /// The script type.
    pub fn kind(&self) -> ScriptType {
        match self {
            Self::Scheduled(_) => ScriptType::Scheduled,
            Self::Http(_) => ScriptType::Http,
            Self::Event(_) => ScriptType::Event,
            Self::OneOff => ScriptType::OneOff,
            Self::Embedded => ScriptType::Embedded,
        }
    }

    /// The schedule of a scheduled script.
    pub fn schedule(&self) -> Option<&Schedule> {
        if let Self::Scheduled(schedule) = self {
            Some(schedule)
        } else {
            None
        }
    }

    /// The endpoint of an HTTP script.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        if let Self::Http(endpoint) = self {
            Some(endpoint)
        } else {
            None
        }
    }

    /// How the events of an event script are gathered, when they are.
    pub fn batch(&self) -> Option<&Batch> {
        if let Self::Event(subscription) = self {
            subscription.batch.as_ref()
        } else {
            None
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// Every refused field, as `schedule.cron`, `http.path` and so on.
    pub fn validated(&self) -> Result<(), Invalid> {
        match self {
            Self::Scheduled(schedule) => schedule.validated(),
            Self::Http(http) => http.validated(),
            Self::Event(subscription) => subscription.validated(),
            Self::OneOff | Self::Embedded => Ok(()),
        }
    }
}

impl Endpoint {
    /// At a path for these callers, with nothing else said.
    pub fn new(path: impl Into<String>, methods: &[Method], auth: EndpointAuth) -> Self {
        Self {
            path: path.into(),
            methods: methods.to_vec(),
            auth,
            permission: None,
            rate_limit_per_minute: None,
            caller_rate_limit_per_minute: None,
            signature: None,
            cors_origins: Vec::new(),
            cache_seconds: None,
            before: Vec::new(),
            after: Vec::new(),
        }
    }

    /// Whether a page of this origin may read the answers.
    pub fn allows_origin(&self, origin: &str) -> bool {
        let is_it = |one: &String| one == "*" || one == origin;
        self.cors_origins.iter().any(is_it)
    }

    /// Whether the pages of every origin may.
    pub fn allows_every_origin(&self) -> bool {
        self.cors_origins.iter().any(|one| one == "*")
    }

    /// The libraries around the script, as an import would name them, each once.
    pub fn around(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for name in self.before.iter().chain(&self.after) {
            let specifier = format!("{PREFIX}{name}");
            if !all.contains(&specifier) {
                all.push(specifier);
            }
        }
        all
    }

    fn validated(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        invalid.check(endpoint::validate_path(&self.path));
        if self.methods.is_empty() {
            invalid.push(
                "http.methods",
                "required",
                "at least one method is required",
            );
        }
        let mut seen = self.methods.clone();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() != self.methods.len() {
            invalid.push(
                "http.methods",
                "not_unique",
                "each method may be listed once",
            );
        }
        if self
            .permission
            .as_ref()
            .is_some_and(|p| p.is_empty() || p.len() > 100)
        {
            invalid
                .push(
                    "http.permission",
                    "too_long",
                    "must have 1 to 100 characters",
                )
                .with("max", 100);
        }
        for (field, figure, most) in [
            (
                "http.rate_limit_per_minute",
                self.rate_limit_per_minute,
                MAX_RATE,
            ),
            (
                "http.caller_rate_limit_per_minute",
                self.caller_rate_limit_per_minute,
                MAX_RATE,
            ),
            ("http.cache_seconds", self.cache_seconds, MAX_CACHE_SECONDS),
        ] {
            if figure.is_some_and(|figure| !(1..=most).contains(&figure)) {
                out_of_range(field, 1, most, &mut invalid);
            }
        }
        match (self.auth, self.signature) {
            (EndpointAuth::Signature, None) => {
                invalid.push("http.signature", "required", "is required");
            }
            (EndpointAuth::Required | EndpointAuth::Public, Some(_)) => {
                let message = "is for endpoints whose auth is signature";
                invalid.push("http.signature", "not_allowed", message);
            }
            _ => {}
        }
        check_origins(&self.cors_origins, &mut invalid);
        check_around("http.before", &self.before, &mut invalid);
        check_around("http.after", &self.after, &mut invalid);
        invalid.or(())
    }
}

fn check_origins(origins: &[String], invalid: &mut Invalid) {
    let field = "http.cors_origins";
    if origins.len() > MAX_ORIGINS {
        let message = format!("must have at most {MAX_ORIGINS} entries");
        let error = invalid.push(field, "too_many", message);
        error.with("max", MAX_ORIGINS);
    }
    if origins.iter().any(|origin| !is_origin(origin)) {
        let message = "each must be * or an origin such as https://shop.example.com";
        invalid.push(field, "bad_origin", message);
    }
    check_each_once(field, origins, invalid);
}

/// `*`, or scheme and host as a browser writes them: in lower case, without a path.
fn is_origin(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let is_port = |port: &str| {
        port.parse::<u16>()
            .is_ok_and(|number| number.to_string() == port)
    };
    let is_name = |host: &str| {
        let part = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && label
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
        };
        host.split('.').all(part)
    };
    let is_address = |host: &str| {
        let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
    };
    text.len() <= 300 && (is_name(host) || is_address(host)) && port.is_none_or(is_port)
}

fn check_around(field: &str, names: &[String], invalid: &mut Invalid) {
    if names.len() > MAX_AROUND {
        let message = format!("must have at most {MAX_AROUND} entries");
        invalid
            .push(field, "too_many", message)
            .with("max", MAX_AROUND);
    }
    if names.iter().any(|name| validate_name(name).is_err()) {
        let message = "each must be the name of a library";
        invalid.push(field, "bad_characters", message);
    }
    check_each_once(field, names, invalid);
}

fn check_each_once(field: &str, names: &[String], invalid: &mut Invalid) {
    let mut seen: Vec<&String> = names.iter().collect();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() != names.len() {
        invalid.push(field, "duplicate", "each may be listed once");
    }
}

impl Subscription {
    /// To every event of these types, tried as often as the platform tries by itself.
    pub fn to<S: Into<String>>(types: impl IntoIterator<Item = S>) -> Self {
        Self {
            types: types.into_iter().map(Into::into).collect(),
            filter: None,
            priority: 0,
            max_attempts: DEFAULT_ATTEMPTS,
            debounce: None,
            batch: None,
            order_by: None,
        }
    }

    fn validated(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if self.types.is_empty() {
            invalid.push(
                "event.types",
                "required",
                "at least one event type is required",
            );
        }
        if self.types.len() > 50 {
            invalid
                .push("event.types", "too_many", "must have at most 50 entries")
                .with("max", 50);
        }
        for name in &self.types {
            if invalid
                .check(event::validate_pattern("event.types", name))
                .is_none()
            {
                break;
            }
        }
        if self.priority > MAX_PRIORITY {
            out_of_range("event.priority", 0, MAX_PRIORITY, &mut invalid);
        }
        if !(1..=MAX_ATTEMPTS).contains(&self.max_attempts) {
            out_of_range("event.max_attempts", 1, MAX_ATTEMPTS, &mut invalid);
        }
        if let Some(debounce) = &self.debounce {
            debounce.validated(&mut invalid);
            if self.order_by.is_some() {
                let message = "does not go with event.debounce_ms: of events in order each is run";
                invalid.push("event.order_by", "not_allowed", message);
            }
        }
        if let Some(batch) = &self.batch {
            batch.validated(&mut invalid);
            if self.debounce.is_some() {
                let message =
                    "does not go with event.debounce_ms: that leaves one event of several";
                invalid.push("event.batch_ms", "not_allowed", message);
            }
            if self.order_by.is_some() {
                let message = "does not go with event.batch_ms: of events in order each is run";
                invalid.push("event.order_by", "not_allowed", message);
            }
        }
        if let Some(path) = &self.order_by {
            invalid.check(order::validate("event.order_by", path));
        }
        invalid.or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_when_it_is_quiet_and_in_the_end_anyway() {
        let debounce = Debounce {
            wait_ms: 1_000,
            key: None,
        };
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for (first, now, due) in [(0, 0, 1), (0, 5, 6), (0, 9, 10), (0, 10, 10), (0, 60, 10)] {
            assert_eq!(debounce.due(at(first), at(now)), at(due), "{first} {now}");
        }
    }
}
