//! How long a tenant's history is kept (R-RET-01, X-18).

use crate::Invalid;
use crate::audit::MIN_DAYS as MIN_AUDIT_DAYS;

/// Days that each kind of record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Executions that have ended, from their creation; 30 to 730.
    pub execution_days: u32,
    /// The log lines of executions, which may go earlier; 30 to `execution_days`.
    pub log_days: u32,
    /// Events, from their publication; 30 to 730.
    pub event_days: u32,
    /// Entries of the audit trail; 90 to 3,650, and never fewer than `execution_days`: the trail is
    /// what an execution is checked against (R-AUD-03).
    pub audit_days: u32,
}

/// Days that are kept when the tenant has not said.
pub const DEFAULT_DAYS: u32 = 90;
/// Fewest days that can be asked for.
pub const MIN_DAYS: u32 = 30;
/// Most days that can be asked for.
pub const MAX_DAYS: u32 = 730;
/// Most days that the audit trail can be kept.
pub const MAX_AUDIT_DAYS: u32 = 3_650;
/// Days that a deleted script stays in the trash.
pub const TRASH_DAYS: u32 = 30;

impl Default for Retention {
    fn default() -> Self {
        Self {
            execution_days: DEFAULT_DAYS,
            log_days: DEFAULT_DAYS,
            event_days: DEFAULT_DAYS,
            audit_days: MIN_AUDIT_DAYS,
        }
    }
}

impl Retention {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Each field outside its range.
    pub fn validated(self) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let mut check = |field: &str, days: u32, min: u32, max: u32| {
            if !(min..=max).contains(&days) {
                invalid
                    .push(field, "out_of_range", format!("must be {min} to {max}"))
                    .with("min", min)
                    .with("max", max);
            }
        };
        let executions = self.execution_days.clamp(MIN_DAYS, MAX_DAYS);
        check("execution_days", self.execution_days, MIN_DAYS, MAX_DAYS);
        check("event_days", self.event_days, MIN_DAYS, MAX_DAYS);
        // Lines cannot outlive their execution, nor an execution what it is checked against.
        check("log_days", self.log_days, MIN_DAYS, executions);
        let audit = executions.max(MIN_AUDIT_DAYS);
        check("audit_days", self.audit_days, audit, MAX_AUDIT_DAYS);
        invalid.or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(days: (u32, u32, u32, u32), refused: &[&str]) {
        let retention = Retention {
            execution_days: days.0,
            log_days: days.1,
            event_days: days.2,
            audit_days: days.3,
        };
        let fields = match retention.validated() {
            Ok(_) => Vec::new(),
            Err(invalid) => invalid.errors.iter().map(|e| e.field.clone()).collect(),
        };
        assert_eq!(fields, refused, "{days:?}");
    }

    #[test]
    fn days_are_in_their_range_and_nothing_outlives_what_it_leads_to() {
        assert!(Retention::default().validated().is_ok());
        check((30, 30, 30, 90), &[]);
        check((730, 730, 730, 730), &[]);
        check((30, 30, 30, 3_650), &[]);
        check((29, 30, 30, 90), &["execution_days"]);
        check((731, 400, 731, 800), &["execution_days", "event_days"]);
        check((90, 91, 90, 90), &["log_days"]);
        check((90, 29, 0, 90), &["event_days", "log_days"]);
        check((30, 30, 30, 89), &["audit_days"]);
        check((365, 30, 30, 364), &["audit_days"]);
        check((30, 30, 30, 3_651), &["audit_days"]);
    }
}
