//! What endpoints accept signatures of, and which signed requests have come already. A secret is stored
//! sealed ([`crate::seal`]); it is read to check signatures, never to show it.

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::{Ctx, ScriptId, SigningSecretId, Timestamp, UserId, Uuid};
use serde_json::json;

use crate::Store;
use crate::audit::{Note, unaudited};
use crate::db::{FromRow, Micros};
use crate::error::{Error, Result};
use crate::scripts::lock;
use crate::seal::{Slot, Whose};
use crate::store::Change;

/// Most secrets of one endpoint: one in use, and those that are on their way in or out.
pub const SIGNING_SECRETS: i64 = 5;

/// A secret of an endpoint, but for its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningSecret {
    /// Its id.
    pub id: SigningSecretId,
    /// Who gave it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
}

impl Store {
    /// Gives an endpoint one more secret.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` on `secret` (`too_many_secrets`) when it has [`SIGNING_SECRETS`].
    pub async fn add_signing_secret(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        secret: &[u8],
    ) -> Result<SigningSecret> {
        let ambient = &self.inner.ambient;
        let made = SigningSecret {
            id: ambient.new_id(),
            created_by: ctx.actor.user(),
            created_at: ambient.now(),
        };
        let whose = Whose {
            tenant: ctx.tenant,
            slot: Slot::Signing(script, made.id),
        };
        let sealed = self.inner.seal.seal(ambient, &whose, secret)?;
        let tx = self.db().write(ctx).await?;
        let name = lock(&tx, script).await?.ok_or(Error::NotFound)?;
        let sql = tx
            .sql(
                "select count(*) as number from signing_secrets \
                 where tenant_id = $1 and script_id = $2",
            )
            .with([script.0.into()]);
        let count: Option<Count> = tx.one(sql).await?;
        if count.is_some_and(|row| row.number >= SIGNING_SECRETS) {
            return Err(Error::Conflict {
                what: "too_many_secrets",
                field: "secret",
            });
        }
        tx.execute(
            tx.sql(
                "insert into signing_secrets \
                 (tenant_id, id, script_id, sealed, created_by, created_at) \
                 values ($1, $2, $3, $4, $5, $6)",
            )
            .with([
                made.id.0.into(),
                script.0.into(),
                sealed.into(),
                made.created_by.map(|user| user.0).into(),
                Micros::from(made.created_at).into(),
            ]),
        )
        .await?;
        let note = note(script, &name).after(json!({ "signing_secret_added": made.id.0 }));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        self.signal(Change::Endpoints);
        Ok(made)
    }

    /// Takes a secret from an endpoint; signatures of it are worth nothing from then on.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn remove_signing_secret(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        id: SigningSecretId,
    ) -> Result<()> {
        let tx = self.db().write(ctx).await?;
        let name = lock(&tx, script).await?.ok_or(Error::NotFound)?;
        let sql = tx
            .sql(
                "delete from signing_secrets \
                 where tenant_id = $1 and script_id = $2 and id = $3",
            )
            .with([script.0.into(), id.0.into()]);
        if tx.execute(sql).await? == 0 {
            return Err(Error::NotFound);
        }
        let note = note(script, &name).before(json!({ "signing_secret_removed": id.0 }));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        self.signal(Change::Endpoints);
        Ok(())
    }

    /// The secrets of an endpoint, the oldest first, without their texts.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_signing_secrets(
        &self,
        ctx: &Ctx,
        script: ScriptId,
    ) -> Result<Vec<SigningSecret>> {
        let rows = self.signing_rows(ctx, script).await?;
        Ok(rows.into_iter().map(SigningSecret::from).collect())
    }

    /// What signatures are accepted of, the oldest first.
    ///
    /// # Errors
    /// `Platform` only, also when a secret was not sealed by this platform for this place.
    pub async fn signing_keys(&self, ctx: &Ctx, script: ScriptId) -> Result<Vec<Vec<u8>>> {
        let rows = self.signing_rows(ctx, script).await?;
        let open = |row: SecretRow| {
            let whose = Whose {
                tenant: ctx.tenant,
                slot: Slot::Signing(script, SigningSecretId(row.id)),
            };
            self.inner.seal.open(&whose, &row.sealed)
        };
        rows.into_iter().map(open).collect()
    }

    /// Notes that a signed request was accepted, until an instant; false when it was before.
    ///
    /// # Errors
    /// `NotFound` when the script is gone.
    pub async fn accept_signed(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        digest: &[u8; 32],
        until: Timestamp,
    ) -> Result<bool> {
        let now = Micros::from(self.inner.ambient.now());
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql(
                "delete from signed_requests \
                 where tenant_id = $1 and script_id = $2 and expires_at <= $3",
            )
            .with([script.0.into(), now.into()]);
        tx.execute(sql).await?;
        let sql = tx
            .sql(
                "insert into signed_requests (tenant_id, script_id, digest, expires_at) \
                 values ($1, $2, $3, $4) on conflict do nothing",
            )
            .with([
                script.0.into(),
                digest.to_vec().into(),
                Micros::from(until).into(),
            ]);
        let is_new = tx.execute(sql).await? > 0;
        tx.commit(unaudited("the execution is told of")).await?;
        Ok(is_new)
    }

    /// Forgets a signed request that came to nothing, so that it may come again.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn forget_signed(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        digest: &[u8; 32],
    ) -> Result<()> {
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql(
                "delete from signed_requests \
                 where tenant_id = $1 and script_id = $2 and digest = $3",
            )
            .with([script.0.into(), digest.to_vec().into()]);
        tx.execute(sql).await?;
        tx.commit(unaudited("the execution is told of")).await
    }

    async fn signing_rows(&self, ctx: &Ctx, script: ScriptId) -> Result<Vec<SecretRow>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "select id, sealed, created_by, created_at from signing_secrets \
                 where tenant_id = $1 and script_id = $2 order by created_at, id",
            )
            .with([script.0.into()]);
        db.all(sql).await
    }
}

fn note(script: ScriptId, name: &str) -> Note {
    Note::new(
        Action::ScriptChanged,
        Subject::new(SubjectKind::Script, script.0, name),
    )
}

#[derive(FromRow)]
struct Count {
    number: i64,
}

#[derive(FromRow)]
struct SecretRow {
    id: Uuid,
    sealed: Vec<u8>,
    created_by: Option<Uuid>,
    created_at: Micros,
}

impl From<SecretRow> for SigningSecret {
    fn from(row: SecretRow) -> Self {
        Self {
            id: SigningSecretId(row.id),
            created_by: row.created_by.map(UserId),
            created_at: row.created_at.into(),
        }
    }
}
