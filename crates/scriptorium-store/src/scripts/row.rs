//! A script as a row: its identity and state joined with its current version.

use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_model::{ScriptId, TenantId, UserId, Uuid};

use crate::db::{FromRow, Micros, known, number};
use crate::definition::Columns;
use crate::error::{Error, Result};

/// Begins a query for [`ScriptRow`]; `s` is the script, `v` its current version.
pub(super) const SELECT: &str = "select s.tenant_id, s.id, s.status, s.version, s.owner, \
    s.updated_by, s.activated_by, s.created_by, s.created_at, s.updated_at, s.paused_reason, \
    v.name, v.description, v.type, v.language, v.settings, v.compatibility, v.source \
    from scripts s join script_versions v \
    on v.tenant_id = s.tenant_id and v.script_id = s.id and v.number = s.version";

#[derive(FromRow)]
pub(super) struct ScriptRow {
    tenant_id: Uuid,
    id: Uuid,
    status: String,
    version: i64,
    owner: Option<Uuid>,
    updated_by: Option<Uuid>,
    activated_by: Option<Uuid>,
    created_by: Option<Uuid>,
    created_at: Micros,
    updated_at: Micros,
    paused_reason: Option<String>,
    name: String,
    description: String,
    #[row(column = "type")]
    kind: String,
    language: String,
    settings: String,
    compatibility: String,
    source: String,
}

impl ScriptRow {
    pub(super) fn id(&self) -> ScriptId {
        ScriptId(self.id)
    }
}

impl TryFrom<ScriptRow> for Script {
    type Error = Error;
    fn try_from(row: ScriptRow) -> Result<Self> {
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
            id: ScriptId(row.id),
            tenant: TenantId(row.tenant_id),
            definition: columns.definition()?,
            status: known(ScriptStatus::from_name(&row.status), "scripts.status")?,
            version: number(row.version),
            owner: row.owner.map(UserId),
            updated_by: row.updated_by.map(UserId),
            activated_by: row.activated_by.map(UserId),
            created_by: row.created_by.map(UserId),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            paused_reason: row.paused_reason,
        })
    }
}
