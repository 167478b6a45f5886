//! What starts a script: one settings struct per script type.

use crate::endpoint::{self, Method};
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
    /// Event types it runs on, at least one.
    pub types: Vec<String>,
}

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
        invalid.or(())
    }
}

impl Subscription {
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
                .check(event::validate_type("event.types", name))
                .is_none()
            {
                break;
            }
        }
        invalid.or(())
    }
}
