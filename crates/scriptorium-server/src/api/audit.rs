//! The audit trail: looking, checking, and writing it out as JSON lines.

use std::io;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use scriptorium::Platform;
use scriptorium::model::audit::{self, Action, AuditEntry, AuditFilter, Verification};
use scriptorium::model::{Ctx, Timestamp, Uuid};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{List, Refused, page};
use crate::auth::Authenticated;
use crate::input::Query;
use crate::problem::Problem;
use crate::raw_json::RawJson;
use crate::state::App;

/// Entries written out at once.
const EXPORT_PAGE: u32 = 500;

/// One entry of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditBody {
    /// Its number: 1, 2, 3 and so on in the tenant.
    seq: u64,
    at: Timestamp,
    actor: ActorBody,
    /// A stable name such as `script.changed`.
    action: &'static str,
    subject: SubjectBody,
    /// What changed, as it was before.
    before: Option<RawJson>,
    /// What changed, as it is now.
    after: Option<RawJson>,
    origin: OriginBody,
    /// Keyed code over the previous entry's code and all of the above, in hexadecimal digits.
    mac: String,
}

/// Who did it, by the name they had then.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditActor)]
pub(crate) struct ActorBody {
    /// `user`, `token`, `host`, `platform` or `stranger`.
    kind: &'static str,
    /// Of the user or token.
    id: Option<Uuid>,
    /// The user, or the one behind the token.
    user_id: Option<Uuid>,
    /// Address of the user or name of the token.
    name: String,
}

/// What it was done to, by the name it had then.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditSubject)]
pub(crate) struct SubjectBody {
    kind: &'static str,
    id: Option<Uuid>,
    name: String,
}

/// Where it came from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditOrigin)]
pub(crate) struct OriginBody {
    address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Id of a user or token, a user's address, a token's name, or a kind such as `platform`.
    actor: Option<String>,
    /// A name such as `script.changed`, or its first word.
    action: Option<String>,
    /// Id or whole name of the thing.
    subject: Option<String>,
    /// At this instant or later.
    from: Option<Timestamp>,
    /// Before this instant.
    to: Option<Timestamp>,
    /// Text in action, actor, subject or address.
    q: Option<String>,
    /// Without the batches of executions that ended.
    without_executions: Option<bool>,
    /// How many items, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the part before.
    cursor: Option<String>,
}

/// What to check.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Depth {
    /// Also the executions that the trail names; `true` when not said.
    executions: Option<bool>,
}

/// What checking the trail found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditVerification)]
pub(crate) struct VerificationBody {
    /// Whether nothing was found.
    intact: bool,
    entries: u64,
    first_seq: Option<u64>,
    last_seq: Option<u64>,
    /// Entries that lawful retention removed, as signed checkpoints say.
    removed: u64,
    /// Heads anchored outside the database that could be compared.
    anchors: u64,
    /// Executions that were compared.
    executions: u64,
    /// Executions that are no longer in the history.
    executions_gone: u64,
    /// How many findings there are.
    found: u64,
    /// The first hundred of them.
    findings: Vec<FindingBody>,
}

/// One thing that is not as it was written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditFinding)]
pub(crate) struct FindingBody {
    /// `altered`, `missing`, `truncated`, `rewritten`, `head_altered`, `checkpoint_altered`,
    /// `execution_altered` or `execution_missing`.
    kind: &'static str,
    /// The entry it is about.
    seq: Option<u64>,
    detail: String,
}

/// The audit trail, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(Filter),
    responses((status = 200, body = List<AuditBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
    Query(mut filter): Query<Filter>,
) -> Result<Json<List<AuditBody>>, Problem> {
    let page = page(filter.limit.take(), filter.cursor.take())?;
    let wanted = filter.wanted()?;
    let entries = app
        .platform
        .audit()
        .list(caller.ctx(), &wanted, &page)
        .await?;
    Ok(Json(List::of(entries, AuditBody::from)))
}

/// Checks the trail against its codes, checkpoints, anchored heads and the executions it names.
#[utoipa::path(get, path = "/audit/verify", tag = "audit", params(Depth),
    responses((status = 200, body = VerificationBody), Refused))]
pub(crate) async fn verify(
    State(app): State<App>,
    caller: Authenticated,
    Query(depth): Query<Depth>,
) -> Result<Json<VerificationBody>, Problem> {
    let executions = depth.executions.unwrap_or(true);
    let found = app
        .platform
        .audit()
        .verify(caller.ctx(), executions)
        .await?;
    Ok(Json(found.into()))
}

/// The trail as JSON lines, oldest first; a line is an entry as the list shows it.
#[utoipa::path(get, path = "/audit/export", tag = "audit", params(Filter),
    responses((status = 200, content_type = "application/x-ndjson", body = String), Refused))]
pub(crate) async fn export(
    State(app): State<App>,
    caller: Authenticated,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    if filter.limit.is_some() || filter.cursor.is_some() {
        let field = if filter.limit.is_some() {
            "limit"
        } else {
            "cursor"
        };
        return Err(Problem::field(
            field,
            "unknown_field",
            "an export is always whole",
        ));
    }
    let filter = filter.wanted()?;
    let ctx = caller.ctx().clone();
    // The first part is read here, so that a refusal is one.
    let first = next(&app.platform, &ctx, &filter, 0).await?;
    let state = (app.platform.clone(), ctx, filter, first);
    // A part that cannot be read breaks the answer off: half a trail must not look like a whole.
    let parts = stream::try_unfold(state, |(platform, ctx, filter, part)| async move {
        let Some(last) = part.last().map(|entry| entry.seq) else {
            return Ok(None);
        };
        let text: String = part.into_iter().map(line).collect();
        let part = next(&platform, &ctx, &filter, last).await;
        let part = part.map_err(|_| io::Error::other("the audit trail could not be read on"))?;
        Ok::<_, io::Error>(Some((text, (platform, ctx, filter, part))))
    });
    let name = "attachment; filename=\"audit.jsonl\"";
    let headers = [
        (CONTENT_TYPE, "application/x-ndjson"),
        (CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(parts.fuse())).into_response())
}

async fn next(
    platform: &Platform,
    ctx: &Ctx,
    filter: &AuditFilter,
    behind: u64,
) -> Result<Vec<AuditEntry>, Problem> {
    let audit = platform.audit();
    Ok(audit.behind(ctx, filter, behind, EXPORT_PAGE).await?)
}

/// A line that no terminal acts on and no viewer turns round.
fn line(entry: AuditEntry) -> String {
    // Writing to a String cannot fail.
    let text = serde_json::to_string(&AuditBody::from(entry)).unwrap_or_default();
    audit::escaped(&text).into_owned() + "\n"
}

impl Filter {
    fn wanted(self) -> Result<AuditFilter, Problem> {
        if let Some(action) = &self.action {
            let words = || Action::ALL.iter().map(|action| action.as_str());
            let known = words().any(|name| name == action)
                || words().any(|name| name.split_once('.').is_some_and(|(word, _)| word == action));
            if !known {
                let message = "must be a name such as script.changed, or its first word";
                return Err(Problem::field("action", "unknown_value", message));
            }
        }
        Ok(AuditFilter {
            actor: self.actor,
            action: self.action,
            subject: self.subject,
            from: self.from,
            to: self.to,
            q: self.q,
            without_executions: self.without_executions.unwrap_or(false),
        })
    }
}

impl From<AuditEntry> for AuditBody {
    fn from(entry: AuditEntry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.at,
            actor: ActorBody {
                kind: entry.actor.kind.as_str(),
                id: entry.actor.id,
                user_id: entry.actor.user.map(|user| user.0),
                name: entry.actor.name,
            },
            action: entry.action.as_str(),
            subject: SubjectBody {
                kind: entry.subject.kind.as_str(),
                id: entry.subject.id,
                name: entry.subject.name,
            },
            before: entry.before.map(RawJson),
            after: entry.after.map(RawJson),
            origin: OriginBody {
                address: entry.origin.address.map(|address| address.to_string()),
                user_agent: entry.origin.user_agent,
                request_id: entry.origin.request_id,
            },
            mac: entry.mac.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

impl From<Verification> for VerificationBody {
    fn from(found: Verification) -> Self {
        Self {
            intact: found.is_intact(),
            entries: found.entries,
            first_seq: found.range.map(|(first, _)| first),
            last_seq: found.range.map(|(_, last)| last),
            removed: found.removed,
            anchors: found.anchors,
            executions: found.executions,
            executions_gone: found.executions_gone,
            found: found.found,
            findings: found
                .findings
                .into_iter()
                .map(|finding| FindingBody {
                    kind: finding.kind.as_str(),
                    seq: finding.seq,
                    detail: finding.detail,
                })
                .collect(),
        }
    }
}
