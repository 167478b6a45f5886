//! The API tokens of a tenant. Finding one by its secret is in `system::access`.

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::user::Token;
use scriptorium_model::{Ctx, TenantId, TokenId, UserId, Uuid};
use serde_json::json;

use crate::Store;
use crate::audit::{Note, unaudited};
use crate::db::{FromRow, Micros, known, micros};
use crate::error::{Error, Result};
use crate::sessions::TOUCH_EVERY;
use crate::store::of_tenant;
use crate::users::{names_from_text, names_to_text};

impl Store {
    /// Adds a token.
    ///
    /// # Errors
    /// `NotFound` for an unknown tenant.
    pub async fn create_token(&self, ctx: &Ctx, token: &Token) -> Result<()> {
        of_tenant(ctx, token.tenant)?;
        let tx = self.db().write(ctx).await?;
        tx.execute(
            tx.sql(
                "insert into tokens (tenant_id, id, name, secret_hash, permissions, created_by, \
                 created_at, expires_at, revoked_at, last_used_at) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .with([
                token.id.0.into(),
                token.name.as_str().into(),
                token.secret_hash.to_vec().into(),
                names_to_text(&token.permissions)?.into(),
                token.created_by.map(|user| user.0).into(),
                Micros::from(token.created_at).into(),
                micros(token.expires_at).into(),
                micros(token.revoked_at).into(),
                micros(token.last_used_at).into(),
            ]),
        )
        .await?;
        let permissions: Vec<&str> = token.permissions.names().collect();
        let note = Note::new(Action::TokenCreated, subject(token.id, &token.name)).after(json!({
            "name": token.name,
            "permissions": permissions,
            "expires_at": token.expires_at.map(|at| at.to_string()),
        }));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
    }

    /// The tenant's tokens, revoked ones included, newest first.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_tokens(&self, ctx: &Ctx) -> Result<Vec<Token>> {
        let db = self.db().read(ctx).await?;
        let sql = db.sql("select * from tokens where tenant_id = $1 order by created_at desc, id");
        let rows: Vec<TokenRow> = db.all(sql).await?;
        rows.into_iter().map(Token::try_from).collect()
    }

    /// Makes a token worthless; a second time changes nothing.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn revoke_token(&self, ctx: &Ctx, id: TokenId) -> Result<()> {
        let tx = self.db().write(ctx).await?;
        let now = Micros::from(self.inner.ambient.now());
        let sql = tx
            .sql(
                "update tokens set revoked_at = coalesce(revoked_at, $3) \
                 where tenant_id = $1 and id = $2 returning *",
            )
            .with([id.0.into(), now.into()]);
        let row: TokenRow = tx.one(sql).await?.ok_or(Error::NotFound)?;
        let noted = if row.revoked_at == Some(now) {
            let note = Note::new(Action::TokenRevoked, subject(id, &row.name));
            self.audited(&tx, ctx, note).await?
        } else {
            unaudited("it was revoked before")
        };
        tx.commit(noted).await
    }

    /// Notes that the token was used now; at most one write a minute.
    ///
    /// # Errors
    /// `Platform` only; a token that is gone is no error.
    pub async fn touch_token(&self, ctx: &Ctx, token: &Token) -> Result<()> {
        let now = self.inner.ambient.now();
        let recent = |last| now.duration_since(last).unsigned_abs() < TOUCH_EVERY;
        if token.last_used_at.is_some_and(recent) {
            return Ok(());
        }
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql("update tokens set last_used_at = $3 where tenant_id = $1 and id = $2")
            .with([token.id.0.into(), Micros::from(now).into()]);
        tx.execute(sql).await?;
        tx.commit(unaudited("a use is no change")).await
    }
}

fn subject(id: TokenId, name: &str) -> Subject {
    Subject::new(SubjectKind::Token, id.0, name)
}

#[derive(FromRow)]
pub(crate) struct TokenRow {
    tenant_id: Uuid,
    id: Uuid,
    name: String,
    secret_hash: Vec<u8>,
    permissions: String,
    created_by: Option<Uuid>,
    created_at: Micros,
    expires_at: Option<Micros>,
    revoked_at: Option<Micros>,
    last_used_at: Option<Micros>,
}

impl TryFrom<TokenRow> for Token {
    type Error = Error;
    fn try_from(row: TokenRow) -> Result<Self> {
        Ok(Self {
            id: TokenId(row.id),
            tenant: TenantId(row.tenant_id),
            name: row.name,
            secret_hash: known(row.secret_hash.try_into().ok(), "tokens.secret_hash")?,
            permissions: names_from_text(&row.permissions, "tokens.permissions")?,
            created_by: row.created_by.map(UserId),
            created_at: row.created_at.into(),
            expires_at: row.expires_at.map(Into::into),
            revoked_at: row.revoked_at.map(Into::into),
            last_used_at: row.last_used_at.map(Into::into),
        })
    }
}
