//! What a cron expression would mean, before it is saved.

use axum::Json;
use axum::extract::State;
use scriptorium::model::cron::Cron;
use scriptorium::model::schedule::{ClockChange, Schedule};
use scriptorium::model::{Invalid, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Refused;
use crate::auth::Authenticated;
use crate::input::Query;
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
