//! How long the tenant's history is kept.

use axum::Json;
use axum::extract::State;
use scriptorium::model::retention::Retention;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Refused;
use crate::auth::Authenticated;
use crate::input::JsonBody;
use crate::problem::Problem;
use crate::state::App;

/// Days that each kind of record is kept.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionBody {
    /// Executions that have ended.
    #[schema(minimum = 30, maximum = 730)]
    execution_days: u32,
    /// Log lines; at most as long as executions.
    #[schema(minimum = 30, maximum = 730)]
    log_days: u32,
    /// Events.
    #[schema(minimum = 30, maximum = 730)]
    event_days: u32,
    /// Entries of the audit trail; at least as long as executions, and that long, or 90 days, when it
    /// is not said.
    #[serde(default)]
    #[schema(minimum = 90, maximum = 3650)]
    audit_days: Option<u32>,
}

/// How long history is kept: 90 days each unless the tenant has said otherwise.
#[utoipa::path(get, path = "/retention", tag = "retention",
    responses((status = 200, body = RetentionBody), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<RetentionBody>, Problem> {
    let retention = app.platform.retention().find(caller.ctx()).await?;
    Ok(Json(retention.into()))
}

/// Says how long history is kept. What is past it is removed within the hour.
#[utoipa::path(put, path = "/retention", tag = "retention", request_body = RetentionBody,
    responses((status = 200, body = RetentionBody), Refused))]
pub(crate) async fn put(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(body): JsonBody<RetentionBody>,
) -> Result<Json<RetentionBody>, Problem> {
    let retention = app.platform.retention();
    let retention = retention.set(caller.ctx(), body.into()).await?;
    Ok(Json(retention.into()))
}

impl From<RetentionBody> for Retention {
    fn from(body: RetentionBody) -> Self {
        Self {
            execution_days: body.execution_days,
            log_days: body.log_days,
            event_days: body.event_days,
            audit_days: body
                .audit_days
                .unwrap_or_else(|| body.execution_days.max(Self::default().audit_days)),
        }
    }
}

impl From<Retention> for RetentionBody {
    fn from(retention: Retention) -> Self {
        Self {
            execution_days: retention.execution_days,
            log_days: retention.log_days,
            event_days: retention.event_days,
            audit_days: Some(retention.audit_days),
        }
    }
}
