//! The signed-in browsers of a tenant. Finding one by its secret is in `system::access`.

use std::time::Duration;

use scriptorium_model::user::Session;
use scriptorium_model::{Ctx, SessionId, TenantId, UserId, Uuid};
use sea_orm::FromQueryResult;

use crate::Store;
use crate::audit::unaudited;
use crate::db::{Micros, known};
use crate::error::{Error, Result};
use crate::store::of_tenant;

/// Uses within this time of the last recorded one are not recorded: "last used" is for people, and
/// a commit for every request would cost more than it tells.
pub(crate) const TOUCH_EVERY: Duration = Duration::from_secs(60);

impl Store {
    /// Adds a session.
    ///
    /// # Errors
    /// `NotFound` when the user is not of the tenant.
    pub async fn create_session(&self, ctx: &Ctx, session: &Session) -> Result<()> {
        of_tenant(ctx, session.tenant)?;
        let tx = self.db().write(ctx).await?;
        tx.execute(
            tx.sql(
                "insert into sessions (tenant_id, id, user_id, secret_hash, created_at, \
                 last_used_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)",
            )
            .with([
                session.id.0.into(),
                session.user.0.into(),
                session.secret_hash.to_vec().into(),
                Micros::from(session.created_at).into(),
                Micros::from(session.last_used_at).into(),
                Micros::from(session.expires_at).into(),
            ]),
        )
        .await?;
        tx.commit(unaudited("to be noted")).await
    }

    /// Notes that the session was used now; at most one write a minute.
    ///
    /// # Errors
    /// `Platform` only; a session that is gone is no error.
    pub async fn touch_session(&self, ctx: &Ctx, session: &Session) -> Result<()> {
        let now = self.inner.ambient.now();
        if now.duration_since(session.last_used_at).unsigned_abs() < TOUCH_EVERY {
            return Ok(());
        }
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql("update sessions set last_used_at = $3 where tenant_id = $1 and id = $2")
            .with([session.id.0.into(), Micros::from(now).into()]);
        tx.execute(sql).await?;
        tx.commit(unaudited("to be noted")).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_session(&self, ctx: &Ctx, id: SessionId) -> Result<()> {
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql("delete from sessions where tenant_id = $1 and id = $2")
            .with([id.0.into()]);
        if tx.execute(sql).await? == 0 {
            return Err(Error::NotFound);
        }
        tx.commit(unaudited("to be noted")).await
    }

    /// Ends all sessions of a user; how many there were.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn delete_sessions_of_user(&self, ctx: &Ctx, user: UserId) -> Result<u64> {
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql("delete from sessions where tenant_id = $1 and user_id = $2")
            .with([user.0.into()]);
        let ended = tx.execute(sql).await?;
        tx.commit(unaudited("to be noted")).await?;
        Ok(ended)
    }
}

#[derive(FromQueryResult)]
pub(crate) struct SessionRow {
    tenant_id: Uuid,
    id: Uuid,
    user_id: Uuid,
    secret_hash: Vec<u8>,
    created_at: Micros,
    last_used_at: Micros,
    expires_at: Micros,
}

impl TryFrom<SessionRow> for Session {
    type Error = Error;
    fn try_from(row: SessionRow) -> Result<Self> {
        Ok(Self {
            id: SessionId(row.id),
            tenant: TenantId(row.tenant_id),
            user: UserId(row.user_id),
            secret_hash: known(row.secret_hash.try_into().ok(), "sessions.secret_hash")?,
            created_at: row.created_at.into(),
            last_used_at: row.last_used_at.into(),
            expires_at: row.expires_at.into(),
        })
    }
}
