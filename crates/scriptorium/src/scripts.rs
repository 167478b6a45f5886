//! Scripts: writing them, their life, their versions.

use std::sync::Arc;

use async_recursion::async_recursion as boxed;
use scriptorium_model::compatibility;
use scriptorium_model::definition::{DESCRIPTION_CHARS, at_most, at_most_bytes};
use scriptorium_model::draft::{Draft, DraftText};
use scriptorium_model::library::{PREFIX, Pin};
use scriptorium_model::limits::SOURCE_BYTES;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::permission::Permission;
use scriptorium_model::policy::{self, Action};
use scriptorium_model::script::{Definition, Language, Script, ScriptStatus, ScriptType};
use scriptorium_model::trigger::Trigger;
use scriptorium_model::version::{Version, VersionPolicy, validate_milestone};
use scriptorium_model::{Ctx, Date, Invalid, Json, ScriptId};
use scriptorium_runtime::{
    Circuit, Deprecations, Diagnostic, FoundLibrary, Look, ResolvedLibrary, Severity,
};
use scriptorium_store::{Saving, ScriptFilter, ScriptSummary};

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

/// What a script is to be given, as JSON Schema.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSchema {
    /// The schema.
    pub schema: Json,
    /// Who says so.
    pub origin: SchemaOrigin,
}

/// Where an [`InputSchema`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOrigin {
    /// The script's own `input_schema`; inputs that do not suit it are refused.
    Declared,
    /// The entry function's parameter; types do not exist when a script runs, and refuse nothing.
    Signature,
}

impl SchemaOrigin {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Signature => "signature",
        }
    }
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
    /// Whether it is a library.
    pub library: bool,
    /// Its compatibility date; that of a new script when `None`.
    pub compatibility: Option<Date>,
}

impl Scripts<'_> {
    /// Scripts that match, in the order the filter says.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing, or the cursor is of another list.
    #[boxed]
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
    #[boxed]
    pub async fn find(&self, ctx: &Ctx, id: ScriptId) -> Result<Script> {
        self.allowed(ctx, Action::Read, id).await
    }

    /// A script by name.
    ///
    /// # Errors
    /// No such script, or the permission `scripts.read` is missing.
    #[boxed]
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
    #[boxed]
    pub async fn create(
        &self,
        ctx: &Ctx,
        mut definition: Definition,
        change_description: &str,
    ) -> Result<Script> {
        let kind = definition.trigger.kind();
        let auth = definition.trigger.endpoint().map(|endpoint| endpoint.auth);
        policy::may_create(ctx, kind, auth)?;
        let libraries = self.libraries(ctx, &definition, None).await?;
        let status = ScriptStatus::Draft;
        let now = self.0.ambient().now();
        let latest = compatibility::latest(now);
        definition.compatibility.get_or_insert(latest);
        let definition = self
            .checked(
                ctx,
                definition,
                None,
                change_description,
                status,
                &libraries,
            )
            .await?;
        self.check_run_as(ctx, &definition).await?;
        let id = self.0.ambient().new_id();
        let script = Script::new(id, ctx.tenant, definition, ctx.actor.user(), now);
        self.0
            .store()
            .create_script(ctx, &script, saving(change_description, &pins(&libraries)))
            .await?;
        Ok(script)
    }

    /// Whether this process holds the script back at present: of its last ten executions half or more
    /// timed out or could not be run, and none but runs by hand is begun for half a minute. `None` is
    /// the usual case.
    pub fn circuit(&self, script: &Script) -> Option<Circuit> {
        self.0.runtime().circuit(script.tenant, script.id)
    }

    /// Saves a change as a new version; what changes nothing makes none. An active script must
    /// stay runnable.
    ///
    /// # Errors
    /// Refused fields, a taken name or path, a stale `base_version`, or missing permissions; a
    /// conflict (`archived`) when the script is archived.
    #[boxed]
    pub async fn update(&self, ctx: &Ctx, id: ScriptId, mut update: Update) -> Result<Script> {
        let script = self.open(ctx, id).await?;
        let kept = script.compatibility;
        update.definition.compatibility = update.definition.compatibility.or(kept);
        // A change may turn an endpoint public: the policy is asked about the result, too.
        let changed = Script {
            definition: update.definition.clone(),
            ..script.clone()
        };
        policy::may(ctx, Action::Update, &changed)?;
        if update.definition.trigger.kind() != script.kind() {
            return Err(Invalid::field("type", "immutable", "cannot change").into());
        }
        let description = &update.change_description;
        let libraries = self.libraries(ctx, &update.definition, Some(id)).await?;
        let definition = self
            .checked(
                ctx,
                update.definition,
                kept,
                description,
                script.status,
                &libraries,
            )
            .await?;
        if definition.run_as != script.run_as {
            self.check_run_as(ctx, &definition).await?;
        }
        let pins = pins(&libraries);
        let saved = self.0.store().update_script(
            ctx,
            id,
            update.base_version,
            definition,
            saving(description, &pins),
        );
        Ok(saved.await?)
    }

    /// Moves a script along its status machine. Activating takes a runnable source and fixes
    /// which versions of libraries it uses: their present ones; of a disabled script it also takes a
    /// `reason` and the permission to change any script. Elsewhere a reason is not kept.
    ///
    /// # Errors
    /// A forbidden move, a missing reason, a source that cannot run, or missing permissions; a
    /// conflict (`library_in_use`) when a library is archived that an active script needs.
    #[boxed]
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
        let store = self.0.store();
        if to == ScriptStatus::Active {
            let libraries = self.libraries(ctx, &script.definition, Some(id)).await?;
            self.check_source(&script.definition, to, &libraries)
                .await?;
            let pins = pins(&libraries);
            let activated = store.activate_script(ctx, id, script.status, reason, &pins);
            // Boxed, as hosts make these futures part of theirs, and the compiler counts how deep they go.
            return Ok(Box::pin(activated).await?);
        }
        if to == ScriptStatus::Archived {
            self.check_unused(ctx, &script).await?;
        }
        let moved = store.set_status(ctx, id, script.status, to, reason);
        Ok(Box::pin(moved).await?)
    }

    /// Moves a script to the trash; its name and path become free, and what runs of it is stopped:
    /// on every node what has a record, and here also what a caller waits for (G-14).
    ///
    /// # Errors
    /// No such script, or the permission `scripts.delete` is missing; a conflict
    /// (`library_in_use`) when an active script needs it as a library.
    #[boxed]
    pub async fn delete(&self, ctx: &Ctx, id: ScriptId) -> Result<()> {
        let script = self.allowed(ctx, Action::Delete, id).await?;
        self.check_unused(ctx, &script).await?;
        self.0.store().delete_script(ctx, id).await?;
        for execution in self.0.waiting().of_script(ctx.tenant, id) {
            self.0.executions().stop_waiting(ctx, execution).await;
        }
        Ok(())
    }

    /// Deletes a script in the trash for ever, with its versions and executions.
    ///
    /// # Errors
    /// Not in the trash, an execution of it goes on, or the permission `scripts.purge` is missing.
    #[boxed]
    pub async fn purge(&self, ctx: &Ctx, id: ScriptId) -> Result<()> {
        policy::require(ctx, Permission::ScriptsPurge)?;
        Ok(self.0.store().purge_script(ctx, id).await?)
    }

    /// Takes a script back from the trash, as it was but paused if it was active.
    ///
    /// # Errors
    /// Not in the trash, its name or path is taken by now, or the permission is missing.
    #[boxed]
    pub async fn restore(&self, ctx: &Ctx, id: ScriptId) -> Result<Script> {
        policy::require(ctx, Permission::ScriptsDelete)?;
        Ok(self.0.store().restore_script(ctx, id).await?)
    }

    /// Versions of a script, newest first.
    ///
    /// # Errors
    /// No such script, or the permission `scripts.read` is missing.
    #[boxed]
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
    #[boxed]
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
    #[boxed]
    pub async fn version_numbers(&self, ctx: &Ctx, id: ScriptId) -> Result<Vec<u32>> {
        self.allowed(ctx, Action::Read, id).await?;
        Ok(self.0.store().version_numbers(ctx, id).await?)
    }

    /// The tags that the tenant's scripts have, in order; at most 200.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing.
    #[boxed]
    pub async fn tags(&self, ctx: &Ctx) -> Result<Vec<String>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        let limit = PageRequest::MAX_LIMIT;
        Ok(self.0.store().list_tags(ctx, limit).await?)
    }

    /// One version of a script.
    ///
    /// # Errors
    /// No such version, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn version(&self, ctx: &Ctx, id: ScriptId, number: u32) -> Result<Version> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().find_version(ctx, id, number).await?)
    }

    /// Which versions of libraries a version of a script uses.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing.
    #[boxed]
    pub async fn pins(&self, ctx: &Ctx, id: ScriptId, number: u32) -> Result<Vec<Pin>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().pins(ctx, id, number).await?)
    }

    /// The difference between two versions, settings included.
    ///
    /// # Errors
    /// No such version, or the permission `scripts.read` is missing.
    #[boxed]
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
    #[boxed]
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
    #[boxed]
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
    #[boxed]
    pub async fn version_policy(&self, ctx: &Ctx) -> Result<VersionPolicy> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().find_version_policy(ctx).await?)
    }

    /// Says how many versions of each script the tenant keeps (R-VER-10).
    ///
    /// # Errors
    /// A figure outside its range, or the permission `scripts.purge` is missing.
    #[boxed]
    pub async fn set_version_policy(&self, ctx: &Ctx, what: VersionPolicy) -> Result<()> {
        policy::require(ctx, Permission::ScriptsPurge)?;
        let what = what.validated()?;
        Ok(self.0.store().put_version_policy(ctx, what).await?)
    }

    /// The caller's own draft of a script.
    ///
    /// # Errors
    /// No such script or draft, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn draft(&self, ctx: &Ctx, id: ScriptId) -> Result<Draft> {
        policy::require(ctx, Permission::ScriptsRead)?;
        let user = ctx.actor.user().ok_or_else(Error::not_found)?;
        let found = self.0.store().find_draft(ctx, id, user).await?;
        found.ok_or_else(Error::not_found)
    }

    /// Keeps what the caller has typed and not saved, in place of what was kept before (R-LIFE-10).
    ///
    /// # Errors
    /// Too large a draft; a conflict when the script is archived (`archived`), somebody saved a newer
    /// version than the draft's (`stale_version`), the caller has too many drafts (`too_many_drafts`), or is no user of the
    /// tenant (`no_user`); or the script may not be changed by them.
    #[boxed]
    pub async fn keep_draft(&self, ctx: &Ctx, id: ScriptId, text: DraftText) -> Result<Draft> {
        self.open(ctx, id).await?;
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
    #[boxed]
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
    #[boxed]
    pub async fn validate(&self, ctx: &Ctx, what: Validate) -> Result<Vec<Diagnostic>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        at_most_bytes("source", what.source.len(), SOURCE_BYTES)?;
        let latest = compatibility::latest(self.0.ambient().now());
        let definition = Definition {
            compatibility: what.compatibility.or(Some(latest)),
            source: what.source,
            language: what.language,
            entry: what.entry,
            library: what.library,
            ..Definition::blank(Trigger::Embedded)
        };
        let libraries = self.libraries(ctx, &definition, None).await?;
        let deprecations = self.0.runtime().deprecations();
        look_at(&definition, what.kind, &libraries, deprecations).await
    }

    /// What a source's entry function asks for by its signature, as a JSON Schema.
    ///
    /// # Errors
    /// Too long a source, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn signature(&self, ctx: &Ctx, what: &Validate) -> Result<Option<Json>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        at_most_bytes("source", what.source.len(), SOURCE_BYTES)?;
        let definition = Definition {
            source: what.source.clone(),
            language: what.language,
            entry: what.entry.clone(),
            library: what.library,
            ..Definition::blank(Trigger::Embedded)
        };
        signature_of(&definition, what.kind).await
    }

    /// What a script is to be given: the schema that it declares, which its inputs are held against, or
    /// else what its entry function's signature says. `None` when neither says anything.
    ///
    /// # Errors
    /// No such script or version, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn input_schema(
        &self,
        ctx: &Ctx,
        id: ScriptId,
        version: Option<u32>,
    ) -> Result<Option<InputSchema>> {
        let script = self.allowed(ctx, Action::Read, id).await?;
        let definition = match version.filter(|version| *version != script.version) {
            None => script.definition,
            Some(version) => {
                let found = self.0.store().find_version(ctx, id, version).await?;
                found.definition
            }
        };
        if let Some(schema) = definition.input_schema {
            let origin = SchemaOrigin::Declared;
            return Ok(Some(InputSchema { schema, origin }));
        }
        let kind = Some(definition.trigger.kind());
        let schema = signature_of(&definition, kind).await?;
        let origin = SchemaOrigin::Signature;
        Ok(schema.map(|schema| InputSchema { schema, origin }))
    }

    pub(crate) async fn allowed(&self, ctx: &Ctx, action: Action, id: ScriptId) -> Result<Script> {
        // Who may not read at all is told so; who may read but not act is told what is missing.
        policy::require(ctx, Permission::ScriptsRead)?;
        let script = self.0.store().find_script(ctx, id).await?;
        policy::may(ctx, action, &script)?;
        Ok(script)
    }

    /// A script that the caller may change and that takes changes.
    async fn open(&self, ctx: &Ctx, id: ScriptId) -> Result<Script> {
        let script = self.allowed(ctx, Action::Update, id).await?;
        if script.status.takes_changes() {
            return Ok(script);
        }
        let message = "the script is archived and stays as it is";
        Err(Error::conflict("archived", Some("status"), message))
    }

    /// A definition that may be saved; a date that is `kept` was checked when it was chosen.
    pub(crate) async fn checked(
        &self,
        ctx: &Ctx,
        definition: Definition,
        kept: Option<Date>,
        change_description: &str,
        status: ScriptStatus,
        libraries: &[ResolvedLibrary],
    ) -> Result<Definition> {
        let mut invalid = Invalid::default();
        let field = "change_description";
        invalid.check(at_most(field, change_description, DESCRIPTION_CHARS));
        if let Some(date) = definition
            .compatibility
            .filter(|_| definition.compatibility != kept)
        {
            invalid.check(compatibility::validate(date, self.0.ambient().now()));
        }
        let Some(definition) = invalid.check(definition.validated()) else {
            return Err(invalid.into());
        };
        for (field, schema) in [
            ("input_schema", &definition.input_schema),
            ("output_schema", &definition.output_schema),
        ] {
            if let Some(schema) = schema {
                invalid.check(self.0.runtime().check_schema(field, schema).await);
            }
        }
        let services = self.0.check_services(ctx, &definition, &mut invalid);
        services.await?;
        invalid.or(())?;
        self.check_source(&definition, status, libraries).await?;
        Ok(definition)
    }

    /// What a source imports, as of now.
    pub(crate) async fn libraries(
        &self,
        ctx: &Ctx,
        definition: &Definition,
        importer: Option<ScriptId>,
    ) -> Result<Vec<ResolvedLibrary>> {
        let runtime = self.0.runtime();
        Ok(runtime.libraries(ctx, definition, importer).await?)
    }

    /// A library that somebody needs stays. The transaction that takes it away looks once more;
    /// here is told who needs it.
    async fn check_unused(&self, ctx: &Ctx, script: &Script) -> Result<()> {
        let users = self.0.store().library_users(ctx, script.id).await?;
        if users.is_empty() {
            return Ok(());
        }
        let message = format!("active scripts need it as a library: {}", users.join(", "));
        Err(Error::conflict("library_in_use", Some("library"), message))
    }

    pub(crate) async fn check_source(
        &self,
        definition: &Definition,
        status: ScriptStatus,
        libraries: &[ResolvedLibrary],
    ) -> Result<()> {
        let kind = Some(definition.trigger.kind());
        let deprecations = self.0.runtime().deprecations();
        let found = look_at(definition, kind, libraries, deprecations);
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
        // A draft may be saved without its libraries.
        if !lenient {
            check_around(definition, libraries, &mut invalid);
        }
        Ok(invalid.or(())?)
    }

    /// Nobody lends a script rights they do not hold themselves (D12).
    pub(crate) async fn check_run_as(&self, ctx: &Ctx, definition: &Definition) -> Result<()> {
        let Some(id) = definition.run_as.filter(|id| ctx.actor.user() != Some(*id)) else {
            return Ok(());
        };
        let user = access::optional(self.0.store().find_user(ctx, id).await)?;
        // Who is switched off lends nobody anything: it would run never.
        let user = user.filter(|user| user.active);
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

/// The libraries to keep with a version: all that it imports, or none when one is missing.
pub(crate) fn pins(libraries: &[ResolvedLibrary]) -> Vec<Pin> {
    ResolvedLibrary::pins(libraries).unwrap_or_default()
}

/// The libraries around an endpoint have to be there, and to export what is called.
fn check_around(definition: &Definition, libraries: &[ResolvedLibrary], invalid: &mut Invalid) {
    let Some(endpoint) = definition.trigger.endpoint() else {
        return;
    };
    for (field, role, names) in [
        ("http.before", "before", &endpoint.before),
        ("http.after", "after", &endpoint.after),
    ] {
        for name in names {
            let specifier = format!("{PREFIX}{name}");
            let library = libraries.iter().find(|one| one.specifier == specifier);
            let message = match library.map(|library| &library.found) {
                Some(Ok(found)) if exports(found, role) => continue,
                Some(Ok(_)) => {
                    format!("`{specifier}` exports no function `{role}`, and none as default")
                }
                Some(Err(reason)) => reason.clone(),
                None => format!("There is no library `{specifier}`"),
            };
            invalid.push(field, "not_found", message);
        }
    }
}

fn exports(library: &FoundLibrary, role: &str) -> bool {
    let mut names = library.exports.iter();
    names.any(|name| name == role || name == "default")
}

fn saving<'a>(change_description: &'a str, pins: &'a [Pin]) -> Saving<'a> {
    Saving {
        change_description,
        pins,
    }
}

async fn signature_of(definition: &Definition, kind: Option<ScriptType>) -> Result<Option<Json>> {
    let (source, entry) = (definition.source.clone(), definition.entry.clone());
    let (language, is_library) = (definition.language, definition.library);
    let work = move || {
        scriptorium_runtime::signature(&Look {
            source: &source,
            language,
            kind,
            entry: entry.as_deref(),
            libraries: &[],
            is_library,
            compatibility: compatibility::FIRST,
            deprecations: &Deprecations::default(),
        })
    };
    let found = tokio::task::spawn_blocking(work).await;
    found.map_err(|_| Error::internal("the source could not be looked at"))
}

/// Parsing takes up to some milliseconds of a core, which is too long for an I/O thread.
async fn look_at(
    definition: &Definition,
    kind: Option<ScriptType>,
    libraries: &[ResolvedLibrary],
    deprecations: &Arc<Deprecations>,
) -> Result<Vec<Diagnostic>> {
    let (source, entry) = (definition.source.clone(), definition.entry.clone());
    let (language, is_library) = (definition.language, definition.library);
    let compatibility = definition.compatibility_date();
    let (libraries, deprecations) = (libraries.to_vec(), deprecations.clone());
    let work = move || {
        scriptorium_runtime::look_at(&Look {
            source: &source,
            language,
            kind,
            entry: entry.as_deref(),
            libraries: &libraries,
            is_library,
            compatibility,
            deprecations: &deprecations,
        })
    };
    let found = tokio::task::spawn_blocking(work).await;
    found.map_err(|_| Error::internal("the source could not be looked at"))
}
