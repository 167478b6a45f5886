//! The upgrade report: what changed for scripts by date, and which scripts it concerns.

use axum::Json;
use axum::extract::State;
use scriptorium::model::{Date, Uuid, compatibility};
use scriptorium::{Change, DeprecatedUse, Deprecation, Outdated, Severity};
use serde::Serialize;
use utoipa::ToSchema;

use super::{List, Paging, Refused};
use crate::auth::Authenticated;
use crate::input::Query;
use crate::problem::Problem;
use crate::state::App;

/// What changed for scripts, and those that somebody should look at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpgradeReport)]
pub(crate) struct ReportBody {
    /// The first compatibility date there is.
    #[schema(value_type = String, format = Date, example = "2026-01-01")]
    first: Date,
    /// The latest one that a script can have now: today in UTC.
    #[schema(value_type = String, format = Date, example = "2026-11-30")]
    latest: Date,
    /// What changed, the oldest first.
    changes: Vec<ChangeBody>,
    /// Functions that scripts should not use any more.
    deprecations: Vec<DeprecationBody>,
    /// Scripts for which something would change with the latest date, or that name deprecated functions.
    #[serde(flatten)]
    scripts: List<OutdatedBody>,
}

/// A change of what scripts see.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompatibilityChange)]
pub(crate) struct ChangeBody {
    #[schema(example = "storage_in_transactions")]
    name: &'static str,
    /// The compatibility date from which on it holds.
    #[schema(value_type = String, format = Date, example = "2026-11-30")]
    since: Date,
    what: &'static str,
}

/// A function that scripts should not use any more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deprecation)]
pub(crate) struct DeprecationBody {
    function: String,
    #[schema(value_type = String, format = Date, example = "2026-11-30")]
    since: Date,
    /// What to use in its place.
    instead: String,
    /// For scripts with this compatibility date or a later one it does not exist; `null` while nothing is
    /// decided.
    #[schema(value_type = Option<String>, format = Date)]
    gone_from: Option<Date>,
}

/// A script that somebody should look at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutdatedScript)]
pub(crate) struct OutdatedBody {
    id: Uuid,
    name: String,
    r#type: &'static str,
    status: &'static str,
    #[schema(value_type = String, format = Date, example = "2026-01-01")]
    compatibility: Date,
    /// Names of the changes that would begin to hold for it.
    changes: Vec<&'static str>,
    /// Where it names deprecated functions; at most 100 places.
    deprecated: Vec<UseBody>,
}

/// A place where a script names a deprecated function.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeprecatedUse)]
pub(crate) struct UseBody {
    function: String,
    line: u32,
    column: u32,
    /// Whether the function does not exist for the script any more.
    gone: bool,
}

/// What changed for scripts by compatibility date, and the scripts of the tenant that somebody should look
/// at, by name. So many scripts as `limit` says are looked at: a part may have fewer, and there are more
/// while `next_cursor` is there.
#[utoipa::path(get, path = "/compatibility", tag = "compatibility", params(Paging),
    responses((status = 200, body = ReportBody), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Json<ReportBody>, Problem> {
    let page = paging.page()?;
    let compatibility = app.platform.compatibility();
    let found = compatibility.report(caller.ctx(), &page).await?;
    let changes = compatibility.changes().into_iter();
    let deprecations = compatibility.deprecations().into_iter();
    Ok(Json(ReportBody {
        first: compatibility::FIRST,
        latest: compatibility.latest(),
        changes: changes.map(ChangeBody::from).collect(),
        deprecations: deprecations.map(DeprecationBody::from).collect(),
        scripts: List::of(found, OutdatedBody::from),
    }))
}

impl From<Change> for ChangeBody {
    fn from(change: Change) -> Self {
        Self {
            name: change.as_str(),
            since: change.since(),
            what: change.what(),
        }
    }
}

impl From<Deprecation> for DeprecationBody {
    fn from(deprecation: Deprecation) -> Self {
        Self {
            function: deprecation.function.into_owned(),
            since: deprecation.since,
            instead: deprecation.instead.into_owned(),
            gone_from: deprecation.gone_from,
        }
    }
}

impl From<Outdated> for OutdatedBody {
    fn from(outdated: Outdated) -> Self {
        let Outdated {
            script,
            changes,
            deprecated,
        } = outdated;
        Self {
            id: script.id.0,
            r#type: script.kind().as_str(),
            status: script.status.as_str(),
            compatibility: script.compatibility_date(),
            changes: changes.into_iter().map(Change::as_str).collect(),
            deprecated: deprecated.into_iter().map(UseBody::from).collect(),
            name: script.definition.name,
        }
    }
}

impl From<DeprecatedUse> for UseBody {
    fn from(one: DeprecatedUse) -> Self {
        Self {
            function: one.function,
            line: one.diagnostic.line,
            column: one.diagnostic.column,
            gone: one.diagnostic.severity == Severity::Error,
        }
    }
}
