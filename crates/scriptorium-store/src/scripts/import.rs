//! Scripts, templates and settings that come from elsewhere, all in one transaction: whatever cannot be kept
//! is found out with the rest in place, and then nothing is.

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::library::Pin;
use scriptorium_model::retention::Retention;
use scriptorium_model::script::{Definition, Script};
use scriptorium_model::version::VersionPolicy;
use scriptorium_model::{Ctx, ScriptId, Timestamp};
use serde_json::json;

use super::{changed, check_open, find_to_change, insert_row, note, routing::Routes, save_version};
use crate::Store;
use crate::audit::{By, Note, of_script};
use crate::db::{FromRow, Tx, number};
use crate::error::{Error, Result};
use crate::libraries;
use crate::lifecycle::OfScript;
use crate::search;
use crate::store::of_tenant;
use crate::system::nodes;
use crate::versions::{self, NewVersion};
use crate::{milestones, retention, templates};

/// One thing that an import does.
#[derive(Clone, Debug)]
pub enum ImportStep {
    /// Adds a script with its versions, the last of which is the script's definition.
    Create {
        /// The script as it will be.
        script: Box<Script>,
        /// Its versions, the oldest first.
        versions: Vec<ImportedVersion>,
        /// The libraries that the last one uses.
        pins: Vec<Pin>,
    },
    /// Makes a definition the next version of a script.
    Replace {
        /// Which script.
        id: ScriptId,
        /// The version it must still have.
        base_version: u32,
        /// What it becomes.
        definition: Box<Definition>,
        /// What is said about the change.
        change_description: String,
        /// The name of the new version, if it is a milestone.
        milestone: Option<String>,
        /// The libraries it uses.
        pins: Vec<Pin>,
    },
    /// Writes a template, new or not.
    Template {
        /// Its name.
        name: String,
        /// Its text.
        body: String,
    },
    /// Says how many versions are kept.
    VersionPolicy(VersionPolicy),
    /// Says how long history is kept.
    Retention(Retention),
}

/// A version that was made elsewhere. Whoever imports it answers for it as its author; who wrote it
/// there is kept as a name.
#[derive(Clone, Debug)]
pub struct ImportedVersion {
    /// Its number there, kept.
    pub number: u32,
    /// The definition.
    pub definition: Definition,
    /// What its author said about the change.
    pub change_description: String,
    /// The name of who wrote it.
    pub author: Option<String>,
    /// When it was made there.
    pub created_at: Timestamp,
    /// Its name, if it is a milestone.
    pub milestone: Option<String>,
}

/// What of an import contradicts what is stored: what and the field, like [`Error::Conflict`].
pub type Contradiction = (&'static str, &'static str);

impl Store {
    /// Takes the steps of an import in one transaction, and keeps them if none contradicts what is
    /// stored and `keep` is said. Gives what each step runs into.
    ///
    /// # Errors
    /// `NotFound` for a script of another tenant, or one that is gone.
    pub async fn import_scripts(
        &self,
        ctx: &Ctx,
        steps: &[ImportStep],
        keep: bool,
    ) -> Result<Vec<Option<Contradiction>>> {
        let tx = self.db().write(ctx).await?;
        let mut found = Vec::with_capacity(steps.len());
        let mut notes = Vec::with_capacity(steps.len());
        for step in steps {
            let part = tx.savepoint().await?;
            match self.take_step(ctx, &part, step).await {
                Ok(note) => {
                    part.release().await?;
                    notes.push(note);
                    found.push(None);
                }
                Err(Error::Conflict { what, field }) => {
                    part.rollback().await?;
                    found.push(Some((what, field)));
                }
                Err(error) => return Err(error),
            }
        }
        if keep && found.iter().all(Option::is_none) {
            nodes::mark_routes(&tx).await?;
            notes.extend(imported(ctx, steps));
            let trail = &self.inner.trail;
            let noted = trail.append(&tx, ctx.tenant, &By::of(ctx), notes).await?;
            tx.commit(noted).await?;
            self.signal_routes();
        } else {
            tx.rollback().await?;
        }
        Ok(found)
    }

    /// Says in the trail that a tenant's scripts, templates and settings were written out, and how many.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn tell_of_export(&self, ctx: &Ctx, scripts: usize, templates: usize) -> Result<()> {
        let tx = self.db().write(ctx).await?;
        let note = Note::new(Action::TenantExported, whole(ctx))
            .after(json!({ "scripts": scripts, "templates": templates }));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
    }

    /// Who wrote the imported versions of a script where they were made, by number.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn recorded_authors(&self, ctx: &Ctx, id: ScriptId) -> Result<Vec<(u32, String)>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "select number, author from imported_versions \
                 where tenant_id = $1 and script_id = $2 order by number",
            )
            .with([id.0.into()]);
        let rows: Vec<AuthorRow> = db.all(sql).await?;
        Ok(rows
            .into_iter()
            .map(|row| (number(row.number), row.author))
            .collect())
    }

    async fn take_step(&self, ctx: &Ctx, tx: &Tx, step: &ImportStep) -> Result<Note> {
        let (by, now) = (ctx.actor.user(), self.inner.ambient.now());
        match step {
            ImportStep::Create {
                script,
                versions,
                pins,
            } => {
                of_tenant(ctx, script.tenant)?;
                insert_row(tx, script).await?;
                for version in versions {
                    insert_version(tx, script, version, now).await?;
                }
                libraries::pin(tx, script.id, script.version, pins).await?;
                search::note_script(tx, script.id.0, &script.definition).await?;
                Routes::of(script).write(tx, now).await?;
                self.tell(tx, ctx, script, OfScript::Created).await?;
                let mut after = of_script(script)?;
                after["imported"] = true.into();
                Ok(note(Action::ScriptCreated, script).after(after))
            }
            ImportStep::Replace {
                id,
                base_version,
                definition,
                change_description,
                milestone,
                pins,
            } => {
                let stale = || Error::Conflict {
                    what: "stale_version",
                    field: "base_version",
                };
                let present = find_to_change(tx, *id).await?;
                check_open(present.status)?;
                if present.version != *base_version {
                    return Err(stale());
                }
                let before = of_script(&present)?;
                let definition = Definition::clone(definition);
                let edited = present.edited(definition, by, now);
                let script = edited.ok_or_else(stale)?;
                save_version(tx, &script, change_description).await?;
                if let Some(name) = milestone {
                    milestones::mark(tx, *id, script.version, name, by, now).await?;
                }
                libraries::pin(tx, *id, script.version, pins).await?;
                Routes::of(&script).write(tx, now).await?;
                self.tell_changed(tx, ctx, &before, &script).await?;
                changed(&before, &script, change_description, pins)
            }
            ImportStep::Template { name, body } => templates::put(tx, name, body, now).await,
            ImportStep::VersionPolicy(policy) => milestones::put_policy(tx, *policy, by, now).await,
            ImportStep::Retention(retention) => retention::put(tx, *retention, by, now).await,
        }
    }
}

async fn insert_version(
    tx: &Tx,
    script: &Script,
    version: &ImportedVersion,
    now: Timestamp,
) -> Result<()> {
    let new = NewVersion {
        script: script.id,
        number: version.number,
        change_description: &version.change_description,
        created_by: script.created_by,
        created_at: version.created_at,
    };
    versions::insert(tx, &new, &version.definition).await?;
    if let Some(name) = &version.milestone {
        milestones::mark(tx, script.id, version.number, name, script.created_by, now).await?;
    }
    if let Some(author) = &version.author {
        tx.execute(
            tx.sql(
                "insert into imported_versions (tenant_id, script_id, number, author) \
                 values ($1, $2, $3, $4)",
            )
            .with([
                script.id.0.into(),
                version.number.into(),
                author.as_str().into(),
            ]),
        )
        .await?;
    }
    Ok(())
}

/// What the trail says of an import as a whole, behind what it says of each part.
fn imported(ctx: &Ctx, steps: &[ImportStep]) -> Option<Note> {
    let count = |is: fn(&ImportStep) -> bool| steps.iter().filter(|step| is(step)).count();
    let of = json!({
        "created": count(|step| matches!(step, ImportStep::Create { .. })),
        "replaced": count(|step| matches!(step, ImportStep::Replace { .. })),
        "templates": count(|step| matches!(step, ImportStep::Template { .. })),
    });
    let note = Note::new(Action::TenantImported, whole(ctx)).after(of);
    (!steps.is_empty()).then_some(note)
}

fn whole(ctx: &Ctx) -> Subject {
    Subject::new(SubjectKind::Tenant, ctx.tenant.0, "")
}

#[derive(FromRow)]
struct AuthorRow {
    number: i64,
    author: String,
}
