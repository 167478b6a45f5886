//! Schedules before they are saved: what an expression would mean.

use scriptorium_model::schedule::Schedule;
use scriptorium_model::{Ctx, Invalid, Timestamp, permission::Permission, policy};

use crate::error::Result;
use crate::platform::Platform;

/// Schedules; from [`Platform::schedules`].
#[derive(Clone, Copy, Debug)]
pub struct Schedules<'a>(pub(crate) &'a Platform);

impl Schedules<'_> {
    /// The next planned instants of an expression after `after` (now when `None`).
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
    ) -> Result<Vec<Timestamp>> {
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
        Ok(schedule.upcoming(after.unwrap_or_else(|| self.0.ambient().now()), count)?)
    }
}
