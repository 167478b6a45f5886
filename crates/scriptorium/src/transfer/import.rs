//! A bundle on its way into a tenant: each script is checked like a save, the whole is one
//! transaction, and a preview is the same with a rollback at its end.

use async_recursion::async_recursion as boxed;
use scriptorium_model::compatibility;
use scriptorium_model::library::Pin;
use scriptorium_model::permission::Permission;
use scriptorium_model::policy;
use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_model::version::validate_milestone;
use scriptorium_model::{Ctx, FieldError, Invalid, UserId, template};
use scriptorium_runtime::ResolvedLibrary;
use scriptorium_store::{ImportStep, ImportedVersion};

use super::{
    Action, Bundle, BundledScript, BundledTemplate, BundledVersion, Import, Item, ItemKind,
    OnConflict, Report, State, Transfer,
};
use crate::diff::changed_fields;
use crate::error::{ErrorKind, Result};
use crate::scripts::pins;

/// Most versions of one script.
const MOST_VERSIONS: usize = 10_000;
/// Longest name of an author in characters.
const AUTHOR_CHARS: usize = 100;
/// How many other names are tried for one that is taken.
const RENAMES: u32 = 100;

impl Transfer<'_> {
    /// Imports a bundle, or says what that would do. Scripts arrive as drafts unless their status is
    /// asked for, and whoever imports them is the author of every version: their rights bound its runs
    /// (D12).
    ///
    /// # Errors
    /// Refused fields as `scripts[2].source` when anything of it is refused and it is no preview;
    /// the permission `scripts.create` is missing.
    #[boxed]
    pub async fn import(&self, ctx: &Ctx, bundle: Bundle, how: Import) -> Result<Report> {
        policy::require(ctx, Permission::ScriptsRead)?;
        policy::require(ctx, Permission::ScriptsCreate)?;
        let mut planned = Vec::new();
        let mut names = Vec::new();
        for script in bundle.scripts {
            let plan = self.plan_script(ctx, script, how, &names).await?;
            names.push(plan.item.new_name.clone().unwrap_or(plan.item.name.clone()));
            planned.push(plan);
        }
        names.clear();
        for template in bundle.templates {
            let plan = self.plan_template(ctx, template, how, &names).await?;
            names.push(plan.item.new_name.clone().unwrap_or(plan.item.name.clone()));
            planned.push(plan);
        }
        planned.extend(self.plan_settings(ctx, bundle.settings, how).await?);
        self.carry_out(ctx, planned, how.preview).await
    }

    async fn carry_out(&self, ctx: &Ctx, mut plans: Vec<Plan>, preview: bool) -> Result<Report> {
        let mut steps = Vec::new();
        let mut owners = Vec::new();
        for (index, plan) in plans.iter_mut().enumerate() {
            if let Some(step) = plan.step.take() {
                steps.push(step);
                owners.push(index);
            }
        }
        let refused = plans.iter().any(|plan| plan.item.state == State::Refused);
        let keep = !preview && !refused;
        let store = self.0.store();
        let found = store.import_scripts(ctx, &steps, keep).await?;
        let mut contradicted = false;
        for (index, found) in owners.into_iter().zip(found) {
            let Some((what, field)) = found else {
                continue;
            };
            contradicted = true;
            let message = match what {
                "not_unique" => "is already taken".to_owned(),
                other => other.replace('_', " "),
            };
            plans[index].refuse(Invalid::field(field, what, message));
        }
        if !preview && (refused || contradicted) {
            return Err(all_errors(&plans).into());
        }
        Ok(Report {
            applied: !preview,
            items: plans.into_iter().map(|plan| plan.item).collect(),
        })
    }

    async fn plan_script(
        &self,
        ctx: &Ctx,
        script: BundledScript,
        how: Import,
        taken: &[String],
    ) -> Result<Plan> {
        let mut plan = Plan::new(ItemKind::Script, String::new());
        let (Some(last), true) = (script.current(), script.versions.len() <= MOST_VERSIONS) else {
            let message = format!("must have 1 to {MOST_VERSIONS} versions");
            plan.refuse(Invalid::field("versions", "bad_length", message));
            return Ok(plan);
        };
        plan.item.name = last.definition.name.clone();
        if taken.contains(&plan.item.name) {
            plan.refuse(Invalid::field("name", "duplicate", "is there twice"));
            return Ok(plan);
        }
        let mut incoming = Incoming::new(self, ctx, how);
        let versions = incoming.versions(&script).await?;
        plan.item.notes = std::mem::take(&mut incoming.notes);
        let Some(last) = versions.last() else {
            plan.refuse(incoming.invalid);
            return Ok(plan);
        };
        let store = self.0.store();
        let present = store.find_script_by_name(ctx, &plan.item.name).await?;
        let importer = present.as_ref().map(|present| present.id);
        let scripts = self.0.scripts();
        let libraries = scripts.libraries(ctx, &last.definition, importer).await?;
        // What it imports may come along, and is not active yet.
        let waits = libraries.iter().any(|library| library.found.is_err());
        if waits && how.activate && script.status == ScriptStatus::Active {
            let message = "comes as a draft: activate it when its libraries are active";
            plan.item.notes.push(message.to_owned());
        }
        let mut created = incoming.script(&script, last, waits);
        match present {
            None => incoming.check_create(&created, &libraries).await?,
            Some(present) if present.definition == last.definition => {
                plan.item.state = State::Same;
                plan.item.action = Action::Skip;
            }
            Some(present) => {
                plan.item.state = State::Conflict;
                plan.item.differs = differs(&present, last);
                match how.on_conflict {
                    OnConflict::Skip => plan.item.action = Action::Skip,
                    OnConflict::Rename => {
                        let name = self.free_name(ctx, &plan.item.name, taken).await?;
                        created.definition.name.clone_from(&name);
                        plan.item.new_name = Some(name);
                        incoming.check_create(&created, &libraries).await?;
                    }
                    OnConflict::Replace => {
                        plan.item.action = Action::Replace;
                        let check = incoming.check_replace(&present, &created, &libraries);
                        check.await?;
                        plan.step = Some(replace(&present, last, pins(&libraries)));
                    }
                }
            }
        }
        if !incoming.invalid.is_empty() {
            plan.refuse(incoming.invalid);
        } else if plan.item.action == Action::Create {
            plan.step = Some(create(created, versions, pins(&libraries)));
        }
        Ok(plan)
    }

    async fn plan_template(
        &self,
        ctx: &Ctx,
        template: BundledTemplate,
        how: Import,
        taken: &[String],
    ) -> Result<Plan> {
        let BundledTemplate { mut name, body } = template;
        let mut plan = Plan::new(ItemKind::Template, name.clone());
        let mut invalid = Invalid::default();
        invalid.check(template::validate(&name, &body));
        if taken.contains(&name) {
            invalid.push("name", "duplicate", "is there twice");
        }
        if !ctx.may(Permission::TemplatesManage) {
            denied(&mut invalid, "name", Permission::TemplatesManage);
        }
        if !invalid.is_empty() {
            plan.refuse(invalid);
            return Ok(plan);
        }
        let store = self.0.store();
        if let Some(present) = store.find_template(ctx, &name).await? {
            if present.body == body {
                plan.item.state = State::Same;
                plan.item.action = Action::Skip;
                return Ok(plan);
            }
            plan.item.state = State::Conflict;
            plan.item.differs = vec!["body".to_owned()];
            match how.on_conflict {
                OnConflict::Skip => {
                    plan.item.action = Action::Skip;
                    return Ok(plan);
                }
                OnConflict::Replace => plan.item.action = Action::Replace,
                OnConflict::Rename => {
                    let mut number = 2;
                    let base = name.clone();
                    while store.find_template(ctx, &name).await?.is_some() || taken.contains(&name)
                    {
                        name = format!("{base}-{number}");
                        number += 1;
                        if number > RENAMES || template::validate(&name, &body).is_err() {
                            let message = "is taken, and so are the names made from it";
                            plan.refuse(Invalid::field("name", "not_unique", message));
                            return Ok(plan);
                        }
                    }
                    plan.item.new_name = Some(name.clone());
                }
            }
        }
        plan.step = Some(ImportStep::Template { name, body });
        Ok(plan)
    }

    /// A name made from a taken one. The last one tried is given even if it is taken, which the
    /// transaction finds out.
    async fn free_name(&self, ctx: &Ctx, name: &str, taken: &[String]) -> Result<String> {
        let mut tried = String::new();
        for number in 2..=RENAMES {
            let suffix = format!(" ({number})");
            let kept: String = name.chars().take(100 - suffix.len()).collect();
            tried = format!("{}{suffix}", kept.trim_end());
            let store = self.0.store();
            let free = store.find_script_by_name(ctx, &tried).await?.is_none();
            if free && !taken.contains(&tried) {
                break;
            }
        }
        Ok(tried)
    }
}

/// What happens to one item, and the step that does it.
pub(super) struct Plan {
    pub(super) item: Item,
    pub(super) step: Option<ImportStep>,
}

impl Plan {
    pub(super) fn new(kind: ItemKind, name: String) -> Self {
        Self {
            item: Item {
                kind,
                name,
                state: State::New,
                action: Action::Create,
                new_name: None,
                differs: Vec::new(),
                errors: Vec::new(),
                notes: Vec::new(),
            },
            step: None,
        }
    }

    pub(super) fn refuse(&mut self, why: Invalid) {
        self.item.state = State::Refused;
        self.item.action = Action::Skip;
        self.item.errors.extend(why.errors);
        self.step = None;
    }
}

/// A script on its way in: what is wrong with it, and what does not come along.
struct Incoming<'a> {
    transfer: &'a Transfer<'a>,
    ctx: &'a Ctx,
    how: Import,
    invalid: Invalid,
    notes: Vec<String>,
}

impl<'a> Incoming<'a> {
    fn new(transfer: &'a Transfer<'a>, ctx: &'a Ctx, how: Import) -> Self {
        Self {
            transfer,
            ctx,
            how,
            invalid: Invalid::default(),
            notes: Vec::new(),
        }
    }

    /// The versions as they will be; none when one of them is refused.
    async fn versions(&mut self, script: &BundledScript) -> Result<Vec<ImportedVersion>> {
        let now = self.transfer.0.ambient().now();
        let kind = script.current().map(|last| last.definition.trigger.kind());
        let mut before = 0;
        let mut made = Vec::with_capacity(script.versions.len());
        for (index, version) in script.versions.iter().enumerate() {
            let mut invalid = Invalid::default();
            if version.number <= before {
                invalid.push(
                    "version",
                    "out_of_order",
                    "must be larger than the one before",
                );
            }
            before = version.number;
            if version.created_at > now {
                invalid.push("created_at", "in_the_future", "must not be in the future");
            }
            if Some(version.definition.trigger.kind()) != kind {
                invalid.push("type", "immutable", "must be the same in every version");
            }
            if version.author.as_deref().is_some_and(is_no_name) {
                let message = format!("must have 1 to {AUTHOR_CHARS} characters");
                invalid.push("author", "bad_length", message);
            }
            if let Some(name) = &version.milestone {
                for mut error in validate_milestone(name)
                    .err()
                    .into_iter()
                    .flat_map(|e| e.errors)
                {
                    error.field = "milestone".to_owned();
                    invalid.errors.push(error);
                }
            }
            let is_current = index + 1 == script.versions.len();
            let checked = self.definition(version, is_current).await;
            if let Some(definition) = keep_invalid(checked, &mut invalid)? {
                made.push(ImportedVersion {
                    number: version.number,
                    definition,
                    change_description: version.change_description.clone(),
                    author: version.author.clone(),
                    created_at: version.created_at,
                    milestone: version.milestone.clone(),
                });
            }
            for mut error in invalid.errors {
                if !is_current {
                    error.field = format!("versions[{index}].{}", error.field);
                }
                self.invalid.errors.push(error);
            }
        }
        if self.invalid.is_empty() {
            Ok(made)
        } else {
            Ok(Vec::new())
        }
    }

    async fn definition(
        &mut self,
        version: &BundledVersion,
        is_current: bool,
    ) -> Result<scriptorium_model::script::Definition> {
        let mut definition = version.definition.clone();
        definition.run_as = self.run_as(version, is_current).await?;
        // Who wrote it out knew of no dates.
        definition.compatibility.get_or_insert(compatibility::FIRST);
        let scripts = self.transfer.0.scripts();
        // What an old version asks for need not be there any more; restoring it checks again.
        let services = if is_current {
            None
        } else {
            definition.allowed_services.take()
        };
        let mut checked = scripts
            .checked(
                self.ctx,
                definition,
                None,
                &version.change_description,
                ScriptStatus::Draft,
                &[],
            )
            .await?;
        if services.is_some() {
            checked.allowed_services = services;
        }
        Ok(checked)
    }

    /// The user of that address here, if whoever imports may lend their rights.
    async fn run_as(
        &mut self,
        version: &BundledVersion,
        is_current: bool,
    ) -> Result<Option<UserId>> {
        let Some(email) = &version.run_as else {
            return Ok(None);
        };
        let store = self.transfer.0.store();
        let address = email.trim().to_lowercase();
        let found = store.find_user_by_email(self.ctx, &address).await?;
        let allowed = found.filter(|user| {
            self.ctx.actor.user() == Some(user.id)
                || self.ctx.permissions.covers(&user.permissions())
        });
        if allowed.is_none() && is_current {
            self.notes.push(format!(
                "does not run as {email}: no user here whose rights you hold"
            ));
        }
        Ok(allowed.map(|user| user.id))
    }

    fn script(&self, script: &BundledScript, last: &ImportedVersion, waits: bool) -> Script {
        let ambient = self.transfer.0.ambient();
        let (now, user) = (ambient.now(), self.ctx.actor.user());
        let status = if self.how.activate && !(waits && script.status == ScriptStatus::Active) {
            script.status
        } else {
            ScriptStatus::Draft
        };
        Script {
            id: ambient.new_id(),
            tenant: self.ctx.tenant,
            definition: last.definition.clone(),
            status,
            version: last.number,
            owner: user,
            updated_by: user,
            activated_by: user.filter(|_| status == ScriptStatus::Active),
            created_by: user,
            created_at: now,
            updated_at: now,
            paused_reason: None,
        }
    }

    async fn check_create(&mut self, script: &Script, libraries: &[ResolvedLibrary]) -> Result<()> {
        let auth = script.trigger.endpoint().map(|endpoint| endpoint.auth);
        if let Err(refused) = policy::may_create(self.ctx, script.kind(), auth) {
            denied(&mut self.invalid, "type", refused.missing);
        }
        if script.status != ScriptStatus::Draft {
            let action = policy::Action::ChangeStatus;
            if let Err(refused) = policy::may(self.ctx, action, script) {
                denied(&mut self.invalid, "status", refused.missing);
            }
            self.check_runnable(script, script.status, libraries)
                .await?;
        }
        Ok(())
    }

    async fn check_replace(
        &mut self,
        present: &Script,
        changed: &Script,
        libraries: &[ResolvedLibrary],
    ) -> Result<()> {
        if present.kind() != changed.kind() {
            self.invalid.push("type", "immutable", "cannot change");
        }
        let changed = Script {
            definition: changed.definition.clone(),
            ..present.clone()
        };
        for script in [present, &changed] {
            if let Err(refused) = policy::may(self.ctx, policy::Action::Update, script) {
                denied(&mut self.invalid, "name", refused.missing);
                return Ok(());
            }
        }
        self.check_runnable(&changed, present.status, libraries)
            .await
    }

    async fn check_runnable(
        &mut self,
        script: &Script,
        status: ScriptStatus,
        libraries: &[ResolvedLibrary],
    ) -> Result<()> {
        let scripts = self.transfer.0.scripts();
        let checked = scripts.check_source(&script.definition, status, libraries);
        let checked = checked.await;
        keep_invalid(checked, &mut self.invalid)?;
        Ok(())
    }
}

fn create(script: Script, mut versions: Vec<ImportedVersion>, pins: Vec<Pin>) -> ImportStep {
    if let Some(last) = versions.last_mut() {
        // Its name may be another here.
        last.definition.name.clone_from(&script.definition.name);
    }
    ImportStep::Create {
        script: Box::new(script),
        versions,
        pins,
    }
}

fn replace(present: &Script, last: &ImportedVersion, pins: Vec<Pin>) -> ImportStep {
    ImportStep::Replace {
        id: present.id,
        base_version: present.version,
        definition: Box::new(last.definition.clone()),
        change_description: last.change_description.clone(),
        milestone: last.milestone.clone(),
        pins,
    }
}

fn differs(present: &Script, last: &ImportedVersion) -> Vec<String> {
    let fields = changed_fields(&present.definition, &last.definition);
    let mut fields: Vec<String> = fields.into_iter().map(|change| change.field).collect();
    if present.source != last.definition.source {
        fields.push("source".to_owned());
    }
    fields
}

fn is_no_name(name: &str) -> bool {
    !(1..=AUTHOR_CHARS).contains(&name.chars().count()) || name.chars().any(char::is_control)
}

pub(super) fn denied(invalid: &mut Invalid, field: &str, missing: Permission) {
    let message = format!("takes the permission {missing}");
    invalid.push(field, "permission_denied", message);
}

/// Puts refused fields with the others; what else went wrong ends the import.
fn keep_invalid<T>(result: Result<T>, invalid: &mut Invalid) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::Invalid => {
            invalid.errors.extend(
                error
                    .invalid()
                    .map(|found| found.errors.clone())
                    .unwrap_or_default(),
            );
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Every refusal with the place of its item.
fn all_errors(plans: &[Plan]) -> Invalid {
    let mut all = Invalid::default();
    let (mut scripts, mut templates) = (0, 0);
    for plan in plans {
        let place = match plan.item.kind {
            ItemKind::Script => format!("scripts[{scripts}]"),
            ItemKind::Template => format!("templates[{templates}]"),
            ItemKind::Setting => format!("settings.{}", plan.item.name),
        };
        scripts += usize::from(plan.item.kind == ItemKind::Script);
        templates += usize::from(plan.item.kind == ItemKind::Template);
        for error in &plan.item.errors {
            let field = format!("{place}.{}", error.field);
            let error: FieldError = FieldError {
                field,
                ..error.clone()
            };
            all.errors.push(error);
        }
    }
    all
}
