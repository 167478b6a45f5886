//! What keeps executions from beginning: the kill switch of a tenant, the operator's for a tenant, and
//! maintenance of the whole platform; each for every trigger, or for one kind.

use jiff::Timestamp;

use crate::definition::at_most_bytes;
use crate::execution::TriggerKind;
use crate::{Invalid, TenantId, UserId};

/// Whose executions a halt keeps from beginning, and who may lift it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HaltScope {
    /// One tenant's, by the tenant itself.
    Tenant,
    /// One tenant's, by the operator.
    Operator,
    /// All of the platform, by the operator: maintenance.
    Platform,
}

impl HaltScope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Tenant, Self::Operator, Self::Platform];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Operator => "operator",
            Self::Platform => "platform",
        }
    }

    /// The scope of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// Which halt it is; there is one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HaltKey {
    /// The tenant; for the whole platform, the one whose operator said so.
    pub tenant: TenantId,
    /// Whose executions.
    pub scope: HaltScope,
    /// Of which trigger; of every one when `None`.
    pub trigger: Option<TriggerKind>,
}

/// Executions do not begin while it stands. What is due waits: schedules for their next instant or to
/// catch up, events and what was asked for in the queue; callers who wait are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halt {
    /// Which it is.
    pub key: HaltKey,
    /// Why, for those who are refused.
    pub reason: String,
    /// Whether it also stopped what ran when it was made.
    pub stop_running: bool,
    /// Who made it.
    pub by: Option<UserId>,
    /// When.
    pub since: Timestamp,
}

/// Longest reason in bytes.
pub const REASON_BYTES: usize = 500;

impl HaltKey {
    /// Whether it concerns an execution of this tenant and trigger.
    pub fn holds(&self, tenant: TenantId, trigger: TriggerKind) -> bool {
        let concerned = self.scope == HaltScope::Platform || self.tenant == tenant;
        concerned && self.trigger.is_none_or(|kind| kind == trigger)
    }
}

impl Halt {
    /// Checks the reason.
    ///
    /// # Errors
    /// It is empty or too long.
    pub fn validated(self) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        if self.reason.trim().is_empty() {
            invalid.push("reason", "required", "must say why");
        }
        invalid.check(at_most_bytes("reason", self.reason.len(), REASON_BYTES));
        invalid.or(self)
    }
}

/// The halt that keeps an execution from beginning, the widest first: who asks shall hear of
/// maintenance before their own tenant's switch.
pub fn find(halts: &[Halt], tenant: TenantId, trigger: TriggerKind) -> Option<&Halt> {
    let holding = halts.iter().filter(|halt| halt.key.holds(tenant, trigger));
    holding.max_by_key(|halt| halt.key.scope)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use TriggerKind::{Cron, Event, Http};

    fn halt(tenant: u128, scope: HaltScope, trigger: Option<TriggerKind>) -> Halt {
        Halt {
            key: HaltKey {
                tenant: TenantId(Uuid::from_u128(tenant)),
                scope,
                trigger,
            },
            reason: "why".into(),
            stop_running: false,
            by: None,
            since: Timestamp::UNIX_EPOCH,
        }
    }

    #[track_caller]
    fn check(halts: &[Halt], tenant: u128, trigger: TriggerKind, scope: Option<HaltScope>) {
        let found = find(halts, TenantId(Uuid::from_u128(tenant)), trigger);
        assert_eq!(
            found.map(|halt| halt.key.scope),
            scope,
            "{tenant} {trigger:?}"
        );
    }

    #[test]
    fn a_halt_concerns_its_tenant_and_trigger() {
        let own = [halt(1, HaltScope::Tenant, Some(Cron))];
        check(&own, 1, Cron, Some(HaltScope::Tenant));
        check(&own, 1, Event, None);
        check(&own, 2, Cron, None);

        let by_operator = [halt(1, HaltScope::Operator, None)];
        check(&by_operator, 1, Http, Some(HaltScope::Operator));
        check(&by_operator, 2, Http, None);
    }

    #[test]
    fn maintenance_concerns_everybody_and_is_told_first() {
        let halts = [
            halt(1, HaltScope::Tenant, None),
            halt(9, HaltScope::Platform, None),
            halt(1, HaltScope::Operator, None),
        ];
        check(&halts, 1, Cron, Some(HaltScope::Platform));
        check(&halts, 2, Http, Some(HaltScope::Platform));
    }

    #[test]
    fn a_reason_is_asked_for() {
        for reason in ["", " \t", &"x".repeat(REASON_BYTES + 1)] {
            let halt = Halt {
                reason: reason.into(),
                ..halt(1, HaltScope::Tenant, None)
            };
            assert!(halt.validated().is_err(), "{reason:?}");
        }
        assert!(halt(1, HaltScope::Tenant, None).validated().is_ok());
    }
}
