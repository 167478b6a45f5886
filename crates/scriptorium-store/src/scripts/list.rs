//! The list of scripts with what its readers ask first: when did it run last, when will it next.

use std::collections::HashMap;

use scriptorium_model::execution::ExecutionStatus;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::script::{Script, ScriptStatus, ScriptType};
use scriptorium_model::{Ctx, Date, ExecutionId, ScriptId, Timestamp, UserId, Uuid};

use super::row::ScriptRow;
use crate::Store;
use crate::db::FromRow;
use crate::db::cursor::{Cursors, Key};
use crate::db::{Dialect, Micros, Scope, Sql, known};
use crate::error::{Error, Result};
use crate::search::{self, Query, Wanted};

/// Which scripts to list, and in what order; every part narrows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptFilter {
    /// Words in the name, the description or the tags, or beginnings of such words.
    pub q: Option<String>,
    /// Of this type.
    pub kind: Option<ScriptType>,
    /// With this status.
    pub status: Option<ScriptStatus>,
    /// With at least one of these tags; with any or none when empty.
    pub tags: Vec<String>,
    /// Whose compatibility date is before this one.
    pub older_than: Option<Date>,
    /// The trash instead of the scripts in use; it is in the order of deletion whatever `sort` says.
    pub trash: bool,
    /// The order; the newest first when nothing is said.
    pub sort: ScriptSort,
}

/// The order of a list of scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptSort {
    /// By what.
    pub field: SortField,
    /// The largest first.
    pub descending: bool,
}

impl Default for ScriptSort {
    fn default() -> Self {
        Self {
            field: SortField::CreatedAt,
            descending: true,
        }
    }
}

/// What scripts can be sorted by (R-REPO-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortField {
    /// The id, which is the order of creation.
    Id,
    /// The name, by code point.
    Name,
    /// The type's stable name.
    Type,
    /// The status' stable name.
    Status,
    /// When it was created.
    CreatedAt,
    /// When it changed last.
    UpdatedAt,
}

impl SortField {
    /// Every field.
    pub const ALL: [Self; 6] = [
        Self::Id,
        Self::Name,
        Self::Type,
        Self::Status,
        Self::CreatedAt,
        Self::UpdatedAt,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Type => "type",
            Self::Status => "status",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
        }
    }

    /// The field of a name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }

    fn column(self) -> &'static str {
        match self {
            Self::Id => "s.id",
            Self::Name => "s.name",
            Self::Type => "s.type",
            Self::Status => "s.status",
            Self::CreatedAt => "s.created_at",
            Self::UpdatedAt => "s.updated_at",
        }
    }

    /// Whether a cursor can be of this order: whoever makes one up must not get it into a statement.
    fn fits(self, key: &Key, trash: bool) -> bool {
        match self {
            _ if trash => matches!(key, Key::Number(..)),
            Self::Id => matches!(key, Key::Id(_)),
            Self::Name | Self::Type | Self::Status => matches!(key, Key::Text(..)),
            Self::CreatedAt | Self::UpdatedAt => matches!(key, Key::Number(..)),
        }
    }

    fn key(self, summary: &ScriptSummary) -> Key {
        let script = &summary.script;
        if let Some(trashed) = summary.trashed {
            return Key::Number(trashed.at.as_microsecond(), script.id.0);
        }
        let text = |text: &str| Key::Text(text.into(), script.id.0);
        let at = |at: Timestamp| Key::Number(at.as_microsecond(), script.id.0);
        match self {
            Self::Id => Key::Id(script.id.0),
            Self::Name => text(&script.name),
            Self::Type => text(script.kind().as_str()),
            Self::Status => text(script.status.as_str()),
            Self::CreatedAt => at(script.created_at),
            Self::UpdatedAt => at(script.updated_at),
        }
    }
}

/// A script in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptSummary {
    /// The script, with an empty source: a list does not read what nobody reads in it.
    pub script: Script,
    /// Its latest execution.
    pub last_execution: Option<LastExecution>,
    /// The next planned instant, of an active schedule.
    pub next_run_at: Option<Timestamp>,
    /// Since when it is in the trash, and by whom.
    pub trashed: Option<Trashed>,
}

/// How a script came into the trash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trashed {
    /// When.
    pub at: Timestamp,
    /// By whom; nobody is known when it was the host, or long ago.
    pub by: Option<UserId>,
}

/// The latest execution of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastExecution {
    /// Its id.
    pub id: ExecutionId,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// When it was recorded.
    pub at: Timestamp,
}

impl Store {
    /// The tenant's scripts.
    ///
    /// # Errors
    /// `CursorInvalid`.
    pub async fn list_scripts(
        &self,
        ctx: &Ctx,
        filter: &ScriptFilter,
        page: &PageRequest,
    ) -> Result<Page<ScriptSummary>> {
        let cursors = Cursors::new(ctx, "scripts", filter);
        let start = cursors.start(page)?;
        let query = match Wanted::by(ctx.tenant, filter.q.as_deref()) {
            Wanted::All => None,
            Wanted::Nothing => return cursors.page(Vec::new(), page, |_| Key::Id(Uuid::nil())),
            Wanted::Words(query) => Some(query),
        };
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql(SELECT);
        narrow(&db, &mut sql, filter, query.as_ref());
        let ScriptSort { field, descending } = filter.sort;
        let column = if filter.trash {
            "s.deleted_at"
        } else {
            field.column()
        };
        let by_id = column == SortField::Id.column();
        if let Some(start) = start {
            if !field.fits(&start, filter.trash) {
                return Err(Error::CursorInvalid);
            }
            let before = if descending { ") < " } else { ") > " };
            sql.push(" and (").push(column);
            if !by_id {
                sql.push(", s.id");
            }
            sql.push(before).bind_list(start.values());
        }
        let direction = if descending { " desc" } else { " asc" };
        sql.push(" order by ").push(column).push(direction);
        if !by_id {
            sql.push(", s.id").push(direction);
        }
        sql.push(" limit ");
        sql.bind(i64::from(page.limit) + 1).push(JOIN);
        let rows: Vec<SummaryRow> = db.all(sql).await?;
        let mut last = last_executions(&db, &rows).await?;
        let mut items = rows
            .into_iter()
            .map(|row| {
                let last = last.remove(&row.script.id());
                row.summary(last)
            })
            .collect::<Result<Vec<_>>>()?;
        // What was joined to the page may have come in another order.
        items.sort_by_cached_key(|item| field.key(item));
        if descending {
            items.reverse();
        }
        cursors.page(items, page, |last| field.key(last))
    }

    /// The tags of the tenant's scripts in use, by code point. It hops from tag to tag in the index,
    /// so that it does not read the scripts of each. What asks whether a tag is of any script in use
    /// has a limit of its own: of an `exists` PostgreSQL makes a join with all scripts.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_tags(&self, ctx: &Ctx, limit: u32) -> Result<Vec<String>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "with recursive hop (tag) as (\
                 select (select t.tag from script_tags t where t.tenant_id = $1 \
                 order by t.tag limit 1) \
                 union all \
                 select (select t.tag from script_tags t where t.tenant_id = $1 and t.tag > hop.tag \
                 order by t.tag limit 1) from hop where hop.tag is not null) \
                 select h.tag from hop h where h.tag is not null and (\
                 select 1 from script_tags t join scripts s \
                 on s.tenant_id = t.tenant_id and s.id = t.script_id and s.deleted_at is null \
                 where t.tenant_id = $1 and t.tag = h.tag limit 1) = 1 order by h.tag limit $2",
            )
            .with([limit.into()]);
        let rows: Vec<TagRow> = db.all(sql).await?;
        Ok(rows.into_iter().map(|row| row.tag).collect())
    }
}

/// The page is cut off before anything is joined to it: what has to be sorted is narrow, and no
/// database can think of joining the whole of a tenant first.
const SELECT: &str = "select s.tenant_id, s.id, s.status, s.version, s.owner, s.updated_by, \
    s.activated_by, s.created_by, s.created_at, s.updated_at, s.paused_reason, s.deleted_at, \
    s.deleted_by, v.name, v.description, v.type, v.language, v.settings, v.compatibility, '' as source, c.next_at \
    from (select s.* from scripts s where s.tenant_id = $1";

const JOIN: &str = ") s join script_versions v \
    on v.tenant_id = s.tenant_id and v.script_id = s.id and v.number = s.version \
    left join schedules c on c.tenant_id = s.tenant_id and c.script_id = s.id";

fn narrow(db: &Scope, sql: &mut Sql, filter: &ScriptFilter, query: Option<&Query>) {
    sql.push(if filter.trash {
        " and s.deleted_at is not null"
    } else {
        " and s.deleted_at is null"
    });
    if let Some(kind) = filter.kind {
        sql.push(" and s.type = ").bind(kind.as_str());
    }
    if let Some(status) = filter.status {
        sql.push(" and s.status = ").bind(status.as_str());
    }
    if let Some(date) = filter.older_than {
        // A date is text that sorts as the dates do.
        sql.push(
            " and (select o.compatibility from script_versions o where o.tenant_id = $1 \
             and o.script_id = s.id and o.number = s.version) < ",
        );
        sql.bind(date.to_string());
    }
    if !filter.tags.is_empty() {
        // Like words: in the order of the list, see `search`.
        sql.push(match db.dialect() {
            Dialect::Sqlite => " and +s.id in ",
            Dialect::Postgres => " and s.id in ",
        });
        sql.push("(select t.script_id from script_tags t where t.tenant_id = $1 and t.tag in ");
        sql.bind_list(filter.tags.iter().map(|tag| tag.as_str().into()));
        sql.push(")");
    }
    if let Some(query) = query {
        search::narrow_scripts(db, sql, query);
    }
}

#[derive(FromRow)]
struct SummaryRow {
    #[row(nested)]
    script: ScriptRow,
    deleted_at: Option<Micros>,
    deleted_by: Option<Uuid>,
    next_at: Option<Micros>,
}

impl SummaryRow {
    fn summary(self, last_execution: Option<LastExecution>) -> Result<ScriptSummary> {
        Ok(ScriptSummary {
            script: self.script.try_into()?,
            last_execution,
            next_run_at: self.next_at.map(Into::into),
            trashed: self.deleted_at.map(|at| Trashed {
                at: at.into(),
                by: self.deleted_by.map(UserId),
            }),
        })
    }
}

/// The latest execution of each script of a page. It is asked for after the page is known, because
/// the databases would look for those of every script before they cut the page off; and first for
/// ids alone, because PostgreSQL would join ids that it has yet to find with the whole table.
async fn last_executions(
    db: &Scope,
    page: &[SummaryRow],
) -> Result<HashMap<ScriptId, LastExecution>> {
    if page.is_empty() {
        return Ok(HashMap::new());
    }
    let mut sql = db.sql("with wanted (id) as (values ");
    for (index, row) in page.iter().enumerate() {
        sql.push(if index == 0 { "(" } else { "), (" });
        sql.bind(row.script.id().0);
    }
    sql.push(
        ")) select (select x.id from executions x where x.tenant_id = $1 \
         and x.script_id = w.id order by x.id desc limit 1) as id from wanted w",
    );
    let ids: Vec<LastId> = db.all(sql).await?;
    let ids: Vec<Uuid> = ids.into_iter().filter_map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut sql = db.sql("select script_id, id, status, created_at from executions");
    sql.push(" where tenant_id = $1 and id in ");
    sql.bind_list(ids.into_iter().map(Into::into));
    let rows: Vec<LastRow> = db.all(sql).await?;
    rows.into_iter().map(LastRow::of_script).collect()
}

#[derive(FromRow)]
struct TagRow {
    tag: String,
}

#[derive(FromRow)]
struct LastId {
    id: Option<Uuid>,
}

#[derive(FromRow)]
struct LastRow {
    script_id: Uuid,
    id: Uuid,
    status: String,
    created_at: Micros,
}

impl LastRow {
    fn of_script(self) -> Result<(ScriptId, LastExecution)> {
        let status = ExecutionStatus::from_name(&self.status);
        let last = LastExecution {
            id: ExecutionId(self.id),
            status: known(status, "executions.status")?,
            at: self.created_at.into(),
        };
        Ok((ScriptId(self.script_id), last))
    }
}
