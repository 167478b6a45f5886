//! What a cron expression would mean, before it is saved.

use axum::Json;
use axum::extract::State;
use scriptorium::model::Timestamp;
use scriptorium::model::schedule::Schedule;
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
    /// How many, 1 to 100; 5 when not said.
    #[param(minimum = 1, maximum = 100)]
    count: Option<u32>,
}

/// When it would fire.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
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
    let count = wanted.count.unwrap_or(5) as usize;
    let schedules = app.platform.schedules();
    let items = schedules.preview(caller.ctx(), &schedule, wanted.after, count)?;
    Ok(Json(Preview { items }))
}
