//! All SQL: repositories, migrations, the tenants' own tables. Not the rules: those are in the
//! model, and callers have asked them before they come here.
//!
//! [`Store`] is the only entry. What it does inside one tenant takes the operation context first
//! and sees that tenant's rows only; what concerns several tenants at once (sign-in, due schedules,
//! the queue, recovery) is in [`system`]. SQLite or PostgreSQL is behind it, chosen by [`Options`]
//! when it is opened; nothing above can tell which.

mod alerts;
mod audit;
mod backlog;
pub mod backup;
mod batches;
mod db;
mod dead_letters;
mod definition;
mod deliveries;
mod drafts;
mod error;
pub mod events;
pub mod executions;
mod files;
mod halts;
pub mod history;
mod idempotency;
mod keys;
mod libraries;
mod lifecycle;
mod milestones;
mod notifications;
mod operations;
mod outgoing;
mod readings;
mod recall;
mod remote_services;
mod retention;
pub mod schedules;
pub mod scripts;
mod seal;
mod search;
mod seats;
pub mod secrets;
mod sessions;
mod signing;
mod storage;
mod store;
mod subscriptions;
mod suspensions;
pub mod system;
mod templates;
pub mod tenant_data;
mod tokens;
mod turns;
mod users;
mod versions;
mod windows;

// The wall between tenants, once more inside: with holes planted in it (db/tests/mutants.rs).
#[cfg(test)]
extern crate self as scriptorium_store;
#[cfg(test)]
#[path = "../tests/it/isolation.rs"]
mod isolation;
#[cfg(test)]
#[path = "../tests/it/support.rs"]
#[allow(dead_code, reason = "the isolation suite needs a part of it")]
mod support;

pub use alerts::AlertFilter;
pub use db::migrations::MigrationStatus;
pub use db::postgres::{Clock, PostgresOptions, ReplicaStatus};
pub use dead_letters::{DeadLetterFilter, DeadLetterSummary, RetriedLetters, RetriedUnder};
pub use error::{Error, PlatformError, Result, Unavailable};
pub use events::{Delivered, DeliveryState, EventType};
pub use executions::{ExecutionField, ExecutionFilter, ExecutionSort, ExecutionSummary, Inserted};
pub use history::{Accept, Begin, Commit, Finished, Written};
pub use idempotency::KnownKey;
pub use notifications::{Allowance, NotificationFilter};
pub use operations::{Operation, PROBLEMS};
pub use scripts::{
    Contradiction, ImportStep, ImportedVersion, LastExecution, Saving, ScriptFilter, ScriptSort,
    ScriptSummary, SortField, Trashed,
};
pub use signing::{SIGNING_SECRETS, SigningSecret};
pub use store::{Change, Options, Store};
pub use suspensions::{ParkedEvent, Suspension};
pub use system::backlog::Backlog;
pub use system::dispatch::Dispatched;
pub use system::indexer::Indexed;
pub use system::lanes::Lanes;
pub use system::maintenance::Maintained;
pub use system::nodes::{Duty, Node, OnDuty};
pub use system::notifications::ToSend;
pub use system::queue::{Claimed, Lease, LeaseId};
