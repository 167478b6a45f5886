//! How the schedule of a script keeps: what comes next, and which of the latest planned runs were late or did not
//! begin at all, each with its reason.

use std::time::Duration;

use scriptorium::model::execution::ExecutionStatus;
use scriptorium::model::schedule::{MOST_COUNTED, ON_TIME};
use scriptorium::model::script::Script;
use scriptorium::model::{ExecutionId, Timestamp};
use scriptorium::{CameTo, Skipped, Slot};

use crate::Site;
use crate::failure::{Failure, explained};
use crate::rhythm;
use crate::view;
use crate::visitor::Visitor;
use crate::when::{Clock, When};

/// How many planned runs are looked at.
const LOOKED_AT: u32 = 100;
/// How many of those that did not go well are shown.
const SHOWN: usize = 8;

/// The panel on the page of a scheduled script.
pub(crate) struct Timetable {
    pub(crate) rhythm: String,
    pub(crate) next: Option<When>,
    pub(crate) overdue: bool,
    pub(crate) failures: u64,
    /// How many planned runs there were to look at.
    pub(crate) looked_at: usize,
    pub(crate) rows: Vec<Row>,
    /// How many more did not go well.
    pub(crate) more: usize,
}

/// A planned run that was late, or did not begin.
pub(crate) struct Row {
    pub(crate) planned: When,
    pub(crate) tone: &'static str,
    pub(crate) text: String,
    /// Planned runs before it that did not begin either.
    pub(crate) passed_over: Option<String>,
    pub(crate) execution: Option<ExecutionId>,
}

impl Timetable {
    /// Of a script that has a schedule.
    pub(crate) async fn of(
        site: &Site,
        visitor: &Visitor,
        clock: Clock,
        script: &Script,
    ) -> Result<Option<Self>, Failure> {
        if script.definition.trigger.schedule().is_none() {
            return Ok(None);
        }
        let schedules = site.platform.schedules();
        let found = schedules
            .timetable(visitor.ctx(), script.id, LOOKED_AT)
            .await;
        let found = found.map_err(explained(visitor))?;
        let allowed = found.schedule.delay(script.id) + ON_TIME;
        let allowed = Duration::try_from(allowed).unwrap_or_default();
        let looked_at = found.slots.len();
        let slots = found.slots.into_iter();
        let mut rows: Vec<Row> = slots
            .filter_map(|slot| Row::of(clock, slot, allowed))
            .collect();
        let more = rows.len().saturating_sub(SHOWN);
        rows.truncate(SHOWN);
        Ok(Some(Self {
            rhythm: rhythm::sentence(clock.t, &found.cron),
            next: found.state.next_at.map(|at| clock.when(at)),
            overdue: found.overdue,
            failures: u64::from(found.state.failures),
            looked_at,
            rows,
            more,
        }))
    }
}

impl Row {
    /// Of a slot that did not go well.
    fn of(clock: Clock, slot: Slot, allowed: Duration) -> Option<Self> {
        let t = clock.t;
        let late = |since: Timestamp| {
            let late = since.duration_since(slot.planned_at);
            Duration::try_from(late).unwrap_or_default()
        };
        let (tone, text, execution) = match slot.came_to {
            CameTo::Skipped(Some(Skipped::Missed)) => ("tone-bad", t.get("slot-missed"), None),
            CameTo::Skipped(Some(Skipped::StillRunning)) => {
                ("tone-warn", t.get("slot-still-running"), None)
            }
            CameTo::Skipped(None) => ("tone-warn", t.get("slot-skipped"), None),
            CameTo::Execution {
                id,
                status,
                started_at,
            } => {
                // What waits for a worker is as late as it is now.
                let waits = status == Some(ExecutionStatus::Pending);
                let since = started_at.unwrap_or(if waits { clock.now } else { slot.decided_at });
                let late = late(since);
                if late <= allowed && slot.passed_over == 0 {
                    return None;
                }
                let text = match late <= allowed {
                    true => t.get("slot-on-time"),
                    false => t.with("slot-late", "time", view::duration(t, late)),
                };
                ("tone-info", text, Some(id))
            }
        };
        let passed_over = (slot.passed_over > 0).then(|| match slot.passed_over < MOST_COUNTED {
            true => t.count("slot-passed-over", u64::from(slot.passed_over)),
            false => t.count("slot-passed-over-at-least", u64::from(slot.passed_over)),
        });
        Some(Self {
            planned: clock.when(slot.planned_at),
            tone,
            text,
            passed_over,
            execution,
        })
    }
}
