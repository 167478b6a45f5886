//! How a runtime is set up: the operator's and the host application's part.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use scriptorium_outbound::Outbound;
use scriptorium_store::tenant_data::TenantData;

use crate::compatibility::Deprecation;
use crate::notifications::Notifications;
use crate::scheduler::Shares;
use crate::service::Service;

/// How a runtime is set up. `Options::default()` suits tests and small hosts.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the compiled engine is kept between starts; compiled at every start when `None`.
    /// The directory must be writable by the service alone.
    pub cache_dir: Option<PathBuf>,
    /// Executions whose memory stays resident between uses. Default 64.
    pub hot_slots: u32,
    /// Further executions at once, whose memory is given back after each. Default 448.
    pub overflow_slots: u32,
    /// Leaves `eval` and `Function` on; only for hosts with a single tenant. Default off.
    pub allow_eval: bool,
    /// What notifications go through. Default nothing.
    pub notifications: Notifications,
    /// The way out of `http`. Default: to every address outside, by the system's name servers.
    pub outbound: Option<Outbound>,
    /// The way out to remote services that an operator has registered. Default: the same as `outbound`.
    pub service_outbound: Option<Outbound>,
    /// Threads that run guest code, apart from I/O. Default: one per core.
    pub guest_threads: usize,
    /// What each tenant may take of the process.
    pub shares: Shares,
    /// Of the slots, those that only operators' runs by hand may use; an eighth at most. Default 2.
    pub operator_slots: u32,
    /// How long a caller waits for room before it is refused. Default 5 s.
    pub patience: Duration,
    /// Executions of the queue worked on at once. Default 32.
    pub workers: usize,
    /// What scripts reach as `services`. Default none.
    pub services: Vec<Service>,
    /// Functions of those services, or of the platform's own, that scripts should not use any more. Default
    /// none.
    pub deprecations: Vec<Deprecation>,
    /// The tenants' business tables, which services reach. Default: no tables.
    pub data: Option<TenantData>,
    /// Message templates by name, which a tenant's own template of that name overrides.
    pub templates: BTreeMap<String, String>,
    /// What the host application tells of its own in the typings.
    pub types: HostTypes,
    /// Permission names of the host application, such as `reports.view`: `*` stands for them
    /// and the platform's own.
    pub permissions: Vec<String>,
}

/// TypeScript of the host application, for the typings.
#[derive(Clone, Debug, Default)]
pub struct HostTypes {
    /// Declarations that the others use.
    pub declarations: Vec<String>,
    /// Events it publishes, with the types of their payloads.
    pub events: Vec<Named>,
    /// Hooks it calls, with the types of their values.
    pub hooks: Vec<Named>,
}

/// A name with the TypeScript type that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The type.
    pub value: String,
    /// A sentence.
    pub doc: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_dir: None,
            hot_slots: 64,
            overflow_slots: 448,
            allow_eval: false,
            notifications: Notifications::default(),
            outbound: None,
            service_outbound: None,
            guest_threads: std::thread::available_parallelism().map_or(1, usize::from),
            shares: Shares::default(),
            operator_slots: 2,
            patience: Duration::from_secs(5),
            workers: 32,
            services: Vec::new(),
            deprecations: Vec::new(),
            data: None,
            templates: BTreeMap::new(),
            types: HostTypes::default(),
            permissions: Vec::new(),
        }
    }
}
