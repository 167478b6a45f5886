//! Which libraries the versions of scripts use. Writing it is part of saving or activating a
//! script; a library that an active script needs stays.

use scriptorium_model::library::Pin;
use scriptorium_model::{Ctx, ScriptId, Uuid};

use crate::Store;
use crate::db::{Dialect, FromRow, Tx, number};
use crate::error::{Error, Result};

/// Most names of users of a library that are told.
const TOLD: i64 = 5;

impl Store {
    /// The libraries that a version of a script uses, by their specifiers.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn pins(&self, ctx: &Ctx, script: ScriptId, version: u32) -> Result<Vec<Pin>> {
        let db = self.db().read(ctx).await?;
        let sql = db.sql(PINS).with([script.0.into(), version.into()]);
        let rows: Vec<PinRow> = db.all(sql).await?;
        Ok(rows.into_iter().map(Pin::from).collect())
    }

    /// Names of active scripts that need a library, themselves or through another one; some of
    /// them when they are many.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn library_users(&self, ctx: &Ctx, library: ScriptId) -> Result<Vec<String>> {
        let db = self.db().read(ctx).await?;
        let sql = db.sql(USERS).with([library.0.into(), TOLD.into()]);
        let rows: Vec<NameRow> = db.all(sql).await?;
        Ok(rows.into_iter().map(|row| row.name).collect())
    }
}

/// Makes these the libraries that a version uses, instead of others.
pub(crate) async fn pin_anew(tx: &Tx, script: ScriptId, version: u32, pins: &[Pin]) -> Result<()> {
    let sql = tx
        .sql(
            "delete from version_libraries where tenant_id = $1 and script_id = $2 and number = $3",
        )
        .with([script.0.into(), version.into()]);
    tx.execute(sql).await?;
    pin(tx, script, version, pins).await
}

/// Makes these the libraries that a new version uses. They must still be there to be used.
pub(crate) async fn pin(tx: &Tx, script: ScriptId, version: u32, pins: &[Pin]) -> Result<()> {
    for pin in pins {
        check_active(tx, pin.library).await?;
        let sql = tx
            .sql(
                "insert into version_libraries \
                 (tenant_id, script_id, number, specifier, library_id, library_version) \
                 values ($1, $2, $3, $4, $5, $6)",
            )
            .with([
                script.0.into(),
                version.into(),
                pin.specifier.as_str().into(),
                pin.library.0.into(),
                pin.version.into(),
            ]);
        tx.execute(sql).await?;
    }
    Ok(())
}

/// Refuses when an active script needs the library.
pub(crate) async fn check_unused(tx: &Tx, library: ScriptId) -> Result<()> {
    let sql = tx.sql(USERS).with([library.0.into(), 1_i64.into()]);
    let users: Vec<NameRow> = tx.all(sql).await?;
    match users.is_empty() {
        true => Ok(()),
        false => Err(Error::Conflict {
            what: "library_in_use",
            field: "library",
        }),
    }
}

/// A library that goes away meanwhile waits until those who want it are done, and then finds them.
async fn check_active(tx: &Tx, library: ScriptId) -> Result<()> {
    let mut sql = tx
        .sql(
            "select name from scripts where tenant_id = $1 and id = $2 \
             and status = 'active' and deleted_at is null",
        )
        .with([library.0.into()]);
    if tx.dialect() == Dialect::Postgres {
        sql.push(" for share");
    }
    let found: Option<NameRow> = tx.one(sql).await?;
    found.map(drop).ok_or(Error::Conflict {
        what: "library_gone",
        field: "source",
    })
}

const PINS: &str = "select specifier, library_id, library_version from version_libraries \
    where tenant_id = $1 and script_id = $2 and number = $3 order by specifier";

/// Upwards from the library over the versions that use it, to the current ones of active scripts.
const USERS: &str = "with recursive users(script_id, number) as (\
    select l.script_id, l.number from version_libraries l \
    where l.tenant_id = $1 and l.library_id = $2 \
    union \
    select l.script_id, l.number from version_libraries l \
    join users u on l.library_id = u.script_id and l.library_version = u.number \
    where l.tenant_id = $1) \
    select distinct s.name from users u \
    join scripts s on s.id = u.script_id and s.version = u.number \
    where s.tenant_id = $1 and s.status = 'active' and s.deleted_at is null and s.id <> $2 \
    order by s.name limit $3";

#[derive(FromRow)]
struct PinRow {
    specifier: String,
    library_id: Uuid,
    library_version: i64,
}

#[derive(FromRow)]
struct NameRow {
    name: String,
}

impl From<PinRow> for Pin {
    fn from(row: PinRow) -> Self {
        Self {
            specifier: row.specifier,
            library: ScriptId(row.library_id),
            version: number(row.library_version),
        }
    }
}
