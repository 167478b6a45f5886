//! What a cron expression would mean, before it is saved, and how the schedule of a script keeps.

use axum::Json;
use axum::extract::State;
use scriptorium::model::cron::Cron;
use scriptorium::model::execution::ExecutionStatus;
use scriptorium::model::schedule::{ClockChange, Schedule};
use scriptorium::model::{Invalid, ScriptId, Timestamp, Uuid};
use scriptorium::{CameTo, LastRun, Skipped, Slot};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Refused;
use crate::auth::Authenticated;
use crate::input::{Path, Query};
use crate::problem::Problem;
use crate::state::App;

/// An expression to look at.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Expression {
    /// Minute, hour, day of month, month, day of week.
    #[param(example = "0 9 * * 1-5")]
    cron: String,
    /// IANA name; `UTC` when not said.
    timezone: Option<String>,
    /// Instants after this one; after now when not said.
    after: Option<Timestamp>,
    /// How many, 1 to 100; 10 when not said.
    #[param(minimum = 1, maximum = 100)]
    count: Option<u32>,
    /// Language of the description: `en`, `ru` or `uz`; `en` when not said.
    locale: Option<String>,
}

/// When it would fire.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    items: Vec<Timestamp>,
    /// When it fires, in words.
    #[schema(example = "At 09:00 from Monday to Friday")]
    description: String,
    /// The next change of the clock that it goes by; `null` when there is none.
    clock_change: Option<ClockChangeBody>,
}

/// A change of the clock, and what it does to a schedule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClockChange)]
pub(crate) struct ClockChangeBody {
    at: Timestamp,
    /// What local time is ahead of UTC before.
    #[schema(example = "+01:00")]
    offset_before: String,
    /// What it is ahead afterwards.
    #[schema(example = "+02:00")]
    offset_after: String,
    /// Up to two instants before and three from then on.
    items: Vec<Timestamp>,
}

/// The next instants an expression means.
#[utoipa::path(get, path = "/schedules/preview", tag = "schedules", params(Expression),
    responses((status = 200, body = Preview), Refused))]
pub(crate) async fn preview(
    State(app): State<App>,
    caller: Authenticated,
    Query(wanted): Query<Expression>,
) -> Result<Json<Preview>, Problem> {
    let schedule = Schedule::new(
        wanted.cron,
        wanted.timezone.unwrap_or_else(|| "UTC".to_owned()),
    );
    let count = wanted.count.unwrap_or(10) as usize;
    let schedules = app.platform.schedules();
    let preview = schedules.preview(caller.ctx(), &schedule, wanted.after, count)?;
    Ok(Json(Preview {
        description: in_words(&preview.cron, wanted.locale.as_deref())?,
        items: preview.items,
        clock_change: preview.clock_change.map(Into::into),
    }))
}

/// What an expression says, in the language that was asked for.
fn in_words(cron: &Cron, locale: Option<&str>) -> Result<String, Problem> {
    let described = scriptorium_ui::describe(cron, locale.unwrap_or("en"));
    let refused = || Invalid::field("locale", "bad_locale", "must be en, ru or uz");
    Ok(described.ok_or_else(refused)?)
}

impl From<ClockChange> for ClockChangeBody {
    fn from(change: ClockChange) -> Self {
        Self {
            at: change.at,
            offset_before: offset(change.offset_before.seconds()),
            offset_after: offset(change.offset_after.seconds()),
            items: change.around,
        }
    }
}

/// An offset as RFC 3339 writes it.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// How much to look at.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Look {
    /// How many slots, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Language of the description: `en`, `ru` or `uz`; `en` when not said.
    locale: Option<String>,
}

/// How the schedule of a script keeps.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timetable)]
pub(crate) struct TimetableBody {
    /// When it fires, in words.
    description: String,
    /// The next planned instant; `null` while the script is not active, or when no more is planned.
    next_at: Option<Timestamp>,
    /// Whether that has passed by more than a minute: no server decides schedules, or none keeps up.
    overdue: bool,
    /// The planned instant that was decided last.
    last_at: Option<Timestamp>,
    /// How the last run that is over ended, or `skipped`.
    last_run: Option<&'static str>,
    /// Failures in a row since the script was activated.
    failures: u32,
    /// What became of the latest planned instants, the newest first.
    items: Vec<SlotBody>,
}

/// One planned instant, and what it came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Slot)]
pub(crate) struct SlotBody {
    planned_at: Timestamp,
    /// When it was decided.
    decided_at: Timestamp,
    /// How much later than planned the execution began, or the instant was decided.
    late_ms: i64,
    /// Why it did not run: `missed` or `still_running`; `null` when it ran, or earlier releases did not say.
    skipped: Option<&'static str>,
    /// What it ran as.
    execution_id: Option<Uuid>,
    /// The status of that, while it is in the history.
    status: Option<&'static str>,
    started_at: Option<Timestamp>,
    /// Whether it ran although it was missed.
    catch_up: bool,
    /// How many planned instants before it did not run; at 10,000 there may be more.
    passed_over: u32,
    /// The first of those.
    passed_from: Option<Timestamp>,
}

/// How the schedule of a script keeps: what comes next, and what became of what was planned.
#[utoipa::path(get, path = "/scripts/{id}/schedule", tag = "schedules",
    params(("id" = Uuid, Path), Look), responses((status = 200, body = TimetableBody), Refused))]
pub(crate) async fn timetable(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    Query(look): Query<Look>,
) -> Result<Json<TimetableBody>, Problem> {
    let schedules = app.platform.schedules();
    let limit = look.limit.unwrap_or(50);
    let timetable = schedules
        .timetable(caller.ctx(), ScriptId(id), limit)
        .await?;
    let state = timetable.state;
    Ok(Json(TimetableBody {
        description: in_words(&timetable.cron, look.locale.as_deref())?,
        next_at: state.next_at,
        overdue: timetable.overdue,
        last_at: state.last_at,
        last_run: state.last_run.map(LastRun::as_str),
        failures: state.failures,
        items: timetable.slots.into_iter().map(Into::into).collect(),
    }))
}

impl From<Slot> for SlotBody {
    fn from(slot: Slot) -> Self {
        let (execution, status, started_at, skipped) = match slot.came_to {
            CameTo::Execution {
                id,
                status,
                started_at,
            } => (Some(id.0), status, started_at, None),
            CameTo::Skipped(reason) => (None, None, None, reason),
        };
        let began = started_at.unwrap_or(slot.decided_at);
        Self {
            planned_at: slot.planned_at,
            decided_at: slot.decided_at,
            late_ms: began.as_millisecond() - slot.planned_at.as_millisecond(),
            skipped: skipped.map(Skipped::as_str),
            execution_id: execution,
            status: status.map(ExecutionStatus::as_str),
            started_at,
            catch_up: slot.catch_up,
            passed_over: slot.passed_over,
            passed_from: slot.passed_from,
        }
    }
}
