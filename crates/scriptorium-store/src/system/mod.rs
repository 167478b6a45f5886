//! What concerns several tenants at once, and only that: sign-in before the tenant is known, the
//! queue, due schedules, routing, recovery, expiry. The key made here is what opens statements
//! that are not bound to one tenant; no other module can make it.

pub mod access;
mod audit;
pub mod backlog;
pub mod dispatch;
pub mod endpoints;
mod halts;
mod health;
pub mod indexer;
pub mod lanes;
pub mod maintenance;
mod months;
pub mod nodes;
pub mod notifications;
pub mod operations;
mod outbox;
pub mod queue;
mod removal;
pub mod schedules;
mod secrets;
mod tenants;
mod turns;
mod upkeep;

/// The key to statements across tenants.
#[derive(Clone, Copy)]
pub(crate) struct AcrossTenants(());

const ACROSS_TENANTS: AcrossTenants = AcrossTenants(());

pub(crate) use self::secrets::any_secret;

/// The audit trail anchors the heads of all tenants and removes what is old of each.
pub(crate) fn for_audit() -> AcrossTenants {
    ACROSS_TENANTS
}

/// The history writer commits rows of many tenants at once, so it is handed the key too.
pub(crate) fn for_history_writer() -> AcrossTenants {
    ACROSS_TENANTS
}
