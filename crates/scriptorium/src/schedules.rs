//! Schedules: what an expression would mean before it is saved, and what became of the planned instants of a script.

use async_recursion::async_recursion as boxed;
use scriptorium_model::cron::Cron;
use scriptorium_model::schedule::{ClockChange, ON_TIME, Schedule};
use scriptorium_model::{Ctx, Invalid, ScriptId, Timestamp, permission::Permission, policy};
use scriptorium_store::schedules::{ScheduleState, Slot};

use crate::error::{Error, Result};
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

/// How the schedule of a script keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timetable {
    /// Its settings.
    pub schedule: Schedule,
    /// What its expression says.
    pub cron: Cron,
    /// Where it stands.
    pub state: ScheduleState,
    /// Whether the next planned instant has passed and nobody decided it: no server is there, or none keeps up.
    pub overdue: bool,
    /// What became of the latest planned instants, the newest first.
    pub slots: Vec<Slot>,
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

    /// How the schedule of a script keeps, with what became of up to `slots` planned instants: which ran, late or in
    /// time, and which did not and why (R-CRON-09).
    ///
    /// # Errors
    /// No such script, or it has no schedule; `slots` is outside 1 to 200; the permission `scripts.read` is missing.
    #[boxed]
    pub async fn timetable(&self, ctx: &Ctx, script: ScriptId, slots: u32) -> Result<Timetable> {
        let found = self.0.scripts().find(ctx, script).await?;
        if !(1..=200).contains(&slots) {
            let mut invalid = Invalid::default();
            let error = invalid.push("limit", "out_of_range", "must be 1 to 200");
            error.with("min", 1).with("max", 200);
            return Err(invalid.into());
        }
        let store = self.0.store();
        let state = store.find_schedule_state(ctx, script).await?;
        let schedule = found.definition.trigger.schedule();
        let (Some(schedule), Some(state)) = (schedule, state) else {
            return Err(Error::not_found());
        };
        let patience = schedule.delay(script) + ON_TIME;
        let now = self.0.ambient().now();
        Ok(Timetable {
            cron: *schedule.times()?.cron(),
            schedule: schedule.clone(),
            overdue: state
                .next_at
                .is_some_and(|next| now.duration_since(next) > patience),
            state,
            slots: store.list_slots(ctx, script, slots).await?,
        })
    }
}
