//! What each tenant's runs have used of the processors, for counters with a bounded number of
//! names: tenants beyond the first ones are counted together.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use scriptorium_model::TenantId;

/// Tenants that are counted by name.
const NAMED: usize = 100;

/// What a tenant's runs have used since the runtime was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantUse {
    /// Its slug; `None` for all tenants beyond those counted by name.
    pub tenant: Option<Arc<str>>,
    /// Processor time of guest code and of the synchronous part of its calls.
    pub cpu: Duration,
    /// Slices it has had.
    pub slices: u64,
}

#[derive(Debug)]
pub(crate) struct Usage {
    named: HashMap<TenantId, TenantUse>,
    others: TenantUse,
}

impl Usage {
    pub(crate) fn new() -> Self {
        Self {
            named: HashMap::new(),
            others: TenantUse::of(None),
        }
    }

    pub(crate) fn add(&mut self, tenant: TenantId, slug: &Arc<str>, cpu: Duration) {
        let count = self.named.len();
        let entry = match self.named.get_mut(&tenant) {
            Some(entry) => entry,
            None if count < NAMED => self
                .named
                .entry(tenant)
                .or_insert_with(|| TenantUse::of(Some(slug.clone()))),
            None => &mut self.others,
        };
        entry.cpu += cpu;
        entry.slices += 1;
    }

    /// By slug; those counted together last.
    pub(crate) fn read(&self) -> Vec<TenantUse> {
        let mut all: Vec<TenantUse> = self.named.values().cloned().collect();
        all.sort_by(|one, other| one.tenant.cmp(&other.tenant));
        if self.others.slices > 0 {
            all.push(self.others.clone());
        }
        all
    }
}

impl TenantUse {
    fn of(tenant: Option<Arc<str>>) -> Self {
        Self {
            tenant,
            cpu: Duration::ZERO,
            slices: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use scriptorium_model::Uuid;

    use super::*;

    #[test]
    fn tenants_beyond_the_named_ones_are_counted_together() {
        let mut usage = Usage::new();
        for round in 1..=2_u32 {
            for tenant in 0..NAMED as u128 + 50 {
                let slug = format!("t{tenant:04}").into();
                let id = TenantId(Uuid::from_u128(tenant));
                usage.add(id, &slug, Duration::from_millis(round.into()));
            }
        }
        let read = usage.read();
        assert_eq!(read.len(), NAMED + 1);
        let millis = Duration::from_millis;
        let (first, last) = (&read[0], &read[NAMED]);
        assert_eq!(first.tenant.as_deref(), Some("t0000"));
        assert_eq!((first.cpu, first.slices), (millis(3), 2));
        assert_eq!((last.tenant.as_deref(), last.cpu), (None, millis(150)));
        assert_eq!(last.slices, 100);
    }
}
