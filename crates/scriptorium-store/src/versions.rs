//! The versions of a script: read and inserted, never changed (R-VER-03). Inserting one is part of
//! creating or updating its script.

use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::script::Definition;
use scriptorium_model::version::Version;
use scriptorium_model::{Ctx, ScriptId, TenantId, Timestamp, UserId, Uuid};

use crate::Store;
use crate::db::FromRow;
use crate::db::cursor::{Cursors, Key};
use crate::db::{Micros, Scope, Tx, number};
use crate::definition::{Columns, settings};
use crate::error::{Error, Result};
use crate::history::chunks;

impl Store {
    /// The versions of a script, newest first.
    ///
    /// # Errors
    /// `CursorInvalid`. A script that is not there has no versions.
    pub async fn list_versions(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        page: &PageRequest,
    ) -> Result<Page<Version>> {
        self.versions(ctx, script, false, page).await
    }

    /// The versions of a script that have a name, newest first.
    ///
    /// # Errors
    /// `CursorInvalid`. A script that is not there has no versions.
    pub async fn list_milestones(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        page: &PageRequest,
    ) -> Result<Page<Version>> {
        self.versions(ctx, script, true, page).await
    }

    async fn versions(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        milestones: bool,
        page: &PageRequest,
    ) -> Result<Page<Version>> {
        let cursors = Cursors::new(ctx, "versions", &(script, milestones));
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql(SELECT);
        sql.push(" where v.tenant_id = $1 and v.script_id = ")
            .bind(script.0);
        if milestones {
            sql.push(" and m.name is not null");
        }
        match cursors.start(page)? {
            Some(Key::Number(number, _)) => {
                sql.push(" and v.number < ").bind(number);
            }
            Some(_) => return Err(Error::CursorInvalid),
            None => {}
        }
        sql.push(" order by v.number desc limit ");
        sql.bind(i64::from(page.limit) + 1);
        let rows: Vec<VersionRow> = db.all(sql).await?;
        let versions = rows
            .into_iter()
            .map(Version::try_from)
            .collect::<Result<Vec<_>>>()?;
        cursors.page(versions, page, |last| {
            Key::Number(last.number.into(), last.script.0)
        })
    }

    /// The numbers of a script's versions, newest first: those that were pruned are missing.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn version_numbers(&self, ctx: &Ctx, script: ScriptId) -> Result<Vec<u32>> {
        let db = self.db().read(ctx).await?;
        numbers(&db, script).await
    }

    /// One version of a script.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_version(&self, ctx: &Ctx, script: ScriptId, number: u32) -> Result<Version> {
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql(SELECT);
        sql.push(" where v.tenant_id = $1 and v.script_id = ")
            .bind(script.0);
        sql.push(" and v.number = ").bind(number);
        let row: VersionRow = db.one(sql).await?.ok_or(Error::NotFound)?;
        row.try_into()
    }
}

/// The numbers of a script's versions, newest first.
pub(crate) async fn numbers(db: &Scope, script: ScriptId) -> Result<Vec<u32>> {
    let sql = db
        .sql(
            "select number from script_versions where tenant_id = $1 and script_id = $2 \
             order by number desc",
        )
        .with([script.0.into()]);
    let rows: Vec<NumberRow> = db.all(sql).await?;
    Ok(rows.into_iter().map(|row| number(row.number)).collect())
}

/// Begins a query for [`VersionRow`]; `v` is the version.
const SELECT: &str = "select v.*, m.name as milestone from script_versions v \
    left join version_milestones m on m.tenant_id = v.tenant_id \
    and m.script_id = v.script_id and m.number = v.number";

/// What is new about a version besides its definition.
pub(crate) struct NewVersion<'a> {
    pub(crate) script: ScriptId,
    pub(crate) number: u32,
    pub(crate) change_description: &'a str,
    pub(crate) created_by: Option<UserId>,
    pub(crate) created_at: Timestamp,
}

pub(crate) async fn insert(tx: &Tx, new: &NewVersion<'_>, definition: &Definition) -> Result<()> {
    tx.execute(
        tx.sql(
            "insert into script_versions (tenant_id, script_id, number, name, description, type, \
             language, settings, compatibility, change_description, created_by, created_at, source) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .with([
            new.script.0.into(),
            new.number.into(),
            definition.name.as_str().into(),
            definition.description.as_str().into(),
            definition.trigger.kind().as_str().into(),
            definition.language.as_str().into(),
            settings(definition)?.into(),
            definition.compatibility_date().to_string().into(),
            new.change_description.into(),
            new.created_by.map(|user| user.0).into(),
            Micros::from(new.created_at).into(),
            definition.source.as_str().into(),
        ]),
    )
    .await?;
    Ok(())
}

/// Whether versions of a tenant's scripts are there. Asked after executions of them were recorded, in
/// the same transaction: from then on pruning, which locks the script first, waits for its end, and
/// what pruning has deleted before is seen to be gone.
pub(crate) async fn are_there(
    tx: &Tx,
    tenant: TenantId,
    versions: &[(ScriptId, u32)],
) -> Result<bool> {
    for some in chunks(versions) {
        let mut sql = tx.sql_of(tenant, "with wanted (script_id, number) as (values ");
        for (index, (script, number)) in some.iter().enumerate() {
            sql.push(if index == 0 { "" } else { ", " });
            sql.bind_list([script.0.into(), (*number).into()]);
        }
        sql.push(
            ") select w.number from wanted w where not exists (select 1 from script_versions v \
             where v.tenant_id = $1 and v.script_id = w.script_id and v.number = w.number) limit 1",
        );
        let missing: Option<NumberRow> = tx.one(sql).await?;
        if missing.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

#[derive(FromRow)]
struct NumberRow {
    number: i64,
}

#[derive(FromRow)]
struct VersionRow {
    tenant_id: Uuid,
    script_id: Uuid,
    number: i64,
    name: String,
    description: String,
    #[row(column = "type")]
    kind: String,
    language: String,
    settings: String,
    compatibility: String,
    change_description: String,
    created_by: Option<Uuid>,
    created_at: Micros,
    source: String,
    milestone: Option<String>,
}

impl TryFrom<VersionRow> for Version {
    type Error = Error;
    fn try_from(row: VersionRow) -> Result<Self> {
        let columns = Columns {
            name: row.name,
            description: row.description,
            kind: row.kind,
            language: row.language,
            settings: row.settings,
            compatibility: row.compatibility,
            source: row.source,
        };
        Ok(Self {
            tenant: TenantId(row.tenant_id),
            script: ScriptId(row.script_id),
            number: number(row.number),
            definition: columns.definition()?,
            change_description: row.change_description,
            created_by: row.created_by.map(UserId),
            created_at: row.created_at.into(),
            milestone: row.milestone,
        })
    }
}
