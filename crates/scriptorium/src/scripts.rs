//! Scripts: writing them, their life, their versions.

use scriptorium_model::definition::{DESCRIPTION_CHARS, at_most, at_most_bytes};
use scriptorium_model::draft::{Draft, DraftText};
use scriptorium_model::limits::SOURCE_BYTES;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::permission::Permission;
use scriptorium_model::policy::{self, Action};
use scriptorium_model::script::{Definition, Language, Script, ScriptStatus, ScriptType};
use scriptorium_model::version::{Version, VersionPolicy, validate_milestone};
use scriptorium_model::{Ctx, Invalid, ScriptId};
use scriptorium_runtime::{Diagnostic, Severity, diagnose};
use scriptorium_store::{ScriptFilter, ScriptSummary};

use crate::access;
use crate::diff::{self, Diff};
use crate::error::{Error, Result};
use crate::platform::Platform;

/// Scripts of a tenant; from [`Platform::scripts`].
#[derive(Clone, Copy, Debug)]
pub struct Scripts<'a>(pub(crate) &'a Platform);

/// A change of a script.
#[derive(Clone, Debug)]
pub struct Update {
    /// The version the author has seen; a newer one in between is a conflict. Unchecked when
    /// `None`.
    pub base_version: Option<u32>,
    /// The whole new definition.
    pub definition: Definition,
    /// What the author says about the change; at most 500 characters.
    pub change_description: String,
}

/// A source to be looked at without saving it.
#[derive(Clone, Debug)]
pub struct Validate {
    /// The text.
    pub source: String,
    /// Its language.
    pub language: Language,
    /// The type whose entry rule applies; any rule when `None`.
    pub kind: Option<ScriptType>,
    /// The entry setting.
    pub entry: Option<String>,
}

impl Scripts<'_> {
    /// Scripts that match, in the order the filter says.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing, or the cursor is of another list.
    pub async fn list(
        &self,
        ctx: &Ctx,
        filter: &ScriptFilter,
        page: &PageRequest,
    ) -> Result<Page<ScriptSummary>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().list_scripts(ctx, filter, page).await?)
    }

    /// A script by id.
    ///
    /// # Errors
    /// No such script, or the permission `scripts.read` is missing.
    pub async fn find(&self, ctx: &Ctx, id: ScriptId) -> Result<Script> {
        self.allowed(ctx, Action::Read, id).await
    }

    /// A script by name.
    ///
    /// # Errors
    /// No such script, or the permission `scripts.read` is missing.
    pub async fn find_by_name(&self, ctx: &Ctx, name: &str) -> Result<Script> {
        policy::require(ctx, Permission::ScriptsRead)?;
        self.0
            .store()
            .find_script_by_name(ctx, name)
            .await?
            .ok_or_else(Error::not_found)
    }

    /// Saves a new script as a draft, with version 1 (R-LIFE-01, 02). A draft may hold syntax
    /// errors, but nothing the static scan forbids (X-33, R-VAL-21).
    ///
    /// # Errors
    /// Refused fields, a taken name or path, or missing permissions.
    pub async fn create(
        &self,
        ctx: &Ctx,
        definition: Definition,
        change_description: &str,
    ) -> Result<Script> {
        let kind = definition.trigger.kind();
        let auth = definition.trigger.endpoint().map(|endpoint| endpoint.auth);
        policy::may_create(ctx, kind, auth)?;
        let definition = self
            .checked(definition, change_description, ScriptStatus::Draft)
            .await?;
        self.check_run_as(ctx, &definition).await?;
        let (id, now) = (self.0.ambient().new_id(), self.0.ambient().now());
        let script = Script::new(id, ctx.tenant, definition, ctx.actor.user(), now);
        self.0
            .store()
            .create_script(ctx, &script, change_description)
            .await?;
        Ok(script)
    }

    /// Saves a change as a new version; what changes nothing makes none. An active script must
    /// stay runnable.
    ///
    /// # Errors
    /// Refused fields, a taken name or path, a stale `base_version`, or missing permissions.
    pub async fn update(&self, ctx: &Ctx, id: ScriptId, update: Update) -> Result<Script> {
        let script = self.allowed(ctx, Action::Update, id).await?;
        // A change may turn an endpoint public: the policy is asked about the result, too.
        let changed = Script {
            definition: update.definition.clone(),
            ..script.clone()
        };
        policy::may(ctx, Action::Update, &changed)?;
        if update.definition.trigger.kind() != script.kind() {
            return Err(Invalid::field("type", "immutable", "cannot change").into());
        }
        let definition = self
            .checked(update.definition, &update.change_description, script.status)
            .await?;
        if definition.run_as != script.run_as {
            self.check_run_as(ctx, &definition).await?;
        }
        let saved = self.0.store().update_script(
            ctx,
            id,
            update.base_version,
            definition,
            &update.change_description,
        );
        Ok(saved.await?)
    }

    /// Moves a script along its status machine. Activating takes a runnable source, and of a
    /// disabled script also a `reason` and the permission to change any script; elsewhere a reason
    /// is not kept.
    ///
    /// # Errors
    /// A forbidden move, a missing reason, a source that cannot run, or missing permissions.
    pub async fn set_status(
        &self,
        ctx: &Ctx,
        id: ScriptId,
        to: ScriptStatus,
        reason: Option<&str>,
    ) -> Result<Script> {
        let script = self.allowed(ctx, Action::Read, id).await?;
        policy::may(ctx, policy::action_of_move(script.status, to), &script)?;
        if script.status == to {
            return Ok(script);
        }
        let reason = reason.filter(|_| script.status.takes_reason(to));
        script.moved(to, None, reason, script.updated_at)?;
        if to == ScriptStatus::Active {
            self.check_source(&script.definition, ScriptStatus::Active)
                .await?;
        }
        let store = self.0.store();
        let moved = store.set_status(ctx, id, script.status, to, reason);
        Ok(moved.await?)
    }

    /// Moves a script to the trash; its name and path become free.
    ///
    /// # Errors
    /// No such script, or the permission `scripts.delete` is missing.
    pub async fn delete(&self, ctx: &Ctx, id: ScriptId) -> Result<()> {
        self.allowed(ctx, Action::Delete, id).await?;
        Ok(self.0.store().delete_script(ctx, id).await?)
    }

    /// Deletes a script in the trash for ever, with its versions and executions.
    ///
    /// # Errors
    /// Not in the trash, an execution of it goes on, or the permission `scripts.purge` is missing.
    pub async fn purge(&self, ctx: &Ctx, id: ScriptId) -> Result<()> {
        policy::require(ctx, Permission::ScriptsPurge)?;
        Ok(self.0.store().purge_script(ctx, id).await?)
    }

    /// Takes a script back from the trash, as it was but paused if it was active.
    ///
    /// # Errors
    /// Not in the trash, its name or path is taken by now, or the permission is missing.
    pub async fn restore(&self, ctx: &Ctx, id: ScriptId) -> Result<Script> {
        policy::require(ctx, Permission::ScriptsDelete)?;
        Ok(self.0.store().restore_script(ctx, id).await?)
    }

    /// Versions of a script, newest first.
    ///
    /// # Errors
    /// No such script, or the permission `scripts.read` is missing.
    pub async fn versions(
        &self,
        ctx: &Ctx,
        id: ScriptId,
        page: &PageRequest,
    ) -> Result<Page<Version>> {
        self.allowed(ctx, Action::Read, id).await?;
        Ok(self.0.store().list_versions(ctx, id, page).await?)
    }

    /// The versions of a script that have a name, newest first.
    ///
    /// # Errors
    /// No such script, or the permission `scripts.read` is missing.
    pub async fn milestones(
        &self,
        ctx: &Ctx,
        id: ScriptId,
        page: &PageRequest,
    ) -> Result<Page<Version>> {
        self.allowed(ctx, Action::Read, id).await?;
        Ok(self.0.store().list_milestones(ctx, id, page).await?)
    }

    /// The numbers of a script's versions, newest first; those that were pruned are missing.
    ///
    /// # Errors
    /// No such script, or the permission `scripts.read` is missing.
    pub async fn version_numbers(&self, ctx: &Ctx, id: ScriptId) -> Result<Vec<u32>> {
        self.allowed(ctx, Action::Read, id).await?;
        Ok(self.0.store().version_numbers(ctx, id).await?)
    }

    /// The tags that the tenant's scripts have, in order; at most 200.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing.
    pub async fn tags(&self, ctx: &Ctx) -> Result<Vec<String>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        let limit = PageRequest::MAX_LIMIT;
        Ok(self.0.store().list_tags(ctx, limit).await?)
    }

    /// One version of a script.
    ///
    /// # Errors
    /// No such version, or the permission `scripts.read` is missing.
    pub async fn version(&self, ctx: &Ctx, id: ScriptId, number: u32) -> Result<Version> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().find_version(ctx, id, number).await?)
    }

    /// The difference between two versions, settings included.
    ///
    /// # Errors
    /// No such version, or the permission `scripts.read` is missing.
    pub async fn diff(&self, ctx: &Ctx, id: ScriptId, a: u32, b: u32) -> Result<Diff> {
        let left = self.version(ctx, id, a).await?;
        let right = self.version(ctx, id, b).await?;
        let work = tokio::task::spawn_blocking(move || diff::between(&left, &right));
        work.await
            .map_err(|_| Error::internal("the difference could not be computed"))
    }

    /// Saves an earlier version again as the newest one (R-VER-06).
    ///
    /// # Errors
    /// Like [`Scripts::update`].
    pub async fn restore_version(&self, ctx: &Ctx, id: ScriptId, number: u32) -> Result<Script> {
        let version = self.version(ctx, id, number).await?;
        let update = Update {
            base_version: None,
            definition: version.definition,
            change_description: format!("Restored version {number}"),
        };
        self.update(ctx, id, update).await
    }

    /// Names a version, so that it is never pruned; `None` takes the name back.
    ///
    /// # Errors
    /// A bad name, no such version, or the script may not be changed by the caller.
    pub async fn set_milestone(
        &self,
        ctx: &Ctx,
        id: ScriptId,
        number: u32,
        name: Option<&str>,
    ) -> Result<Version> {
        self.allowed(ctx, Action::Update, id).await?;
        match name {
            Some(name) => {
                validate_milestone(name)?;
                let store = self.0.store();
                store.set_milestone(ctx, id, number, name).await?;
            }
            None => {
                self.0.store().delete_milestone(ctx, id, number).await?;
            }
        }
        self.version(ctx, id, number).await
    }

    /// How many versions of each script the tenant keeps.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing.
    pub async fn version_policy(&self, ctx: &Ctx) -> Result<VersionPolicy> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().find_version_policy(ctx).await?)
    }

    /// Says how many versions of each script the tenant keeps (R-VER-10).
    ///
    /// # Errors
    /// A figure outside its range, or the permission `scripts.purge` is missing.
    pub async fn set_version_policy(&self, ctx: &Ctx, what: VersionPolicy) -> Result<()> {
        policy::require(ctx, Permission::ScriptsPurge)?;
        let what = what.validated()?;
        Ok(self.0.store().put_version_policy(ctx, what).await?)
    }

    /// The caller's own draft of a script.
    ///
    /// # Errors
    /// No such script or draft, or the permission `scripts.read` is missing.
    pub async fn draft(&self, ctx: &Ctx, id: ScriptId) -> Result<Draft> {
        policy::require(ctx, Permission::ScriptsRead)?;
        let user = ctx.actor.user().ok_or_else(Error::not_found)?;
        let found = self.0.store().find_draft(ctx, id, user).await?;
        found.ok_or_else(Error::not_found)
    }

    /// Keeps what the caller has typed and not saved, in place of what was kept before (R-LIFE-10).
    ///
    /// # Errors
    /// Too large a draft; a conflict when somebody saved a newer version than the draft's
    /// (`stale_version`), the caller has too many drafts (`too_many_drafts`), or is no user of the
    /// tenant (`no_user`); or the script may not be changed by them.
    pub async fn keep_draft(&self, ctx: &Ctx, id: ScriptId, text: DraftText) -> Result<Draft> {
        self.allowed(ctx, Action::Update, id).await?;
        let text = text.validated()?;
        let store = self.0.store();
        let user = match ctx.actor.user() {
            Some(user) => access::optional(store.find_user(ctx, user).await)?,
            None => None,
        };
        let Some(user) = user else {
            let message = "a draft belongs to a user of the tenant, and the caller is none";
            return Err(Error::conflict("no_user", None, message));
        };
        Ok(store.put_draft(ctx, id, user.id, text).await?)
    }

    /// Discards the caller's own draft; whether there was one.
    ///
    /// # Errors
    /// No such script, or the permission `scripts.read` is missing.
    pub async fn discard_draft(&self, ctx: &Ctx, id: ScriptId) -> Result<bool> {
        self.allowed(ctx, Action::Read, id).await?;
        let Some(user) = ctx.actor.user() else {
            return Ok(false);
        };
        Ok(self.0.store().delete_draft(ctx, id, user).await?)
    }

    /// What the editor should mark in a source.
    ///
    /// # Errors
    /// Too long a source, or the permission `scripts.read` is missing.
    pub async fn validate(&self, ctx: &Ctx, what: Validate) -> Result<Vec<Diagnostic>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        at_most_bytes("source", what.source.len(), SOURCE_BYTES)?;
        look_at(what).await
    }

    pub(crate) async fn allowed(&self, ctx: &Ctx, action: Action, id: ScriptId) -> Result<Script> {
        // Who may not read at all is told so; who may read but not act is told what is missing.
        policy::require(ctx, Permission::ScriptsRead)?;
        let script = self.0.store().find_script(ctx, id).await?;
        policy::may(ctx, action, &script)?;
        Ok(script)
    }

    pub(crate) async fn checked(
        &self,
        definition: Definition,
        change_description: &str,
        status: ScriptStatus,
    ) -> Result<Definition> {
        let mut invalid = Invalid::default();
        let field = "change_description";
        invalid.check(at_most(field, change_description, DESCRIPTION_CHARS));
        let Some(definition) = invalid.check(definition.validated()) else {
            return Err(invalid.into());
        };
        let unknown = self.0.unknown_services(&definition);
        if !unknown.is_empty() {
            let message = format!("names services that do not exist: {}", unknown.join(", "));
            invalid.push("allowed_services", "not_found", message);
        }
        invalid.or(())?;
        self.check_source(&definition, status).await?;
        Ok(definition)
    }

    pub(crate) async fn check_source(
        &self,
        definition: &Definition,
        status: ScriptStatus,
    ) -> Result<()> {
        let found = look_at(Validate {
            source: definition.source.clone(),
            language: definition.language,
            kind: Some(definition.trigger.kind()),
            entry: definition.entry.clone(),
        });
        let errors = found
            .await?
            .into_iter()
            .filter(|found| found.severity == Severity::Error);
        let lenient = status == ScriptStatus::Draft;
        let mut invalid = Invalid::default();
        for error in errors.filter(|error| !lenient || error.code == "script.forbidden") {
            let message = format!(
                "{} (line {}, column {})",
                error.message, error.line, error.column
            );
            invalid
                .push("source", error.code, message)
                .with("line", error.line)
                .with("column", error.column);
        }
        Ok(invalid.or(())?)
    }

    /// Nobody lends a script rights they do not hold themselves (D12).
    pub(crate) async fn check_run_as(&self, ctx: &Ctx, definition: &Definition) -> Result<()> {
        let Some(id) = definition.run_as.filter(|id| ctx.actor.user() != Some(*id)) else {
            return Ok(());
        };
        let user = access::optional(self.0.store().find_user(ctx, id).await)?;
        let held = user
            .as_ref()
            .is_some_and(|user| ctx.permissions.covers(&user.permissions()));
        match (user, held) {
            (None, _) => {
                Err(Invalid::field("run_as", "not_found", "is no user of the tenant").into())
            }
            (_, false) => {
                Err(Invalid::field("run_as", "exceeds_own", "may do more than you").into())
            }
            _ => Ok(()),
        }
    }
}

/// Parsing takes up to some milliseconds of a core, which is too long for an I/O thread.
async fn look_at(what: Validate) -> Result<Vec<Diagnostic>> {
    let work = move || {
        diagnose(
            &what.source,
            what.language,
            what.kind,
            what.entry.as_deref(),
        )
    };
    let found = tokio::task::spawn_blocking(work).await;
    found.map_err(|_| Error::internal("the source could not be looked at"))
}
