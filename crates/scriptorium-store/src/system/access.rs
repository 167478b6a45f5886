//! Who is this: the look-ups of sign-in and authentication, which happen before a tenant is known.
//! They say what is stored; whether it is expired, revoked or inactive is the caller's question,
//! except that an ended session reads as missing.

use scriptorium_model::user::{Session, Token, User};
use scriptorium_model::{Ctx, UserId};

use super::ACROSS_TENANTS;
use crate::Store;
use crate::db::{FromRow, Micros};
use crate::error::{Error, Result};
use crate::sessions::SessionRow;
use crate::tokens::TokenRow;
use crate::users::UserRow;

impl Store {
    /// The users of an e-mail address (lower case) in all tenants, or in the one of a slug, the
    /// oldest first, `most` at most; active or not.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn users_of_email(
        &self,
        email: &str,
        tenant: Option<&str>,
        most: u32,
    ) -> Result<Vec<User>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let mut sql = db.sql("select u.* from users u");
        if let Some(slug) = tenant {
            sql.push(" join tenants t on t.id = u.tenant_id and t.slug = ")
                .bind(slug);
        }
        sql.push(" where u.email = ").bind(email);
        sql.push(" order by u.created_at, u.id limit ")
            .bind(i64::from(most));
        let rows: Vec<UserRow> = db.all(sql).await?;
        rows.into_iter().map(User::try_from).collect()
    }

    /// Someone who may act in a tenant: one of its users, or an administrator of the platform, who
    /// may act in all; active or not.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_person(&self, ctx: &Ctx, id: UserId) -> Result<User> {
        let read = async || self.read_person(ctx, id).await;
        self.inner.recall.person(ctx.tenant, id, read).await
    }

    async fn read_person(&self, ctx: &Ctx, id: UserId) -> Result<User> {
        match self.find_user(ctx, id).await {
            Err(Error::NotFound) => {}
            found => return found,
        }
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql("select * from users where id = $1 and role = 'superadmin'")
            .with([id.0.into()]);
        let row: UserRow = db.one(sql).await?.ok_or(Error::NotFound)?;
        row.try_into()
    }

    /// How many users the platform has.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn count_users(&self) -> Result<u64> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let row: Option<Count> = db
            .one(db.sql("select count(*) as number from users"))
            .await?;
        Ok(row.map_or(0, |row| row.number.unsigned_abs()))
    }

    /// The session of a secret's SHA-256, unless it has ended.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_session_by_hash(&self, hash: &[u8; 32]) -> Result<Option<Session>> {
        let now = Micros::from(self.inner.ambient.now());
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql("select * from sessions where secret_hash = $1 and expires_at > $2")
            .with([hash.to_vec().into(), now.into()]);
        let row: Option<SessionRow> = db.one(sql).await?;
        row.map(Session::try_from).transpose()
    }

    /// The token of a secret's SHA-256, revoked and expired ones included.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_token_by_hash(&self, hash: &[u8; 32]) -> Result<Option<Token>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql("select * from tokens where secret_hash = $1")
            .with([hash.to_vec().into()]);
        let row: Option<TokenRow> = db.one(sql).await?;
        row.map(Token::try_from).transpose()
    }
}

#[derive(FromRow)]
struct Count {
    number: i64,
}
