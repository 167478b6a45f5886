//! Words and rules of the domain, as pure values. No I/O, no clock, no randomness: what a rule
//! needs to know is an argument. Every other crate speaks in these types.
//!
//! Reading order: [`ids`] and [`invalid`] first, then [`script`] with its [`definition`] and
//! [`trigger`] settings, [`execution`], and [`policy`], which is the one place that says who may do what.

pub mod alert;
pub mod ambient;
pub mod audit;
pub mod calendar;
pub mod compatibility;
pub mod concurrency;
pub mod cron;
pub mod ctx;
pub mod dead_letter;
pub mod definition;
pub mod delivery;
pub mod draft;
pub mod effect;
pub mod endpoint;
pub mod event;
pub mod execution;
pub mod filter;
pub mod halt;
pub mod idempotency;
pub mod ids;
pub mod invalid;
pub mod json;
pub mod library;
pub mod limits;
pub mod notification;
pub mod operation;
pub mod order;
pub mod outgoing;
pub mod page;
pub mod permission;
pub mod policy;
pub mod remote_service;
pub mod retention;
pub mod retry;
pub mod schedule;
pub mod script;
pub mod secret;
pub mod storage;
pub mod template;
pub mod tenant;
pub mod trigger;
pub mod user;
pub mod version;

pub use ambient::Ambient;
pub use audit::Origin;
pub use ctx::{Actor, Ctx};
pub use idempotency::IdempotencyKey;
pub use ids::{
    AlertId, DeadLetterId, EventId, ExecutionId, NotificationId, OperationId, ScriptId, SessionId,
    SigningSecretId, TenantId, TokenId, UserId,
};
pub use invalid::{FieldError, Invalid};
pub use jiff::Timestamp;
pub use jiff::civil::Date;
pub use json::Json;
pub use uuid::Uuid;
