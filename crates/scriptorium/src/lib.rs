//! Scriptorium as a library: let the users of your application extend it with JavaScript.
//!
//! A [`Platform`] is the whole product without a socket: tenants, scripts and their versions,
//! executions and their history, schedules and endpoints. Your application starts one, registers
//! what scripts may reach, and calls scripts as functions. Our own server is one such application.
//!
//! ```no_run
//! use scriptorium::{Platform, Service};
//! use serde_json::{Value, json};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let platform = Platform::builder()
//!     .data_dir("./data")
//!     .service(Service::new("stock", "What is in the warehouse").method(
//!         "get",
//!         "sku: string",
//!         "Promise<number>",
//!         "How many pieces are left.",
//!         async |call: scriptorium::ServiceCall| {
//!             let _sku = call.text(0, "sku")?;
//!             Ok(json!(12))
//!         },
//!     ))
//!     .start()
//!     .await?;
//!
//! // A user has written an embedded script of this name in the browser.
//! let verdict: Value = platform.invoke("validate-order", &json!({ "sku": "A-1" })).await?;
//! println!("{verdict}");
//! platform.shutdown(std::time::Duration::from_secs(10)).await;
//! # Ok(())
//! # }
//! ```
//!
//! The nouns, each reached from the platform and each taking the operation context first:
//! [`Scripts`], [`Executions`], [`Halts`], [`Endpoints`], [`Schedules`], [`Events`],
//! [`Subscriptions`], [`Alerts`], [`Storage`],
//! [`Templates`], [`RemoteServices`], [`Users`], [`Tokens`], [`Tenants`], [`Audit`], [`backup::Backups`],
//! [`transfer::Transfer`]. A [`model::Ctx`] comes from signing in
//! ([`Platform::sign_in`], [`Platform::authenticate_token`]) or from [`Platform::tenant`] for the
//! host itself. Every operation asks the one policy of [`model::policy`] before it acts.

mod access;
mod alerts;
mod audit;
mod backlog;
pub mod backup;
mod builder;
mod compatibility;
pub mod database;
mod dead_letters;
mod diff;
mod embedded;
mod endpoints;
mod error;
mod events;
mod executions;
mod halts;
mod hooks;
mod idempotency;
pub mod local;
mod notifications;
mod operations;
mod outgoing;
mod password;
mod platform;
mod remote_services;
mod retention;
mod schedules;
mod scripts;
mod secret;
mod secrets;
mod storage;
mod subscriptions;
mod templates;
mod tenants;
mod tokens;
mod transaction;
pub mod transfer;
mod upkeep;
mod users;
mod waiting;
mod watch;
mod wiring;

pub use scriptorium_model as model;
pub use scriptorium_outbound as outbound;
pub use scriptorium_runtime::{
    Change, Circuit, DeprecatedUse, Deprecation, Diagnostic, MailServer, MailTls,
    Notifications as NotificationSettings, Service, ServiceCall, ServiceError, Severity,
    SmsGateway, Statistics, TenantShare,
};
pub use scriptorium_store::events::EventFilter;
pub use scriptorium_store::schedules::{CameTo, LastRun, ScheduleState, Skipped, Slot};
pub use scriptorium_store::tenant_data::{self, TenantData, TenantSchema};
pub use scriptorium_store::{
    AlertFilter, Allowance, Backlog, DeadLetterFilter, DeadLetterSummary, Delivered, DeliveryState,
    EventType, ExecutionField, ExecutionFilter, ExecutionSort, ExecutionSummary, LastExecution,
    Node, NotificationFilter, Operation, ParkedEvent, ReplicaStatus, ScriptFilter, ScriptSort,
    ScriptSummary, SigningSecret, SortField, Suspension,
};

pub use access::{Caller, SignedIn};
pub use alerts::Alerts;
pub use audit::Audit;
pub use builder::Builder;
pub use compatibility::{Compatibility, Outdated};
pub use database::{Database, Replica};
pub use dead_letters::{DeadLetters, RetriedMany, RetryMany};
pub use diff::{Diff, DiffLine, DiffRow, FieldChange, RowKind};
pub use embedded::{Invoked, TenantHandle};
pub use endpoints::{
    Admitted, BadSignature, EndpointBody, EndpointRefusal, EndpointReply, EndpointRequest,
    EndpointStream, Endpoints, FoundEndpoint, Look, NewSigningSecret, Rate, RateExceeded,
    RateScope, StreamBroken,
};
pub use error::{Error, ErrorKind, Result};
pub use events::{Events, NewEvent, SAMPLES};
pub use executions::{Execute, Executions, Mode, Replay};
pub use halts::{Halts, WhichHalt};
pub use hooks::{Hook, Objection, Verdict, Veto};
pub use idempotency::Answer;
pub use notifications::Notifications;
pub use operations::{Matched, NewOperation, Operations};
pub use outgoing::Outgoing;
pub use platform::{FirstSignIn, Platform, Status};
pub use remote_services::{NewRemoteService, RemoteServices};
pub use retention::RetentionSettings;
pub use schedules::{Preview, Schedules, Timetable};
pub use scripts::{InputSchema, SchemaOrigin, Scripts, Update, Validate};
pub use secrets::{SecretInput, Secrets};
pub use storage::Storage;
pub use subscriptions::Subscriptions;
pub use templates::Templates;
pub use tenants::Tenants;
pub use tokens::{NewToken, Tokens};
pub use transaction::Transaction;
pub use users::{NewUser, Users};
pub use watch::Live;

/// The guide's page for hosts, so that its programs are compiled with the rest.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/embedding.md")]
pub struct EmbeddingGuide;
