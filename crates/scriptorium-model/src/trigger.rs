//! What starts a script: one settings struct per script type.

use crate::endpoint::{self, Method};
use crate::execution::MAX_PRIORITY;
use crate::filter::Filter;
use crate::invalid::out_of_range;
use crate::schedule::Schedule;
use crate::script::ScriptType;
use crate::{Invalid, event};

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
    /// Calls a minute; the platform's own figure when `None` (R-DB-14, X-39).
    pub rate_limit_per_minute: Option<u32>,
}

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndpointAuth {
    /// A session or token of the tenant with `scripts.execute`.
    Required,
    /// Anyone; the script checks the caller itself.
    Public,
}

impl EndpointAuth {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Public => "public",
        }
    }

    /// The mode of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Required, Self::Public]
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
}

/// Most calls a minute that an endpoint may allow itself.
const MAX_RATE: u32 = 6_000;
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
        let rate = self.rate_limit_per_minute;
        if rate.is_some_and(|rate| !(1..=MAX_RATE).contains(&rate)) {
            out_of_range("http.rate_limit_per_minute", 1, MAX_RATE, &mut invalid);
        }
        invalid.or(())
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
        invalid.or(())
    }
}
