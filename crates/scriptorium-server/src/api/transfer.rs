//! Export and import of scripts, templates and settings as one JSON document. People are names and addresses
//! in it, never ids; secrets are named and stay where they are.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, HeaderValue};
use scriptorium::model::page::PageRequest;
use scriptorium::model::script::ScriptStatus;
use scriptorium::model::{Invalid, ScriptId, Timestamp, Uuid};
use scriptorium::transfer::{
    Bundle, BundledScript, BundledSettings, BundledTemplate, BundledVersion, Export, Import, Item,
    OnConflict, Report,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::retention::RetentionBody;
use super::script_body::DefinitionBody;
use super::script_change::ScriptChange;
use super::versions::PolicyBody;
use super::{Refused, named};
use crate::auth::Authenticated;
use crate::input::{Query, large_json};
use crate::problem::{FieldProblem, Problem};
use crate::state::App;

/// Version of the document's form.
const FORMAT: u32 = 1;
/// Largest document that is taken: quotes and settings come on top of the sources.
pub(crate) const DOCUMENT_BYTES: usize = 64 << 20;

/// What to export.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// Only this script, no templates and no settings.
    script: Option<Uuid>,
    /// Whether every version comes along or the current one alone; `true` when not said.
    history: Option<bool>,
}

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// Only says what would happen; `false` when not said.
    preview: Option<bool>,
    /// `skip`, `rename` or `replace` what is there under the same name and differs; `skip` when
    /// not said.
    conflict: Option<String>,
    /// Whether scripts get the status they had; drafts when not said.
    activate: Option<bool>,
}

/// Scripts, templates and settings of a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bundle)]
pub(crate) struct BundleBody {
    /// 1.
    format: u32,
    /// The release that made it.
    product_version: &'static str,
    exported_at: Timestamp,
    /// Slug of the tenant it is from.
    tenant: String,
    scripts: Vec<BundledScriptBody>,
    templates: Vec<BundledTemplateBody>,
    settings: SettingsBody,
    /// Names of the tenant's secrets, which scripts may need; their values are not included.
    secrets: Vec<String>,
}

/// What the tenant keeps, and for how long; of single scripts nothing is said.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BundledSettings)]
pub(crate) struct SettingsBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    versions: Option<PolicyBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retention: Option<RetentionBody>,
}

/// A script with its versions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BundledScript)]
pub(crate) struct BundledScriptBody {
    status: &'static str,
    /// The oldest first; the last is the current one.
    versions: Vec<BundledVersionBody>,
}

/// A version in a bundle.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BundledVersion)]
pub(crate) struct BundledVersionBody {
    version: u32,
    created_at: Timestamp,
    /// Name of who made it, for who may see the tenant's users.
    author: Option<String>,
    change_description: String,
    /// Its name, if it is a milestone.
    milestone: Option<String>,
    /// Address of the user whose rights it has when nobody asked for the execution.
    run_as: Option<String>,
    definition: DefinitionBody,
}

/// A template in a bundle.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BundledTemplate)]
pub(crate) struct BundledTemplateBody {
    name: String,
    body: String,
}

/// A bundle to import.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBundle {
    /// 1.
    format: u32,
    #[serde(default)]
    #[allow(dead_code, reason = "it may be there, and decides nothing")]
    product_version: Option<String>,
    #[serde(default)]
    #[allow(dead_code, reason = "it may be there, and decides nothing")]
    exported_at: Option<Timestamp>,
    #[serde(default)]
    #[allow(dead_code, reason = "it may be there, and decides nothing")]
    tenant: Option<String>,
    scripts: Vec<NewBundledScript>,
    #[serde(default)]
    templates: Vec<BundledTemplateBody>,
    #[serde(default)]
    settings: SettingsBody,
    /// Names of secrets that the scripts may need.
    #[serde(default)]
    secrets: Vec<String>,
}

/// A script to import.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBundledScript {
    status: String,
    /// The oldest first; the last is the current one.
    versions: Vec<NewBundledVersion>,
}

/// A version to import.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBundledVersion {
    version: u32,
    created_at: Timestamp,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    change_description: String,
    #[serde(default)]
    milestone: Option<String>,
    #[serde(default)]
    run_as: Option<String>,
    definition: ScriptChange,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportReport)]
pub(crate) struct ReportBody {
    /// Whether it was done; `false` after a preview.
    applied: bool,
    items: Vec<ItemBody>,
    /// Secrets that the bundle names and the tenant does not have.
    missing_secrets: Vec<String>,
}

/// One script, template or setting of an import.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportItem)]
pub(crate) struct ItemBody {
    /// `script`, `template` or `setting`.
    kind: &'static str,
    name: String,
    /// `new`, `same`, `conflict` or `refused`.
    state: &'static str,
    /// `create`, `replace` or `skip`.
    action: &'static str,
    /// The name it gets, when that is another.
    new_name: Option<String>,
    /// What differs from the one that is there.
    differs: Vec<String>,
    /// Why it is refused.
    errors: Vec<FieldProblem>,
    /// What does not come along.
    notes: Vec<String>,
}

/// Scripts with their versions and, for the whole tenant, its templates and settings.
#[utoipa::path(get, path = "/export", tag = "transfer", params(ExportQuery),
    responses((status = 200, body = BundleBody), Refused))]
pub(crate) async fn export(
    State(app): State<App>,
    caller: Authenticated,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let what = Export {
        scripts: query.script.map(|id| vec![ScriptId(id)]),
        history: query.history.unwrap_or(true),
    };
    let bundle = app.platform.transfer().export(caller.ctx(), what).await?;
    let body = BundleBody {
        format: FORMAT,
        product_version: env!("CARGO_PKG_VERSION"),
        exported_at: app.platform.ambient().now(),
        tenant: caller.0.tenant.slug.clone(),
        scripts: bundle.scripts.into_iter().map(Into::into).collect(),
        templates: bundle.templates.into_iter().map(Into::into).collect(),
        settings: bundle.settings.into(),
        secrets: Vec::new(),
    };
    let mut response = Json(body).into_response();
    let file = HeaderValue::from_static("attachment; filename=\"scriptorium-export.json\"");
    response.headers_mut().insert(CONTENT_DISPOSITION, file);
    Ok(response)
}

/// Imports a bundle: all of it, or nothing when anything is refused.
#[utoipa::path(post, path = "/import", tag = "transfer", params(ImportQuery),
    request_body = NewBundle, responses((status = 200, body = ReportBody), Refused))]
pub(crate) async fn import(
    State(app): State<App>,
    caller: Authenticated,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Json<ReportBody>, Problem> {
    let how = Import {
        on_conflict: match &query.conflict {
            Some(name) => {
                let all = ["skip", "rename", "replace"].into_iter();
                named("conflict", name, OnConflict::from_name, all)?
            }
            None => OnConflict::Skip,
        },
        activate: query.activate.unwrap_or(false),
        preview: query.preview.unwrap_or(false),
    };
    // Bundles are large, so few are in memory at once; the others wait in their sockets.
    let (new, _permit) = large_json::<NewBundle>(request, DOCUMENT_BYTES, &app.bundles).await?;
    let mut missing_secrets = new.secrets.clone();
    missing_secrets.truncate(PageRequest::MAX_LIMIT as usize);
    let bundle = new.bundle()?;
    let transfer = app.platform.transfer();
    let report = transfer.import(caller.ctx(), bundle, how).await?;
    Ok(Json(ReportBody::of(report, missing_secrets)))
}

impl NewBundle {
    fn bundle(self) -> Result<Bundle, Problem> {
        if self.format != FORMAT {
            let message = format!("must be {FORMAT}");
            return Err(Problem::field("format", "unknown_value", message));
        }
        let mut invalid = Invalid::default();
        let mut scripts = Vec::with_capacity(self.scripts.len());
        for (index, script) in self.scripts.into_iter().enumerate() {
            let place = format!("scripts[{index}]");
            let status = ScriptStatus::from_name(&script.status).unwrap_or_else(|| {
                let names = "must be draft, active, paused, disabled or archived";
                invalid.push(format!("{place}.status"), "unknown_value", names);
                ScriptStatus::Draft
            });
            let mut versions = Vec::with_capacity(script.versions.len());
            for (number, version) in script.versions.into_iter().enumerate() {
                let place = format!("{place}.versions[{number}].definition");
                match version.version() {
                    Ok(version) => versions.push(version),
                    Err(refused) => {
                        for mut error in refused.errors {
                            error.field = format!("{place}.{}", error.field);
                            invalid.errors.push(error);
                        }
                    }
                }
            }
            scripts.push(BundledScript { status, versions });
        }
        let templates = self.templates.into_iter().map(|template| BundledTemplate {
            name: template.name,
            body: template.body,
        });
        let templates = templates.collect();
        Ok(invalid.or(Bundle {
            scripts,
            templates,
            settings: self.settings.into(),
        })?)
    }
}

impl NewBundledVersion {
    fn version(self) -> Result<BundledVersion, Invalid> {
        let (definition, _) = self.definition.with_usual_type().create()?;
        if definition.run_as.is_some() {
            let message = "belongs beside the definition, as an address";
            return Err(Invalid::field("run_as", "not_allowed", message));
        }
        Ok(BundledVersion {
            number: self.version,
            definition,
            run_as: self.run_as,
            change_description: self.change_description,
            author: self.author,
            created_at: self.created_at,
            milestone: self.milestone,
        })
    }
}

impl From<BundledSettings> for SettingsBody {
    fn from(settings: BundledSettings) -> Self {
        Self {
            versions: settings.versions.map(Into::into),
            retention: settings.retention.map(Into::into),
        }
    }
}

impl From<SettingsBody> for BundledSettings {
    fn from(body: SettingsBody) -> Self {
        Self {
            versions: body.versions.map(Into::into),
            retention: body.retention.map(Into::into),
        }
    }
}

impl From<BundledScript> for BundledScriptBody {
    fn from(script: BundledScript) -> Self {
        Self {
            status: script.status.as_str(),
            versions: script.versions.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<BundledVersion> for BundledVersionBody {
    fn from(version: BundledVersion) -> Self {
        Self {
            version: version.number,
            created_at: version.created_at,
            author: version.author,
            change_description: version.change_description,
            milestone: version.milestone,
            run_as: version.run_as,
            definition: version.definition.into(),
        }
    }
}

impl From<BundledTemplate> for BundledTemplateBody {
    fn from(template: BundledTemplate) -> Self {
        Self {
            name: template.name,
            body: template.body,
        }
    }
}

impl ReportBody {
    fn of(report: Report, missing_secrets: Vec<String>) -> Self {
        Self {
            applied: report.applied,
            items: report.items.into_iter().map(Into::into).collect(),
            missing_secrets,
        }
    }
}

impl From<Item> for ItemBody {
    fn from(item: Item) -> Self {
        Self {
            kind: item.kind.as_str(),
            name: item.name,
            state: item.state.as_str(),
            action: item.action.as_str(),
            new_name: item.new_name,
            differs: item.differs,
            errors: item.errors.into_iter().map(Into::into).collect(),
            notes: item.notes,
        }
    }
}
