//! The routing table of a tenant's endpoints, read before a caller is known.

use scriptorium_model::endpoint::Method;
use scriptorium_model::trigger::EndpointAuth;
use scriptorium_model::{Ctx, ScriptId, TenantId, Uuid};

use crate::Store;
use crate::db::{FromRow, known};
use crate::error::{Error, Result};

/// One method of one live endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveEndpoint {
    /// The script that answers.
    pub script: ScriptId,
    /// The method.
    pub method: Method,
    /// The path as its author wrote it.
    pub path: String,
    /// Who may call it.
    pub auth: EndpointAuth,
    /// A permission callers must hold.
    pub permission: Option<String>,
}

impl Store {
    /// The tenant's live endpoints by path. Cache it until [`Store::routes_version`] moves.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_active_endpoints(&self, tenant: TenantId) -> Result<Vec<ActiveEndpoint>> {
        let db = self.db().read(&Ctx::platform(tenant)).await?;
        let sql = db.sql(
            "select script_id, method, path, auth, permission from endpoints \
             where tenant_id = $1 and active = true order by route_key, method",
        );
        let rows: Vec<EndpointRow> = db.all(sql).await?;
        rows.into_iter().map(ActiveEndpoint::try_from).collect()
    }
}

#[derive(FromRow)]
struct EndpointRow {
    script_id: Uuid,
    method: String,
    path: String,
    auth: String,
    permission: Option<String>,
}

impl TryFrom<EndpointRow> for ActiveEndpoint {
    type Error = Error;
    fn try_from(row: EndpointRow) -> Result<Self> {
        Ok(Self {
            script: ScriptId(row.script_id),
            method: known(Method::from_name(&row.method), "endpoints.method")?,
            path: row.path,
            auth: known(EndpointAuth::from_name(&row.auth), "endpoints.auth")?,
            permission: row.permission,
        })
    }
}
