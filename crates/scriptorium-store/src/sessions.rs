//! The signed-in browsers of a tenant. Finding one by its secret is in `system::access`.

use std::time::Duration;

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::user::{Session, User};
use scriptorium_model::{Ctx, SessionId, TenantId, UserId, Uuid};
use serde_json::json;

use crate::Store;
use crate::audit::{By, Note, Said, unaudited};
use crate::db::{FromRow, Micros, Tx, known};
use crate::error::{Error, Result};
use crate::store::of_tenant;
use crate::users;

/// Uses within this time of the last recorded one are not recorded: "last used" is for people, and
/// a commit for every request would cost more than it tells.
pub(crate) const TOUCH_EVERY: Duration = Duration::from_secs(60);

impl Store {
    /// Adds a session: its user has signed in.
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
        let note = self
            .sign_in_note(&tx, Action::UserSignedIn, session.user)
            .await?;
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
    }

    /// Leaves an entry about a failed sign-in of a known user, without waiting for it; of `ctx`
    /// only the origin counts.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn note_failed_sign_in(&self, ctx: &Ctx, user: &User) -> Result<()> {
        of_tenant(ctx, user.tenant)?;
        let subject = Subject::new(SubjectKind::User, user.id.0, &user.email);
        let note = Note::new(Action::UserSignInFailed, subject);
        let by = By::stranger(ctx.origin.clone());
        self.inner
            .writer
            .say(Said::one(user.tenant, &by, note))
            .await
    }

    async fn sign_in_note(&self, tx: &Tx, action: Action, user: UserId) -> Result<Note> {
        let email = users::find(tx, user).await.map(|user| user.email);
        let email = match email {
            Err(Error::NotFound) => String::new(),
            email => email?,
        };
        let subject = Subject::new(SubjectKind::User, user.0, &email);
        Ok(Note::new(action, subject))
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
        tx.commit(unaudited("a use is no change")).await
    }

    /// Ends a session: its user signs out.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_session(&self, ctx: &Ctx, id: SessionId) -> Result<()> {
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql("delete from sessions where tenant_id = $1 and id = $2 returning *")
            .with([id.0.into()]);
        let row: SessionRow = tx.one(sql).await?.ok_or(Error::NotFound)?;
        let user = UserId(row.user_id);
        let note = self.sign_in_note(&tx, Action::UserSignedOut, user).await?;
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
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
        let noted = if ended > 0 {
            let note = self.sign_in_note(&tx, Action::SessionsEnded, user).await?;
            let note = note.after(json!({ "count": ended }));
            self.audited(&tx, ctx, note).await?
        } else {
            unaudited("there was none")
        };
        tx.commit(noted).await?;
        Ok(ended)
    }
}

#[derive(FromRow)]
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
