//! The users of a tenant. Those of an e-mail address in all tenants, at sign-in, are in
//! `system::access`.

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::permission::{PermissionSet, Role};
use scriptorium_model::user::User;
use scriptorium_model::{Ctx, TenantId, UserId, Uuid};
use serde_json::json;

use crate::Store;
use crate::audit::{Note, of_user};
use crate::db::{FromRow, Micros, Scope, known};
use crate::error::{Error, Result};
use crate::store::of_tenant;

impl Store {
    /// Adds a user.
    ///
    /// # Errors
    /// `Conflict` on `email`, which is unique in the tenant; `NotFound` for an unknown tenant.
    pub async fn create_user(&self, ctx: &Ctx, user: &User) -> Result<()> {
        of_tenant(ctx, user.tenant)?;
        let tx = self.db().write(ctx).await?;
        tx.execute(
            tx.sql(
                "insert into users (tenant_id, id, email, name, role, extra_permissions, \
                 password_hash, locale, active, created_at) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .with([
                user.id.0.into(),
                user.email.as_str().into(),
                user.name.as_str().into(),
                user.role.as_str().into(),
                names_to_text(&user.extra_permissions)?.into(),
                user.password_hash.clone().into(),
                user.locale.as_str().into(),
                user.active.into(),
                Micros::from(user.created_at).into(),
            ]),
        )
        .await?;
        let note = Note::new(Action::UserCreated, subject(user)).after(of_user(user));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
    }

    /// A user by id.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_user(&self, ctx: &Ctx, id: UserId) -> Result<User> {
        let db = self.db().read(ctx).await?;
        find(&db, id).await
    }

    /// The tenant's user of an e-mail address (lower case), active or not.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_user_by_email(&self, ctx: &Ctx, email: &str) -> Result<Option<User>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql("select * from users where tenant_id = $1 and email = $2")
            .with([email.into()]);
        let row: Option<UserRow> = db.one(sql).await?;
        row.map(User::try_from).transpose()
    }

    /// The tenant's users by e-mail address.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_users(&self, ctx: &Ctx) -> Result<Vec<User>> {
        let db = self.db().read(ctx).await?;
        let sql = db.sql("select * from users where tenant_id = $1 order by email");
        let rows: Vec<UserRow> = db.all(sql).await?;
        rows.into_iter().map(User::try_from).collect()
    }

    /// Stores every field of a user but its id and creation time.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` on `email`.
    pub async fn update_user(&self, ctx: &Ctx, user: &User) -> Result<()> {
        of_tenant(ctx, user.tenant)?;
        let tx = self.db().write(ctx).await?;
        let before = find(&tx, user.id).await?;
        let sql = tx
            .sql(
                "update users set email = $3, name = $4, role = $5, extra_permissions = $6, \
                 password_hash = $7, locale = $8, active = $9 where tenant_id = $1 and id = $2",
            )
            .with([
                user.id.0.into(),
                user.email.as_str().into(),
                user.name.as_str().into(),
                user.role.as_str().into(),
                names_to_text(&user.extra_permissions)?.into(),
                user.password_hash.clone().into(),
                user.locale.as_str().into(),
                user.active.into(),
            ]);
        tx.execute(sql).await?;
        let mut is = of_user(user);
        if before.password_hash != user.password_hash {
            is["password"] = "changed".into();
        }
        let note = Note::new(Action::UserChanged, subject(user));
        let noted = self
            .audited(&tx, ctx, note.change(&of_user(&before), &is))
            .await?;
        tx.commit(noted).await
    }

    /// Deletes a user with their sessions and drafts, and makes the tokens worthless that they made here.
    /// What they wrote keeps their id, which nobody gets again: written by somebody who is gone is not
    /// written by nobody, who is the host and may do everything (decision 0021).
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_user(&self, ctx: &Ctx, id: UserId) -> Result<()> {
        let now = Micros::from(self.inner.ambient.now());
        let tx = self.db().write(ctx).await?;
        let user = find(&tx, id).await?;
        let revoke = tx
            .sql(
                "update tokens set revoked_at = $3 \
                 where tenant_id = $1 and created_by = $2 and revoked_at is null",
            )
            .with([id.0.into(), now.into()]);
        let revoked = tx.execute(revoke).await?;
        let delete = tx
            .sql("delete from users where tenant_id = $1 and id = $2")
            .with([id.0.into()]);
        if tx.execute(delete).await? == 0 {
            return Err(Error::NotFound);
        }
        let note = Note::new(Action::UserDeleted, subject(&user)).before(of_user(&user));
        let note = note.after(json!({ "tokens_revoked": revoked }));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
    }
}

fn subject(user: &User) -> Subject {
    Subject::new(SubjectKind::User, user.id.0, &user.email)
}

pub(crate) async fn find(db: &Scope, id: UserId) -> Result<User> {
    let sql = db
        .sql("select * from users where tenant_id = $1 and id = $2")
        .with([id.0.into()]);
    let row: UserRow = db.one(sql).await?.ok_or(Error::NotFound)?;
    row.try_into()
}

#[derive(FromRow)]
pub(crate) struct UserRow {
    tenant_id: Uuid,
    id: Uuid,
    email: String,
    name: String,
    role: String,
    extra_permissions: String,
    password_hash: Option<String>,
    locale: String,
    active: bool,
    created_at: Micros,
}

impl TryFrom<UserRow> for User {
    type Error = Error;
    fn try_from(row: UserRow) -> Result<Self> {
        Ok(Self {
            id: UserId(row.id),
            tenant: TenantId(row.tenant_id),
            email: row.email,
            name: row.name,
            role: known(Role::from_name(&row.role), "users.role")?,
            extra_permissions: names_from_text(&row.extra_permissions, "users.extra_permissions")?,
            password_hash: row.password_hash,
            locale: row.locale,
            active: row.active,
            created_at: row.created_at.into(),
        })
    }
}

/// Permission names as a JSON array.
pub(crate) fn names_to_text(names: &PermissionSet) -> Result<String> {
    serde_json::to_string(&names.names().collect::<Vec<_>>())
        .map_err(|error| Error::caused("permission names could not be written", error))
}

/// Permission names from a JSON array; unreadable ones are an error, never an empty or full set.
pub(crate) fn names_from_text(text: &str, column: &str) -> Result<PermissionSet> {
    let names: Vec<String> = known(serde_json::from_str(text).ok(), column)?;
    Ok(PermissionSet::from_names(names))
}
