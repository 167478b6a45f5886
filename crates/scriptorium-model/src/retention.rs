//! How long a tenant's history is kept (R-RET-01, X-18).

use crate::Invalid;

/// Days that each kind of record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Executions that have ended, from their creation; 30 to 730.
    pub execution_days: u32,
    /// The log lines of executions, which may go earlier; 30 to `execution_days`.
    pub log_days: u32,
    /// Events, from their publication; 30 to 730.
    pub event_days: u32,
}

/// Days that are kept when the tenant has not said.
pub const DEFAULT_DAYS: u32 = 90;
/// Fewest days that can be asked for.
pub const MIN_DAYS: u32 = 30;
/// Most days that can be asked for.
pub const MAX_DAYS: u32 = 730;
/// Days that a deleted script stays in the trash.
pub const TRASH_DAYS: u32 = 30;

impl Default for Retention {
    fn default() -> Self {
        Self {
            execution_days: DEFAULT_DAYS,
            log_days: DEFAULT_DAYS,
            event_days: DEFAULT_DAYS,
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
        let mut check = |field: &str, days: u32, max: u32| {
            if !(MIN_DAYS..=max).contains(&days) {
                invalid
                    .push(
                        field,
                        "out_of_range",
                        format!("must be {MIN_DAYS} to {max}"),
                    )
                    .with("min", MIN_DAYS)
                    .with("max", max);
            }
        };
        check("execution_days", self.execution_days, MAX_DAYS);
        check("event_days", self.event_days, MAX_DAYS);
        // Lines cannot outlive their execution.
        check(
            "log_days",
            self.log_days,
            self.execution_days.clamp(MIN_DAYS, MAX_DAYS),
        );
        invalid.or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(days: (u32, u32, u32), refused: &[&str]) {
        let retention = Retention {
            execution_days: days.0,
            log_days: days.1,
            event_days: days.2,
        };
        let fields = match retention.validated() {
            Ok(_) => Vec::new(),
            Err(invalid) => invalid.errors.iter().map(|e| e.field.clone()).collect(),
        };
        assert_eq!(fields, refused, "{days:?}");
    }

    #[test]
    fn days_are_30_to_730_and_lines_never_outlive_their_execution() {
        assert!(Retention::default().validated().is_ok());
        check((30, 30, 30), &[]);
        check((730, 730, 730), &[]);
        check((29, 30, 30), &["execution_days"]);
        check((731, 400, 731), &["execution_days", "event_days"]);
        check((90, 91, 90), &["log_days"]);
        check((90, 29, 0), &["event_days", "log_days"]);
    }
}
