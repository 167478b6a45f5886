//! The scripts of a tenant. A change of a script, its version and what routes to it (schedule,
//! endpoint, subscriptions) is one transaction, so that they never disagree.

mod import;
mod list;
mod routing;
mod row;
pub(crate) mod trash;

use scriptorium_model::alert::AlertKind;
use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::library::Pin;
use scriptorium_model::script::{Definition, Script, ScriptStatus};
use scriptorium_model::{Actor, Ctx, ScriptId};
use serde_json::{Value, json};

pub use self::import::{Contradiction, ImportStep, ImportedVersion};
pub use self::list::{LastExecution, ScriptFilter, ScriptSort, ScriptSummary, SortField, Trashed};
use self::routing::Routes;
use self::row::ScriptRow;
use crate::Store;
use crate::alerts::{Alerts, Happened};
use crate::audit::{Note, of_script, unaudited};
use crate::db::{Dialect, FromRow, Micros, Scope, Tx};
use crate::definition::search_text;
use crate::drafts;
use crate::error::{Error, Result};
use crate::libraries;
use crate::lifecycle::{OfScript, changed_members};
use crate::search;
use crate::store::{Change, of_tenant};
use crate::system::nodes;
use crate::versions::{self, NewVersion};

/// What comes with a definition that is saved.
#[derive(Clone, Copy, Debug, Default)]
pub struct Saving<'a> {
    /// What the author says about the change.
    pub change_description: &'a str,
    /// The libraries the new version uses.
    pub pins: &'a [Pin],
}

impl<'a> From<&'a str> for Saving<'a> {
    fn from(change_description: &'a str) -> Self {
        Self {
            change_description,
            pins: &[],
        }
    }
}

impl Store {
    /// Adds a script with version 1 and what routes to it (R-LIFE-01).
    ///
    /// # Errors
    /// `Conflict` on `name`, or on `http.path` when another script of the tenant answers one of the
    /// methods there; both ignore the trash. On `source` (`library_gone`) when a library is
    /// not active any more.
    pub async fn create_script<'a>(
        &self,
        ctx: &Ctx,
        script: &Script,
        saving: impl Into<Saving<'a>>,
    ) -> Result<()> {
        let Saving {
            change_description,
            pins,
        } = saving.into();
        of_tenant(ctx, script.tenant)?;
        let tx = self.db().write(ctx).await?;
        insert_row(&tx, script).await?;
        let version = NewVersion {
            script: script.id,
            number: 1,
            change_description,
            created_by: script.created_by,
            created_at: script.created_at,
        };
        versions::insert(&tx, &version, &script.definition).await?;
        libraries::pin(&tx, script.id, 1, pins).await?;
        search::note_script(&tx, script.id.0, &script.definition).await?;
        self.tell(&tx, ctx, script, OfScript::Created).await?;
        let note = note(Action::ScriptCreated, script).after(with_pins(of_script(script)?, pins));
        self.commit_routes(tx, ctx, script, note).await
    }

    /// Makes `definition` the script's next version; the script stays as it is when it says that
    /// already. Its author's draft is done with. With `base_version` the change is refused when
    /// somebody else made a version since; the number is taken inside the transaction (R-VER-04).
    ///
    /// # Errors
    /// `NotFound`; `Conflict` on `status` (`archived`), `base_version` (`stale_version`), `name`,
    /// `http.path` or `source` (`library_gone`).
    pub async fn update_script<'a>(
        &self,
        ctx: &Ctx,
        id: ScriptId,
        base_version: Option<u32>,
        definition: Definition,
        saving: impl Into<Saving<'a>>,
    ) -> Result<Script> {
        let Saving {
            change_description,
            pins,
        } = saving.into();
        let tx = self.db().write(ctx).await?;
        let script = find_to_change(&tx, id).await?;
        check_open(script.status)?;
        if base_version.is_some_and(|base| base != script.version) {
            return Err(Error::Conflict {
                what: "stale_version",
                field: "base_version",
            });
        }
        let before = of_script(&script)?;
        let (author, now) = (ctx.actor.user(), self.inner.ambient.now());
        if let Some(author) = author {
            drafts::delete(&tx, id, author).await?;
        }
        let Some(script) = script.edited(definition, author, now) else {
            tx.commit(unaudited("nothing changed")).await?;
            return Ok(script);
        };
        save_version(&tx, &script, change_description).await?;
        libraries::pin(&tx, id, script.version, pins).await?;
        self.tell_changed(&tx, ctx, &before, &script).await?;
        let note = changed(&before, &script, change_description, pins)?;
        self.commit_routes(tx, ctx, &script, note).await?;
        Ok(script)
    }

    /// Moves a script from one status to another, with what routes to it (R-LIFE-06). Whoever
    /// activates it is remembered; the reason is in the audit trail, and kept while it is paused.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` on `status` when it is no longer `from`, or the move is forbidden; on
    /// `library` (`library_in_use`) when it is archived and an active script needs it; `Invalid` when
    /// the move takes a reason.
    pub async fn set_status(
        &self,
        ctx: &Ctx,
        id: ScriptId,
        from: ScriptStatus,
        to: ScriptStatus,
        reason: Option<&str>,
    ) -> Result<Script> {
        self.move_script(ctx, id, from, to, reason, None).await
    }

    /// Activates a script; from now on its version uses these libraries.
    ///
    /// # Errors
    /// Like [`Store::set_status`]; `Conflict` on `source` (`library_gone`) when a library is not
    /// active any more.
    pub async fn activate_script(
        &self,
        ctx: &Ctx,
        id: ScriptId,
        from: ScriptStatus,
        reason: Option<&str>,
        pins: &[Pin],
    ) -> Result<Script> {
        self.move_script(ctx, id, from, ScriptStatus::Active, reason, Some(pins))
            .await
    }

    /// Tells of a script that the platform paused by itself.
    async fn alert_of_pause(&self, tx: &Tx, script: &Script) -> Result<()> {
        let mut alerts = Alerts::default();
        let happened = Happened {
            name: script.name.clone(),
            message: script.paused_reason.clone().unwrap_or_default(),
            count: 1,
            lineage: Vec::new(),
        };
        alerts.add(script.tenant, AlertKind::Paused, script.id, happened);
        alerts.raise(tx, &self.inner.ambient).await.map(drop)
    }

    async fn move_script(
        &self,
        ctx: &Ctx,
        id: ScriptId,
        from: ScriptStatus,
        to: ScriptStatus,
        reason: Option<&str>,
        pins: Option<&[Pin]>,
    ) -> Result<Script> {
        let tx = self.db().write(ctx).await?;
        let script = find_to_change(&tx, id).await?;
        if script.status != from {
            return Err(Error::Conflict {
                what: "status_changed",
                field: "status",
            });
        }
        let (by, now) = (ctx.actor.user(), self.inner.ambient.now());
        let script = script.moved(to, by, reason, now)?;
        write_state(&tx, &script).await?;
        if to == ScriptStatus::Archived {
            libraries::check_unused(&tx, id).await?;
        }
        if let Some(pins) = pins {
            libraries::pin_anew(&tx, id, script.version, pins).await?;
        }
        self.tell(&tx, ctx, &script, OfScript::StatusChanged(from))
            .await?;
        if to == ScriptStatus::Paused && ctx.actor == Actor::Platform {
            self.alert_of_pause(&tx, &script).await?;
        }
        let action = match to {
            ScriptStatus::Draft => Action::ScriptDrafted,
            ScriptStatus::Active => Action::ScriptActivated,
            ScriptStatus::Paused => Action::ScriptPaused,
            ScriptStatus::Disabled => Action::ScriptDisabled,
            ScriptStatus::Archived => Action::ScriptArchived,
        };
        let note = note(action, &script)
            .before(json!({ "status": from.as_str() }))
            .after(with_pins(
                json!({
                    "status": to.as_str(),
                    "version": script.version,
                    "reason": reason,
                }),
                pins.unwrap_or_default(),
            ));
        self.commit_routes(tx, ctx, &script, note).await?;
        Ok(script)
    }

    /// A script that is not in the trash.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_script(&self, ctx: &Ctx, id: ScriptId) -> Result<Script> {
        let read = async || {
            let db = self.db().read(ctx).await?;
            find(&db, id).await
        };
        self.inner.recall.script(ctx.tenant, id, read).await
    }

    /// A script by its name, unless it is in the trash.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_script_by_name(&self, ctx: &Ctx, name: &str) -> Result<Option<Script>> {
        let read = async || {
            let db = self.db().read(ctx).await?;
            let mut sql = db.sql(row::SELECT);
            sql.push(" where s.tenant_id = $1 and s.deleted_at is null and s.name = ");
            sql.bind(name);
            let row: Option<ScriptRow> = db.one(sql).await?;
            row.map(Script::try_from).transpose()
        };
        self.inner.recall.named(ctx.tenant, name, read).await
    }

    async fn commit_routes(&self, tx: Tx, ctx: &Ctx, script: &Script, note: Note) -> Result<()> {
        Routes::of(script)
            .write(&tx, self.inner.ambient.now())
            .await?;
        nodes::mark_routes(&tx).await?;
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        self.signal_routes();
        Ok(())
    }

    /// Publishes that a script has a new version.
    async fn tell_changed(
        &self,
        tx: &Tx,
        ctx: &Ctx,
        before: &Value,
        script: &Script,
    ) -> Result<()> {
        let members = changed_members(before, &of_script(script)?);
        self.tell(tx, ctx, script, OfScript::Updated(members)).await
    }

    fn signal_routes(&self) {
        self.signal(Change::Endpoints);
        self.signal(Change::Schedules);
        self.signal(Change::Documents);
        self.signal(Change::Events);
    }
}

fn note(action: Action, script: &Script) -> Note {
    Note::new(
        action,
        Subject::new(SubjectKind::Script, script.id.0, &script.name),
    )
}

async fn find(db: &Scope, id: ScriptId) -> Result<Script> {
    let mut sql = db.sql(row::SELECT);
    sql.push(" where s.tenant_id = $1 and s.deleted_at is null and s.id = ");
    sql.bind(id.0);
    let row: ScriptRow = db.one(sql).await?.ok_or(Error::NotFound)?;
    row.try_into()
}

/// A script that nobody else changes until the transaction ends: version numbers and moves of the
/// status follow one another. Locked by a statement of its own: the one that reads it must begin
/// after the lock was had, or it would join the new script with the versions of before.
async fn find_to_change(tx: &Tx, id: ScriptId) -> Result<Script> {
    lock(tx, id).await?;
    find(tx, id).await
}

/// What is archived says what it said.
pub(crate) fn check_open(status: ScriptStatus) -> Result<()> {
    if status.takes_changes() {
        return Ok(());
    }
    Err(Error::Conflict {
        what: "archived",
        field: "status",
    })
}

/// Keeps everybody else from changing a script, its versions and milestones, and from recording an
/// execution of it, until the transaction ends; its name, if it is there. SQLite's one writer is alone
/// anyway.
pub(crate) async fn lock(tx: &Tx, id: ScriptId) -> Result<Option<String>> {
    let mut sql = tx.sql("select name from scripts where tenant_id = $1 and id = ");
    sql.bind(id.0);
    if tx.dialect() == Dialect::Postgres {
        sql.push(" for update");
    }
    let row: Option<NameRow> = tx.one(sql).await?;
    Ok(row.map(|row| row.name))
}

#[derive(FromRow)]
struct NameRow {
    name: String,
}

/// What the trail says of the libraries that are used.
fn with_pins(mut after: Value, pins: &[Pin]) -> Value {
    if !pins.is_empty() {
        let versions = pins.iter().map(|pin| (pin.specifier.as_str(), pin.version));
        after["libraries"] = versions.collect();
    }
    after
}

/// What the trail says of a new version.
fn changed(
    before: &Value,
    script: &Script,
    change_description: &str,
    pins: &[Pin],
) -> Result<Note> {
    let mut after = with_pins(of_script(script)?, pins);
    if !change_description.is_empty() {
        after["change_description"] = change_description.into();
    }
    Ok(note(Action::ScriptChanged, script).change(before, &after))
}

async fn insert_row(tx: &Tx, script: &Script) -> Result<()> {
    tx.execute(
        tx.sql(
            "insert into scripts (tenant_id, id, name, type, status, version, search_text, \
             owner, updated_by, activated_by, created_by, created_at, updated_at, \
             paused_reason) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .with([
            script.id.0.into(),
            script.name.as_str().into(),
            script.kind().as_str().into(),
            script.status.as_str().into(),
            script.version.into(),
            search_text(&script.definition).into(),
            script.owner.map(|user| user.0).into(),
            script.updated_by.map(|user| user.0).into(),
            script.activated_by.map(|user| user.0).into(),
            script.created_by.map(|user| user.0).into(),
            Micros::from(script.created_at).into(),
            Micros::from(script.updated_at).into(),
            script.paused_reason.clone().into(),
        ]),
    )
    .await?;
    Ok(())
}

/// Makes what the script says its newest version.
async fn save_version(tx: &Tx, script: &Script, change_description: &str) -> Result<()> {
    let version = NewVersion {
        script: script.id,
        number: script.version,
        change_description,
        created_by: script.updated_by,
        created_at: script.updated_at,
    };
    versions::insert(tx, &version, &script.definition).await?;
    search::note_script(tx, script.id.0, &script.definition).await?;
    tx.execute(
        tx.sql(
            "update scripts set name = $3, type = $4, search_text = $5, version = $6, \
             updated_by = $7, updated_at = $8 where tenant_id = $1 and id = $2",
        )
        .with([
            script.id.0.into(),
            script.name.as_str().into(),
            script.kind().as_str().into(),
            search_text(&script.definition).into(),
            script.version.into(),
            script.updated_by.map(|user| user.0).into(),
            Micros::from(script.updated_at).into(),
        ]),
    )
    .await?;
    Ok(())
}

async fn write_state(tx: &Tx, script: &Script) -> Result<()> {
    tx.execute(
        tx.sql(
            "update scripts set status = $3, activated_by = $4, paused_reason = $5, \
             updated_at = $6 where tenant_id = $1 and id = $2",
        )
        .with([
            script.id.0.into(),
            script.status.as_str().into(),
            script.activated_by.map(|user| user.0).into(),
            script.paused_reason.clone().into(),
            Micros::from(script.updated_at).into(),
        ]),
    )
    .await?;
    Ok(())
}
