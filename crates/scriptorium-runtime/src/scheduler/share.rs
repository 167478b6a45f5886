//! What a tenant may take of the process: how many runs at once, how many that wait, and how much
//! processor time beside others. Operators say it; nothing here is counted.

use std::collections::BTreeMap;

use scriptorium_model::Invalid;
use scriptorium_model::tenant::DEFAULT_SLUG;

use super::ready::WEIGHT;

/// What a tenant may take of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantShare {
    /// Its part of the processors when others want them, too: one of weight 200 gets twice as much
    /// as one of weight 100.
    pub weight: u32,
    /// Executions that run at once; those of one script are also bounded by the script's limit.
    pub running: u32,
    /// Callers that wait for room; further ones are refused at once.
    pub waiting: u32,
    /// Requests a minute to all its endpoints; as many as come when `None`.
    pub requests: Option<u32>,
    /// Events that are not delivered yet and executions that have not begun, together; further ones are
    /// refused. Scripts' own events, schedules and retries are counted, and let in all the same.
    pub backlog: u32,
    /// Requests a minute that each of its scripts sends; as many as it likes when `None`.
    pub outgoing: Option<u32>,
    /// Calls of `db` a minute that each of its scripts makes; as many as it likes when `None`.
    pub database: Option<u32>,
    /// Calls of `storage` and `cache` a minute that each of its scripts makes.
    pub storage: Option<u32>,
    /// Calls of `events` a minute that each of its scripts makes.
    pub events: Option<u32>,
}

/// The greatest weight.
const MOST: u32 = 1_000;

impl TenantShare {
    /// As many executions at once as the process has room for.
    pub const TRUSTED: Self = Self {
        weight: WEIGHT,
        running: u32::MAX,
        waiting: 1_000,
        requests: None,
        backlog: 1_000_000,
        outgoing: None,
        database: None,
        storage: None,
        events: None,
    };

    /// Five executions at once, 600 requests a minute, and 60 of each script (R-JHTTP-06). Of
    /// its other calls ten times what R-LIM-04 says, whose 60 a script would use up in one execution.
    pub const SHARED_HOSTING: Self = Self {
        weight: WEIGHT,
        running: 5,
        waiting: 100,
        requests: Some(600),
        backlog: 100_000,
        outgoing: Some(60),
        database: Some(600),
        storage: Some(1_200),
        events: Some(300),
    };

    /// Requests a minute to an endpoint that says no figure of its own: a sixth of the tenant's.
    pub fn endpoint_requests(&self) -> Option<u32> {
        self.requests.map(|all| all.div_ceil(6))
    }

    /// The share of a preset's name: `trusted` or `shared-hosting`.
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "trusted" => Some(Self::TRUSTED),
            "shared-hosting" => Some(Self::SHARED_HOSTING),
            _ => None,
        }
    }
}

/// The shares of all tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Of tenants that are not named.
    pub others: TenantShare,
    /// By slug.
    pub named: BTreeMap<String, TenantShare>,
}

impl Default for Shares {
    /// The first tenant is trusted, all others get `shared-hosting`.
    fn default() -> Self {
        Self {
            others: TenantShare::SHARED_HOSTING,
            named: [(DEFAULT_SLUG.to_owned(), TenantShare::TRUSTED)].into(),
        }
    }
}

impl Shares {
    /// The share of a tenant.
    pub fn of(&self, slug: &str) -> TenantShare {
        self.named.get(slug).copied().unwrap_or(self.others)
    }

    pub(crate) fn check(&self, invalid: &mut Invalid) {
        let named = self
            .named
            .iter()
            .map(|(slug, share)| (slug.as_str(), share));
        for (slug, share) in named.chain([("others", &self.others)]) {
            if !(1..=MOST).contains(&share.weight) {
                let field = format!("tenant_shares.{slug}.weight");
                invalid.push(field, "out_of_range", format!("must be 1 to {MOST}"));
            }
            if share.running == 0 {
                let field = format!("tenant_shares.{slug}.running");
                invalid.push(field, "out_of_range", "must be 1 or more");
            }
        }
    }
}
