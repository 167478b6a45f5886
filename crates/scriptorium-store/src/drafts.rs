//! Drafts: what each user has typed into a script and not saved. Saving the script ends its author's
//! draft in the same transaction; see [`crate::scripts`].

use scriptorium_model::draft::{DRAFTS_PER_USER, Draft, DraftText};
use scriptorium_model::script::ScriptStatus;
use scriptorium_model::{Ctx, ScriptId, TenantId, UserId, Uuid};

use crate::Store;
use crate::audit::unaudited;
use crate::db::{FromRow, Micros, Tx, known, number, opt_json};
use crate::error::{Error, Result};
use crate::scripts::check_open;

impl Store {
    /// Keeps a user's draft of a script in place of the one before.
    ///
    /// # Errors
    /// `NotFound` when the script is not there or the user is not of the tenant; `Conflict` on
    /// `status` (`archived`), on `base_version` (`stale_version`) when it is not the current version, and on `draft`
    /// (`too_many_drafts`) when the user has [`DRAFTS_PER_USER`] of other scripts.
    pub async fn put_draft(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        user: UserId,
        text: DraftText,
    ) -> Result<Draft> {
        let now = Micros::from(self.inner.ambient.now());
        let tx = self.db().write(ctx).await?;
        check_base(&tx, script, text.base_version).await?;
        check_count(&tx, script, user).await?;
        let sql = tx
            .sql(
                "insert into script_drafts (tenant_id, script_id, user_id, base_version, \
                 created_at, updated_at, settings, source) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8) \
                 on conflict (tenant_id, script_id, user_id) do update set \
                 base_version = excluded.base_version, updated_at = excluded.updated_at, \
                 settings = excluded.settings, source = excluded.source returning *",
            )
            .with([
                script.0.into(),
                user.0.into(),
                text.base_version.into(),
                now.into(),
                now.into(),
                text.settings.map(|json| json.as_str().to_owned()).into(),
                text.source.into(),
            ]);
        let row: Option<DraftRow> = tx.one(sql).await?;
        tx.commit(unaudited("a draft is nothing that anybody else can see"))
            .await?;
        row.map(Draft::from).ok_or(Error::NotFound)
    }

    /// A user's draft of a script that is not in the trash.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_draft(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        user: UserId,
    ) -> Result<Option<Draft>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "select d.* from script_drafts d join scripts s \
                 on s.tenant_id = d.tenant_id and s.id = d.script_id and s.deleted_at is null \
                 where d.tenant_id = $1 and d.script_id = $2 and d.user_id = $3",
            )
            .with([script.0.into(), user.0.into()]);
        let row: Option<DraftRow> = db.one(sql).await?;
        Ok(row.map(Draft::from))
    }

    /// Discards a user's draft; whether there was one.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn delete_draft(&self, ctx: &Ctx, script: ScriptId, user: UserId) -> Result<bool> {
        let tx = self.db().write(ctx).await?;
        let deleted = delete(&tx, script, user).await?;
        tx.commit(unaudited("a draft is nothing that anybody else can see"))
            .await?;
        Ok(deleted)
    }
}

/// Discards a draft in the transaction that makes it superfluous; whether there was one.
pub(crate) async fn delete(tx: &Tx, script: ScriptId, user: UserId) -> Result<bool> {
    let sql = tx
        .sql("delete from script_drafts where tenant_id = $1 and script_id = $2 and user_id = $3")
        .with([script.0.into(), user.0.into()]);
    Ok(tx.execute(sql).await? > 0)
}

async fn check_base(tx: &Tx, script: ScriptId, base: u32) -> Result<()> {
    let sql = tx
        .sql(
            "select version, status from scripts \
             where tenant_id = $1 and id = $2 and deleted_at is null",
        )
        .with([script.0.into()]);
    let current: Current = tx.one(sql).await?.ok_or(Error::NotFound)?;
    let status = ScriptStatus::from_name(&current.status);
    check_open(known(status, "scripts.status")?)?;
    if number(current.version) == base {
        return Ok(());
    }
    Err(Error::Conflict {
        what: "stale_version",
        field: "base_version",
    })
}

async fn check_count(tx: &Tx, script: ScriptId, user: UserId) -> Result<()> {
    let sql = tx
        .sql(
            "select count(*) as number from script_drafts \
             where tenant_id = $1 and user_id = $2 and script_id <> $3",
        )
        .with([user.0.into(), script.0.into()]);
    let others: Option<Number> = tx.one(sql).await?;
    if others.is_some_and(|row| row.number >= i64::from(DRAFTS_PER_USER)) {
        return Err(Error::Conflict {
            what: "too_many_drafts",
            field: "draft",
        });
    }
    Ok(())
}

#[derive(FromRow)]
struct Current {
    version: i64,
    status: String,
}

#[derive(FromRow)]
struct Number {
    number: i64,
}

#[derive(FromRow)]
struct DraftRow {
    tenant_id: Uuid,
    script_id: Uuid,
    user_id: Uuid,
    base_version: i64,
    created_at: Micros,
    updated_at: Micros,
    settings: Option<String>,
    source: String,
}

impl From<DraftRow> for Draft {
    fn from(row: DraftRow) -> Self {
        Self {
            tenant: TenantId(row.tenant_id),
            script: ScriptId(row.script_id),
            user: UserId(row.user_id),
            text: DraftText {
                source: row.source,
                settings: opt_json(row.settings),
                base_version: number(row.base_version),
            },
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}
