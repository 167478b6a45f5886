//! What keeps executions from beginning.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use scriptorium::WhichHalt;
use scriptorium::model::execution::TriggerKind;
use scriptorium::model::halt::{Halt, HaltScope};
use scriptorium::model::{Timestamp, Uuid};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{List, Refused, named};
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path, Query};
use crate::problem::Problem;
use crate::state::App;

/// Every trigger.
const ANY: &str = "any";

/// A halt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HaltBody {
    /// `tenant`, `operator` or `platform`.
    scope: &'static str,
    /// The tenant whose executions do not begin; `null` for all.
    tenant_id: Option<Uuid>,
    /// `cron`, `http`, `event`, `manual`, `api`, `embedded`, or `any`.
    trigger: &'static str,
    reason: String,
    /// Whether what ran was stopped.
    stop_running: bool,
    /// The user who made it.
    by: Option<Uuid>,
    since: Timestamp,
}

/// Why executions are to be halted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewHalt {
    /// For whoever wonders why nothing runs; at most 500 bytes.
    #[schema(max_length = 500)]
    reason: String,
    /// Whether what runs is cancelled, too.
    #[serde(default)]
    stop_running: bool,
}

/// Whose executions an operator means.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfTenant {
    /// Slug of the tenant; with the scope `operator`, and only there.
    tenant: Option<String>,
}

/// The halts that concern the tenant, the oldest first; for who may manage tenants, all.
#[utoipa::path(get, path = "/halts", tag = "halts",
    responses((status = 200, body = List<HaltBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<List<HaltBody>>, Problem> {
    let halts = app.platform.halts().list(caller.ctx())?;
    Ok(Json(List::whole(halts, HaltBody::from)))
}

/// Keeps executions from beginning. Schedules, events and what is in the queue wait; requests are
/// refused as `halted`.
#[utoipa::path(put, path = "/halts/{scope}/{trigger}", tag = "halts", request_body = NewHalt,
    params(("scope" = String, Path, description = "`tenant`, `operator` or `platform`"),
        ("trigger" = String, Path, description = "a trigger, or `any`"), OfTenant),
    responses((status = 200, body = HaltBody), Refused))]
pub(crate) async fn put(
    State(app): State<App>,
    caller: Authenticated,
    Path((scope, trigger)): Path<(String, String)>,
    Query(of): Query<OfTenant>,
    JsonBody(new): JsonBody<NewHalt>,
) -> Result<Json<HaltBody>, Problem> {
    let which = which(&scope, &trigger, of)?;
    let halts = app.platform.halts();
    let halt = halts.put(caller.ctx(), &which, &new.reason, new.stop_running);
    Ok(Json(halt.await?.into()))
}

/// Lets executions begin again.
#[utoipa::path(delete, path = "/halts/{scope}/{trigger}", tag = "halts",
    params(("scope" = String, Path, description = "`tenant`, `operator` or `platform`"),
        ("trigger" = String, Path, description = "a trigger, or `any`"), OfTenant),
    responses((status = 204), Refused))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Authenticated,
    Path((scope, trigger)): Path<(String, String)>,
    Query(of): Query<OfTenant>,
) -> Result<StatusCode, Problem> {
    let which = which(&scope, &trigger, of)?;
    app.platform.halts().lift(caller.ctx(), &which).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn which(scope: &str, trigger: &str, of: OfTenant) -> Result<WhichHalt, Problem> {
    let scopes = HaltScope::ALL.into_iter().map(HaltScope::as_str);
    let kinds = TriggerKind::ALL.into_iter().map(TriggerKind::as_str);
    let of_trigger = |name: &str| match name {
        ANY => Some(None),
        name => TriggerKind::from_name(name).map(Some),
    };
    Ok(WhichHalt {
        scope: named("scope", scope, HaltScope::from_name, scopes)?,
        tenant: of.tenant,
        trigger: named("trigger", trigger, of_trigger, kinds.chain([ANY]))?,
    })
}

impl From<Halt> for HaltBody {
    fn from(halt: Halt) -> Self {
        let one = halt.key.scope != HaltScope::Platform;
        Self {
            scope: halt.key.scope.as_str(),
            tenant_id: one.then_some(halt.key.tenant.0),
            trigger: halt.key.trigger.map_or(ANY, TriggerKind::as_str),
            reason: halt.reason,
            stop_running: halt.stop_running,
            by: halt.by.map(|user| user.0),
            since: halt.since,
        }
    }
}
