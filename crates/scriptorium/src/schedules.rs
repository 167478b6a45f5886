//! Schedules before they are saved: what an expression would mean.

use scriptorium_model::cron::Cron;
use scriptorium_model::schedule::{ClockChange, Schedule};
use scriptorium_model::{Ctx, Invalid, Timestamp, permission::Permission, policy};

use crate::error::Result;
use crate::platform::Platform;

/// Schedules; from [`Platform::schedules`].
#[derive(Clone, Copy, Debug)]
pub struct Schedules<'a>(pub(crate) &'a Platform);

/// When a schedule would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The next planned instants.
    pub items: Vec<Timestamp>,
    /// What the expression says.
    pub cron: Cron,
    /// The next change of the clock it goes by, with the planned instants around it.
    pub clock_change: Option<ClockChange>,
}

impl Schedules<'_> {
    /// The next planned instants of a schedule after `after` (now when `None`), across the next change of the
    /// clock.
    ///
    /// # Errors
    /// The expression or zone is refused, `count` is outside 1 to 100, or the permission
    /// `scripts.read` is missing.
    pub fn preview(
        &self,
        ctx: &Ctx,
        schedule: &Schedule,
        after: Option<Timestamp>,
        count: usize,
    ) -> Result<Preview> {
        policy::require(ctx, Permission::ScriptsRead)?;
        let mut invalid = Invalid::default();
        invalid.check(schedule.validated());
        if !(1..=100).contains(&count) {
            invalid
                .push("count", "out_of_range", "must be 1 to 100")
                .with("min", 1)
                .with("max", 100);
        }
        invalid.or(())?;
        let after = after.unwrap_or_else(|| self.0.ambient().now());
        let times = schedule.times()?;
        Ok(Preview {
            items: times.after(after).take(count).collect(),
            cron: *times.cron(),
            clock_change: times.next_clock_change(after),
        })
    }
}
