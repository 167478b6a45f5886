//! The tenants themselves.

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::{Ctx, TenantId, Uuid};
use serde_json::json;

use super::ACROSS_TENANTS;
use crate::Store;
use crate::audit::{By, Note, Said};
use crate::db::{FromRow, Micros};
use crate::error::{Error, Result};

impl Store {
    /// Adds a tenant. The audit trails of the new tenant and of the one that `ctx` acts in tell of
    /// it.
    ///
    /// # Errors
    /// `Conflict` on `slug`.
    pub async fn create_tenant(&self, ctx: &Ctx, tenant: &Tenant) -> Result<()> {
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        tx.execute(
            tx.sql("insert into tenants (id, slug, name, created_at) values ($1, $2, $3, $4)")
                .with([
                    tenant.id.0.into(),
                    tenant.slug.as_str().into(),
                    tenant.name.as_str().into(),
                    Micros::from(tenant.created_at).into(),
                ]),
        )
        .await?;
        let subject = Subject::new(SubjectKind::Tenant, tenant.id.0, &tenant.slug);
        let note = Note::new(Action::TenantCreated, subject)
            .after(json!({ "slug": tenant.slug, "name": tenant.name }));
        let mut said = vec![Said::one(tenant.id, &By::of(ctx), note.clone())];
        if ctx.tenant != tenant.id {
            said.push(Said::one(ctx.tenant, &By::of(ctx), note));
        }
        let noted = self.inner.trail.append_all(&tx, said).await?;
        tx.commit(noted).await
    }

    /// A tenant by id.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_tenant(&self, id: TenantId) -> Result<Tenant> {
        let db = self.db().read(&Ctx::platform(id)).await?;
        let sql = db.sql("select * from tenants where id = $1");
        let row: Option<TenantRow> = db.one(sql).await?;
        row.map(Tenant::from).ok_or(Error::NotFound)
    }

    /// Says whether the tenant's scripts may only read business tables (R-GEN-13). The audit trails of
    /// the tenant and of the one that `ctx` acts in tell of it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn set_scripts_read_only(
        &self,
        ctx: &Ctx,
        tenant: &Tenant,
        read_only: bool,
    ) -> Result<()> {
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        let now = Micros::from(self.inner.ambient.now());
        tx.execute(
            tx.sql(
                "insert into tenant_modes (tenant_id, read_only, updated_at) values ($1, $2, $3) \
                 on conflict (tenant_id) do update set read_only = excluded.read_only, \
                 updated_at = excluded.updated_at",
            )
            .with([tenant.id.0.into(), read_only.into(), now.into()]),
        )
        .await?;
        let subject = Subject::new(SubjectKind::Tenant, tenant.id.0, &tenant.slug);
        let note = Note::new(Action::TenantChanged, subject)
            .before(json!({ "read_only": !read_only }))
            .after(json!({ "read_only": read_only }));
        let mut said = vec![Said::one(tenant.id, &By::of(ctx), note.clone())];
        if ctx.tenant != tenant.id {
            said.push(Said::one(ctx.tenant, &By::of(ctx), note));
        }
        let noted = self.inner.trail.append_all(&tx, said).await?;
        tx.commit(noted).await
    }

    /// Whether the tenant's scripts may only read business tables; `false` until it is said.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn scripts_read_only(&self, tenant: TenantId) -> Result<bool> {
        let read = async || {
            let db = self.db().read(&Ctx::platform(tenant)).await?;
            let sql = db.sql("select read_only from tenant_modes where tenant_id = $1");
            let row: Option<ModeRow> = db.one(sql).await?;
            Ok(row.is_some_and(|row| row.read_only))
        };
        self.inner.recall.read_only(tenant, read).await
    }

    /// A tenant by its name in URLs.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_tenant_by_slug(&self, slug: &str) -> Result<Option<Tenant>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql("select * from tenants where slug = $1")
            .with([slug.into()]);
        let row: Option<TenantRow> = db.one(sql).await?;
        Ok(row.map(Tenant::from))
    }

    /// Every tenant, by slug.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_tenants(&self) -> Result<Vec<Tenant>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let rows: Vec<TenantRow> = db
            .all(db.sql("select * from tenants order by slug"))
            .await?;
        Ok(rows.into_iter().map(Tenant::from).collect())
    }
}

#[derive(FromRow)]
struct ModeRow {
    read_only: bool,
}

#[derive(FromRow)]
struct TenantRow {
    id: Uuid,
    slug: String,
    name: String,
    created_at: Micros,
}

impl From<TenantRow> for Tenant {
    fn from(row: TenantRow) -> Self {
        Self {
            id: TenantId(row.id),
            slug: row.slug,
            name: row.name,
            created_at: row.created_at.into(),
        }
    }
}
