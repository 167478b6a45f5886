//! The remote services of a tenant: what they offer, and the keys that requests to them are signed with,
//! which are sealed ([`crate::seal`]) and opened for requests only.

use std::time::Duration;

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::remote_service::{
    KEY_BYTES, Manifest, Parameter, RemoteMethod, RemoteService, SERVICES,
};
use scriptorium_model::script::ScriptType;
use scriptorium_model::{Ctx, Invalid, Json, UserId, Uuid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Store;
use crate::audit::Note;
use crate::db::{Dialect, FromRow, Micros, Tx};
use crate::error::{Error, Result};
use crate::seal::{Slot, Whose};
use crate::store::Change;

impl Store {
    /// The tenant's remote services by name.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_remote_services(&self, ctx: &Ctx) -> Result<Vec<RemoteService>> {
        let rows = self.remote_service_rows(ctx).await?;
        rows.iter().map(ServiceRow::service).collect()
    }

    /// The same with the keys that requests are signed with.
    ///
    /// # Errors
    /// `Platform` only, also when a key was not sealed by this platform for this place.
    pub async fn open_remote_services(&self, ctx: &Ctx) -> Result<Vec<(RemoteService, Vec<u8>)>> {
        let rows = self.remote_service_rows(ctx).await?;
        let open = |row: &ServiceRow| {
            let whose = Whose {
                tenant: ctx.tenant,
                slot: Slot::Service(&row.name),
            };
            Ok((row.service()?, self.inner.seal.open(&whose, &row.sealed)?))
        };
        rows.iter().map(open).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_remote_service(&self, ctx: &Ctx, name: &str) -> Result<RemoteService> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql("select * from remote_services where tenant_id = $1 and name = $2")
            .with([name.into()]);
        let row: Option<ServiceRow> = db.one(sql).await?;
        row.ok_or(Error::NotFound)?.service()
    }

    /// Registers a remote service.
    ///
    /// # Errors
    /// `Invalid`, also when the tenant has as many as may be; `Conflict` on `name` when there is one of that
    /// name.
    pub async fn add_remote_service(
        &self,
        ctx: &Ctx,
        manifest: &Manifest,
        key: &[u8],
        by_operator: bool,
    ) -> Result<RemoteService> {
        check(manifest, Some(key))?;
        let now = self.inner.ambient.now();
        let tx = self.db().write(ctx).await?;
        if find(&tx, &manifest.name).await?.is_some() {
            return Err(Error::Conflict {
                what: "not_unique",
                field: "name",
            });
        }
        let sql = tx.sql("select count(*) as number from remote_services where tenant_id = $1");
        let count: Option<Count> = tx.one(sql).await?;
        if count.is_some_and(|row| row.number >= i64::from(SERVICES)) {
            let message = format!("a tenant has at most {SERVICES} remote services");
            return Err(Invalid::field("name", "too_many", message).into());
        }
        let row = ServiceRow {
            name: manifest.name.clone(),
            manifest: written(manifest),
            sealed: self.seal_key(ctx, &manifest.name, key)?,
            by_operator,
            revision: 1,
            created_at: now.into(),
            updated_at: now.into(),
            updated_by: ctx.actor.user().map(|user| user.0),
        };
        let note = note(Action::ServiceChanged, manifest).after(described(manifest, true));
        self.write_service(tx, ctx, row, note).await
    }

    /// Changes a remote service; requests are signed with the key that it has unless there is another.
    ///
    /// # Errors
    /// `Invalid`; `NotFound`.
    pub async fn change_remote_service(
        &self,
        ctx: &Ctx,
        manifest: &Manifest,
        key: Option<&[u8]>,
        by_operator: bool,
    ) -> Result<RemoteService> {
        check(manifest, key)?;
        let tx = self.db().write(ctx).await?;
        let before = find(&tx, &manifest.name).await?.ok_or(Error::NotFound)?;
        let sealed = key.map(|key| self.seal_key(ctx, &manifest.name, key));
        let row = ServiceRow {
            manifest: written(manifest),
            sealed: sealed.transpose()?.unwrap_or_else(|| before.sealed.clone()),
            by_operator,
            revision: before.revision.saturating_add(1),
            updated_at: self.inner.ambient.now().into(),
            updated_by: ctx.actor.user().map(|user| user.0),
            ..before.clone()
        };
        let note = note(Action::ServiceChanged, manifest)
            .before(described(&before.service()?.manifest, false))
            .after(described(manifest, key.is_some()));
        self.write_service(tx, ctx, row, note).await
    }

    /// Removes a remote service.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_remote_service(&self, ctx: &Ctx, name: &str) -> Result<()> {
        let tx = self.db().write(ctx).await?;
        let before = find(&tx, name).await?.ok_or(Error::NotFound)?;
        let sql = tx
            .sql("delete from remote_services where tenant_id = $1 and name = $2")
            .with([name.into()]);
        tx.execute(sql).await?;
        let manifest = before.service()?.manifest;
        let note = note(Action::ServiceDeleted, &manifest).before(described(&manifest, false));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        self.signal(Change::Services);
        Ok(())
    }

    async fn write_service(
        &self,
        tx: Tx,
        ctx: &Ctx,
        row: ServiceRow,
        note: Note,
    ) -> Result<RemoteService> {
        let sql = tx
            .sql(
                "insert into remote_services (tenant_id, name, manifest, sealed, by_operator, \
                 revision, created_at, updated_at, updated_by) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                 on conflict (tenant_id, name) do update set manifest = excluded.manifest, \
                 sealed = excluded.sealed, by_operator = excluded.by_operator, \
                 revision = excluded.revision, updated_at = excluded.updated_at, \
                 updated_by = excluded.updated_by",
            )
            .with([
                row.name.as_str().into(),
                row.manifest.as_str().into(),
                row.sealed.clone().into(),
                row.by_operator.into(),
                row.revision.into(),
                row.created_at.into(),
                row.updated_at.into(),
                row.updated_by.into(),
            ]);
        tx.execute(sql).await?;
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        self.signal(Change::Services);
        row.service()
    }

    fn seal_key(&self, ctx: &Ctx, name: &str, key: &[u8]) -> Result<Vec<u8>> {
        let whose = Whose {
            tenant: ctx.tenant,
            slot: Slot::Service(name),
        };
        self.inner.seal.seal(&self.inner.ambient, &whose, key)
    }

    async fn remote_service_rows(&self, ctx: &Ctx) -> Result<Vec<ServiceRow>> {
        let db = self.db().read(ctx).await?;
        let sql = db.sql("select * from remote_services where tenant_id = $1 order by name");
        db.all(sql).await
    }
}

fn check(manifest: &Manifest, key: Option<&[u8]>) -> Result<()> {
    let mut invalid = Invalid::default();
    invalid.check(manifest.validate());
    if key.is_some_and(|key| !KEY_BYTES.contains(&key.len())) {
        invalid.push("secret", "bad_secret", "must be of 16 to 256 bytes");
    }
    Ok(invalid.or(())?)
}

async fn find(tx: &Tx, name: &str) -> Result<Option<ServiceRow>> {
    let text = if tx.dialect() == Dialect::Postgres {
        "select * from remote_services where tenant_id = $1 and name = $2 for update"
    } else {
        "select * from remote_services where tenant_id = $1 and name = $2"
    };
    tx.one(tx.sql(text).with([name.into()])).await
}

fn note(action: Action, manifest: &Manifest) -> Note {
    Note::new(
        action,
        Subject::new(SubjectKind::Service, None, &manifest.name),
    )
}

/// What the trail says of it: whether the key is new, never which.
fn described(manifest: &Manifest, has_new_key: bool) -> Value {
    let methods = manifest.methods.iter().map(|method| &method.name);
    let mut told = json!({
        "url": manifest.url,
        "methods": methods.collect::<Vec<_>>(),
        "script_types": manifest.script_types.as_ref().map(|types| {
            types.iter().map(|one| one.as_str()).collect::<Vec<_>>()
        }),
    });
    if has_new_key {
        told["secret"] = json!("changed");
    }
    told
}

#[derive(FromRow)]
struct Count {
    number: i64,
}

#[derive(Clone, FromRow)]
struct ServiceRow {
    name: String,
    manifest: String,
    sealed: Vec<u8>,
    by_operator: bool,
    revision: i64,
    created_at: Micros,
    updated_at: Micros,
    updated_by: Option<Uuid>,
}

impl ServiceRow {
    fn service(&self) -> Result<RemoteService> {
        let manifest: ManifestForm =
            serde_json::from_str(&self.manifest).map_err(|_| Error::corrupt("manifest"))?;
        Ok(RemoteService {
            manifest: manifest.read(&self.name)?,
            by_operator: self.by_operator,
            revision: u32::try_from(self.revision).unwrap_or(u32::MAX),
            created_at: self.created_at.into(),
            updated_at: self.updated_at.into(),
            updated_by: self.updated_by.map(UserId),
        })
    }
}

fn written(manifest: &Manifest) -> String {
    json!(ManifestForm::from(manifest)).to_string()
}

/// A manifest as it is stored; its name is in the row.
#[derive(Serialize, Deserialize)]
struct ManifestForm {
    description: String,
    url: String,
    script_types: Option<Vec<String>>,
    methods: Vec<MethodForm>,
}

#[derive(Serialize, Deserialize)]
struct MethodForm {
    name: String,
    description: String,
    parameters: Vec<ParameterForm>,
    result: Option<String>,
    safe: bool,
    list: bool,
    timeout_ms: u64,
    permission: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ParameterForm {
    name: String,
    schema: String,
    optional: bool,
}

impl From<&Manifest> for ManifestForm {
    fn from(manifest: &Manifest) -> Self {
        let types = manifest.script_types.as_ref();
        let name = |kind: &ScriptType| kind.as_str().to_owned();
        Self {
            description: manifest.description.clone(),
            url: manifest.url.clone(),
            script_types: types.map(|types| types.iter().map(name).collect()),
            methods: manifest.methods.iter().map(MethodForm::from).collect(),
        }
    }
}

impl From<&RemoteMethod> for MethodForm {
    fn from(method: &RemoteMethod) -> Self {
        let parameter = |parameter: &Parameter| ParameterForm {
            name: parameter.name.clone(),
            schema: parameter.schema.as_str().to_owned(),
            optional: parameter.is_optional,
        };
        Self {
            name: method.name.clone(),
            description: method.description.clone(),
            parameters: method.parameters.iter().map(parameter).collect(),
            result: method.result.as_ref().map(|one| one.as_str().to_owned()),
            safe: method.is_safe,
            list: method.is_list,
            timeout_ms: u64::try_from(method.timeout.as_millis()).unwrap_or(u64::MAX),
            permission: method.permission.clone(),
        }
    }
}

impl ManifestForm {
    fn read(self, name: &str) -> Result<Manifest> {
        let kind = |name: String| {
            ScriptType::from_name(&name).ok_or_else(|| Error::corrupt("script_types"))
        };
        let types = self.script_types;
        let types = types.map(|names| names.into_iter().map(kind).collect::<Result<_>>());
        Ok(Manifest {
            name: name.to_owned(),
            description: self.description,
            url: self.url,
            script_types: types.transpose()?,
            methods: self.methods.into_iter().map(RemoteMethod::from).collect(),
        })
    }
}

impl From<MethodForm> for RemoteMethod {
    fn from(method: MethodForm) -> Self {
        let parameter = |parameter: ParameterForm| Parameter {
            name: parameter.name,
            schema: Json::from_written(parameter.schema),
            is_optional: parameter.optional,
        };
        Self {
            name: method.name,
            description: method.description,
            parameters: method.parameters.into_iter().map(parameter).collect(),
            result: method.result.map(Json::from_written),
            is_safe: method.safe,
            is_list: method.list,
            timeout: Duration::from_millis(method.timeout_ms),
            permission: method.permission,
        }
    }
}
