//! Hooks: places in the host's own work where a tenant's scripts may object or change something. The
//! host declares them, and calls them inside of its transaction.

use std::time::{Duration, Instant};

use scriptorium_model::Invalid;
use scriptorium_model::execution::{Execution, ExecutionStatus};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::runtime::Handle;

use crate::embedded::json_of;
use crate::error::{Error, Result};
use crate::transaction::Transaction;

/// A place where the host asks scripts before it goes on. Scripts belong to it by a tag of its name.
///
/// ```
/// use std::time::Duration;
///
/// let hook = scriptorium::Hook::new("order.save", "Order", "Before an order is saved.")
///     .budget(Duration::from_millis(100));
/// assert_eq!(hook.name(), "order.save");
/// ```
#[derive(Clone, Debug)]
pub struct Hook {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) doc: String,
    pub(crate) budget: Duration,
}

/// What the scripts of a hook made of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<T> {
    /// It may be saved, as it is now.
    Pass(T),
    /// One of them objects.
    Veto(Veto),
}

/// Why something may not be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Veto {
    /// The script that objects.
    pub script: String,
    /// What it objects to; may be empty.
    pub errors: Vec<Objection>,
}

/// One thing that a script objects to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Objection {
    /// The field it is about, as the script names it.
    #[serde(default)]
    pub field: Option<String>,
    /// For people.
    pub message: String,
}

/// What all scripts of a hook may take together when nothing is said.
const BUDGET: Duration = Duration::from_millis(250);

impl Hook {
    /// A hook with the TypeScript type of the value it is called with.
    pub fn new(name: impl Into<String>, value: impl Into<String>, doc: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            doc: doc.into(),
            budget: BUDGET,
        }
    }

    /// What all of its scripts may take together, waiting for room included; 250 ms by default. The
    /// host's transaction is open meanwhile.
    #[must_use]
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// Its name, and the tag of its scripts.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What a script gives.
#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    valid: Option<bool>,
    #[serde(default)]
    errors: Vec<Objection>,
    #[serde(default)]
    value: Option<Value>,
}

enum Said {
    Pass,
    Change(Value),
    Veto(Vec<Objection>),
}

pub(crate) fn before<T>(tx: &Transaction<'_>, hook: &str, value: T) -> Result<Verdict<T>>
where
    T: Serialize + DeserializeOwned,
{
    let platform = tx.tenant().platform().clone();
    let Some(hook) = platform.hook(hook) else {
        let message = "must be a hook that the host has declared";
        return Err(Invalid::field("hook", "unknown_value", message).into());
    };
    let executions = platform.executions();
    let scripts = executions.embedded_with_tag(tx.tenant().ctx(), &hook.name);
    let scripts = Handle::current().block_on(scripts)?;
    let ends = Instant::now() + hook.budget;
    let mut value = value;
    for script in scripts {
        let left = ends.saturating_duration_since(Instant::now());
        let execution = tx.run(&script, json_of(&value)?, left)?;
        match said(&execution) {
            Some(Said::Pass) => {}
            Some(Said::Change(changed)) => match serde_json::from_value(changed) {
                Ok(changed) => value = changed,
                Err(_) => return Err(Error::script(execution)),
            },
            Some(Said::Veto(errors)) => return Ok(Verdict::Veto(Veto { script, errors })),
            None => return Err(Error::script(execution)),
        }
    }
    Ok(Verdict::Pass(value))
}

/// What an execution says of the value; `None` when it failed, or says nothing that is understood.
fn said(execution: &Execution) -> Option<Said> {
    if execution.status != ExecutionStatus::Completed {
        return None;
    }
    let output = execution.output.as_ref().map_or("null", |it| it.as_str());
    let given: Option<Given> = serde_json::from_str(output).ok()?;
    Some(match given {
        None => Said::Pass,
        Some(given) if given.valid == Some(false) => Said::Veto(given.errors),
        Some(Given {
            value: Some(value), ..
        }) => Said::Change(value),
        Some(_) => Said::Pass,
    })
}
