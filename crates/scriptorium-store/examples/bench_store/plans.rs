//! The plans of the statements that a question sends: what the database says it does, and whether
//! it reads or sorts more than an index would give.

use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// How one statement is answered.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) text: String,
    /// What is wrong with it, if anything, whichever index it uses.
    pub(crate) flaw: Option<String>,
}

/// Gives the plans of what was sent between two moments.
pub(crate) trait Plans {
    /// Begins to look.
    fn begin(&self) -> Result<()>;
    /// The plans since.
    fn end(&self) -> Result<Vec<Plan>>;
}

/// Statements as the store traces them, for a database that explains them afterwards.
pub(crate) struct Logged<F>(pub(crate) F);

impl<F: Fn(&str) -> Result<Plan>> Plans for Logged<F> {
    fn begin(&self) -> Result<()> {
        // The second time it is set already.
        let _ = tracing::subscriber::set_global_default(Ear);
        *heard() = Some(Vec::new());
        Ok(())
    }

    fn end(&self) -> Result<Vec<Plan>> {
        let mut statements = heard().take().unwrap_or_default();
        statements.dedup();
        statements.iter().map(|sql| (self.0)(sql)).collect()
    }
}

static HEARD: Mutex<Option<Vec<String>>> = Mutex::new(None);

fn heard() -> std::sync::MutexGuard<'static, Option<Vec<String>>> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens to the store, which traces every statement.
struct Ear;

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "scriptorium_store::statement"
    }

    fn event(&self, event: &Event<'_>) {
        if let Some(heard) = heard().as_mut() {
            let mut said = Said::default();
            event.record(&mut said);
            let sql = said.0.trim().to_owned();
            if ["select", "with", "update", "delete", "insert"]
                .iter()
                .any(|word| sql.starts_with(word))
            {
                heard.push(sql);
            }
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The text of a statement.
#[derive(Default)]
struct Said(String);

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "text" {
            self.0 = value.into();
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
