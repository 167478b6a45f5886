//! Alerts: what a person of the tenant should look at.

use axum::Json;
use axum::extract::State;
use scriptorium::AlertFilter;
use scriptorium::model::alert::{Alert, AlertKind};
use scriptorium::model::{AlertId, ScriptId, Timestamp, Uuid};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{List, Refused, named, page};
use crate::auth::Authenticated;
use crate::input::{Path, Query};
use crate::problem::Problem;
use crate::state::App;

/// An alert. Of one kind and about one script there is one that nobody has acknowledged.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
pub(crate) struct AlertBody {
    id: Uuid,
    /// `dead_letter`, `paused` or `circuit_open`.
    kind: &'static str,
    script_id: Uuid,
    /// The script's name at the time.
    script_name: String,
    /// What was said of it the last time.
    message: String,
    /// How often it happened.
    count: u64,
    first_at: Timestamp,
    last_at: Timestamp,
    acknowledged_at: Option<Timestamp>,
    /// The user who did.
    acknowledged_by: Option<Uuid>,
}

/// Which alerts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Those that somebody acknowledged, or those that nobody did.
    acknowledged: Option<bool>,
    /// `dead_letter`, `paused` or `circuit_open`.
    kind: Option<String>,
    /// About this script.
    script_id: Option<Uuid>,
    /// How many items, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the part before.
    cursor: Option<String>,
}

/// The alerts of the tenant, those that happened last first.
#[utoipa::path(get, path = "/alerts", tag = "alerts", params(Filter),
    responses((status = 200, body = List<AlertBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
    Query(filter): Query<Filter>,
) -> Result<Json<List<AlertBody>>, Problem> {
    let page = page(filter.limit, filter.cursor)?;
    let kinds = || AlertKind::ALL.into_iter().map(AlertKind::as_str);
    let kind = |name: &String| named("kind", name, AlertKind::from_name, kinds());
    let wanted = AlertFilter {
        acknowledged: filter.acknowledged,
        kind: filter.kind.as_ref().map(kind).transpose()?,
        script: filter.script_id.map(ScriptId),
    };
    let alerts = app.platform.alerts();
    let found = alerts.list(caller.ctx(), &wanted, &page).await?;
    Ok(Json(List::of(found, AlertBody::from)))
}

/// Says that one knows of an alert; what happens from now on raises a new one.
#[utoipa::path(post, path = "/alerts/{id}/acknowledge", tag = "alerts",
    params(("id" = Uuid, Path)), responses((status = 200, body = AlertBody), Refused))]
pub(crate) async fn acknowledge(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<AlertBody>, Problem> {
    let alerts = app.platform.alerts();
    let alert = alerts.acknowledge(caller.ctx(), AlertId(id)).await?;
    Ok(Json(alert.into()))
}

impl From<Alert> for AlertBody {
    fn from(alert: Alert) -> Self {
        Self {
            id: alert.id.0,
            kind: alert.kind.as_str(),
            script_id: alert.script.0,
            script_name: alert.script_name,
            message: alert.message,
            count: alert.count,
            first_at: alert.first_at,
            last_at: alert.last_at,
            acknowledged_at: alert.acknowledged_at,
            acknowledged_by: alert.acknowledged_by.map(|user| user.0),
        }
    }
}
