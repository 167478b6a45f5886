//! Decides how a script runs: executor, capabilities, workers. It never decides when: triggers
//! and callers hand it a [`Job`], it hands back a [`Finished`].
//!
//! Reading order: [`job`] (what goes in and comes out), [`runtime`], `executor` (one execution
//! from admission to outcome), [`scheduler`] (who may begin, and who is on a thread),
//! `capabilities` (everything a script can reach, declared once), [`worker`] (executions that wait
//! in the store), [`principal`] (whose rights a run has).

pub mod asked;
mod body;
mod capabilities;
mod circuits;
mod compatibility;
mod context;
mod dry;
mod elapsed;
mod error;
mod executor;
mod failure;
mod functions;
mod had;
mod host;
mod hub;
pub mod job;
mod libraries;
mod load;
mod logs;
mod masking;
pub mod notifications;
mod once;
pub mod options;
mod pending_call;
mod pool;
mod prelude;
mod prepared;
pub mod principal;
mod rates;
mod remote;
mod reply;
pub mod request;
pub mod runtime;
pub mod scheduler;
mod schema;
pub mod service;
pub mod streaming;
mod typings;
pub mod worker;

pub use asked::Asked;
pub use capabilities::Reach;
pub use circuits::{Circuit, CircuitStatistics};
pub use compatibility::{Change, Deprecation, Deprecations};
pub use elapsed::Elapsed;
pub use error::Error;
pub use functions::{Function, Takes, functions};
pub use hub::{Stage, Watch};
pub use job::{Call, Finished, Job};
pub use libraries::{Bundle, FoundLibrary, ResolvedLibrary};
pub use load::Unfit;
pub use notifications::{MailServer, MailTls, Notifications, SmsGateway};
pub use once::Once;
pub use options::{HostTypes, Named, Options};
pub use prepared::{
    DeprecatedUse, Look, Prepared, ProgramStatistics, deprecated_uses, diagnose, look_at, signature,
};
pub use principal::{Principal, UserFacts};
pub use remote::TenantServices;
pub use reply::HttpReply;
pub use request::HttpRequest;
pub use runtime::{Runtime, Statistics};
pub use scheduler::{
    AdmissionStatistics, Bound, Refusal, SchedulerStatistics, Shares, TenantShare, TenantUse,
};
pub use scriptorium_engine::CallClass;
pub use scriptorium_lang::{Diagnostic, Severity};
pub use service::{Service, ServiceCall, ServiceError};
pub use streaming::{StreamHead, StreamSink, StreamTap};
pub use typings::reference;
