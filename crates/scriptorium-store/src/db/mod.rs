//! The only door to the database. A statement on a tenant's tables goes through [`Db::read`] or
//! [`Db::write`], which take the tenant from the operation context, bind it as `$1` and, on
//! PostgreSQL, tell it to row-level security; a statement across tenants needs the key that only
//! `crate::system` can make.

pub(crate) mod cursor;
pub(crate) mod migrations;
#[cfg(test)]
#[path = "tests/mutants.rs"]
pub(crate) mod mutants;
pub(crate) mod postgres;
mod row;
mod sql;
mod sqlite;
mod value;
mod writes;

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_recursion::async_recursion as boxed;
use scriptorium_model::{Ctx, TenantId, Timestamp};
pub(crate) use scriptorium_store_derive::FromRow;
use sqlx::postgres::PgRow;

use self::postgres::{Access, Postgres};
pub(crate) use self::row::{FromRow, Row};
pub(crate) use self::sql::Sql;
use self::sqlite::{Connection, Question, Readers};
pub(crate) use self::sqlite::{File, applied, open};
pub(crate) use self::value::{Micros, Value, json, known, micros, number, opt_json};
use self::writes::Writing;
pub(crate) use self::writes::{Moment, Writes};
use crate::audit::Noted;
use crate::error::{Error, Result};
use crate::system::AcrossTenants;

/// Which database is behind the store; the few statements that differ ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// One file, one writer at a time.
    Sqlite,
    /// A server, several writers, rows locked by `for update`.
    Postgres,
}

/// The pools of one database.
#[derive(Clone, Debug)]
pub(crate) enum Db {
    /// A single writing connection, several reading ones.
    Sqlite(File),
    /// One pool for each login.
    Postgres(Postgres),
}

/// Statements that are all about one tenant, or about all.
pub(crate) struct Scope {
    conn: Conn,
    tenant: Option<TenantId>,
    /// Counts it when it changes what is remembered.
    writing: Option<Arc<Writing>>,
}

/// A scope whose statements commit together; rolled back unless committed.
pub(crate) struct Tx(Scope);

enum Conn {
    Readers(Arc<Readers>),
    Sqlite(sqlite::Transaction),
    Postgres(postgres::Transaction),
}

impl Db {
    /// Reads of the tenant of `ctx`.
    pub(crate) async fn read(&self, ctx: &Ctx) -> Result<Scope> {
        self.reading(Some(ctx.tenant)).await
    }

    /// A transaction in the tenant of `ctx`.
    pub(crate) async fn write(&self, ctx: &Ctx) -> Result<Tx> {
        self.writing(Some(ctx.tenant)).await
    }

    /// Reads across tenants.
    pub(crate) async fn read_all(&self, _: AcrossTenants) -> Result<Scope> {
        self.reading(None).await
    }

    /// A transaction across tenants.
    pub(crate) async fn write_all(&self, _: AcrossTenants) -> Result<Tx> {
        self.writing(None).await
    }

    /// A transaction that goes from tenant to tenant by [`Scope::enter`]; nothing is to be seen on
    /// PostgreSQL before.
    #[boxed]
    pub(crate) async fn write_each(&self, _: AcrossTenants) -> Result<Tx> {
        match self {
            Self::Sqlite(_) => self.writing(None).await,
            Self::Postgres(server) => Ok(Tx(Scope {
                conn: Conn::Postgres(server.begin_watched().await?),
                tenant: None,
                writing: None,
            })),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Overwrites what was deleted, where that is quick; a server of PostgreSQL does it in its own time.
    pub(crate) async fn forget_deleted(&self) {
        if let Self::Sqlite(file) = self
            && let Err(error) = file.forget_deleted().await
        {
            tracing::warn!(%error, "what was deleted is still in unused pages of the database");
        }
    }

    /// Does work that writes much where each of its statements is asked at once. It is given up when this is
    /// dropped.
    pub(crate) async fn apart<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T> {
        match self {
            Self::Sqlite(file) => file.apart(work).await,
            Self::Postgres(_) => Ok(work.await),
        }
    }

    /// Waits for running statements and closes the pools.
    #[boxed]
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(file) => file.close().await,
            Self::Postgres(postgres) => postgres.close().await,
        }
    }

    #[boxed]
    async fn reading(&self, tenant: Option<TenantId>) -> Result<Scope> {
        let conn = match self {
            Self::Sqlite(file) => Conn::Readers(Arc::clone(&file.read)),
            Self::Postgres(server) => Conn::Postgres(server.begin(tenant, Access::Read).await?),
        };
        Ok(Scope {
            conn,
            tenant,
            writing: None,
        })
    }

    #[boxed]
    async fn writing(&self, tenant: Option<TenantId>) -> Result<Tx> {
        let (conn, writing) = match self {
            Self::Sqlite(file) => {
                let tx = file.write.begin().await?;
                (Conn::Sqlite(tx), Some(file.writes.begun()))
            }
            Self::Postgres(server) => {
                let tx = server.begin(tenant, Access::Write).await?;
                (Conn::Postgres(tx), None)
            }
        };
        Ok(Tx(Scope {
            conn,
            tenant,
            writing,
        }))
    }

    /// What tells whether rows may have changed; `None` where other processes write, too.
    pub(crate) fn writes(&self) -> Option<Arc<Writes>> {
        match self {
            Self::Sqlite(file) => Some(Arc::clone(&file.writes)),
            Self::Postgres(_) => None,
        }
    }
}

/// Statements of this process, since it began.
static STATEMENTS: AtomicU64 = AtomicU64::new(0);

/// Statements on the platform's own tables that this process has sent since it began; those that only
/// begin or end a transaction are not counted.
pub(crate) fn statements() -> u64 {
    STATEMENTS.load(Ordering::Relaxed)
}

/// One more.
pub(crate) fn count_statement() {
    STATEMENTS.fetch_add(1, Ordering::Relaxed);
}

impl Scope {
    /// Which database the statements are for.
    pub(crate) fn dialect(&self) -> Dialect {
        match self.conn {
            Conn::Readers(_) | Conn::Sqlite(_) => Dialect::Sqlite,
            Conn::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Whether it is about all tenants.
    pub(crate) fn sees_all(&self) -> bool {
        self.tenant.is_none()
    }

    /// Starts a statement; in a tenant's scope `$1` is the tenant.
    pub(crate) fn sql(&self, text: &'static str) -> Sql {
        Sql::new(
            text,
            self.tenant.map(|tenant| tenant.0.into()),
            self.dialect(),
        )
    }

    /// Starts a statement whose `$1` is the tenant, in a scope of that tenant or of all.
    pub(crate) fn sql_of(&self, tenant: TenantId, text: &'static str) -> Sql {
        let tenant = self.tenant.unwrap_or(tenant);
        Sql::new(text, Some(tenant.0.into()), self.dialect())
    }

    /// Says whose rows the statements that follow are about, in a transaction of
    /// [`Db::write_each`].
    #[boxed]
    pub(crate) async fn enter(&self, tenant: TenantId) -> Result<()> {
        if let Conn::Postgres(tx) = &self.conn {
            tx.enter(tenant).await?;
        }
        Ok(())
    }

    /// The instant that leases are compared with: the server's on PostgreSQL, so that nodes whose
    /// clocks differ agree, and `now` on SQLite, whose only process has one clock.
    #[boxed]
    pub(crate) async fn lease_clock(&self, now: Timestamp) -> Result<Micros> {
        match &self.conn {
            Conn::Postgres(tx) if tx.keeps_time() => {
                count_statement();
                Ok(Micros(tx.now().await?))
            }
            _ => Ok(now.into()),
        }
    }

    /// The rows of a query.
    pub(crate) async fn all<R: FromRow>(&self, sql: Sql) -> Result<Vec<R>> {
        match &self.conn {
            Conn::Readers(readers) => readers.ask(self.question(sql), Connection::all).await,
            Conn::Sqlite(tx) => {
                let question = self.question(sql);
                tx.ask(move |connection| connection.all(&question)).await
            }
            Conn::Postgres(tx) => {
                let rows = self.rows(tx, sql).await?;
                rows.iter()
                    .map(|row| R::from_row(&Row::Postgres(row)))
                    .collect()
            }
        }
    }

    /// The first row of a query.
    pub(crate) async fn one<R: FromRow>(&self, sql: Sql) -> Result<Option<R>> {
        match &self.conn {
            Conn::Readers(readers) => readers.ask(self.question(sql), Connection::one).await,
            Conn::Sqlite(tx) => {
                let question = self.question(sql);
                tx.ask(move |connection| connection.one(&question)).await
            }
            Conn::Postgres(tx) => {
                let rows = self.rows(tx, sql).await?;
                rows.first()
                    .map(|row| R::from_row(&Row::Postgres(row)))
                    .transpose()
            }
        }
    }

    /// Runs a statement; the number of rows it changed.
    #[boxed]
    pub(crate) async fn execute(&self, sql: Sql) -> Result<u64> {
        match &self.conn {
            Conn::Readers(readers) => {
                let question = self.question(sql);
                readers.ask(question, Connection::execute).await
            }
            Conn::Sqlite(tx) => {
                let question = self.question(sql);
                tx.ask(move |connection| connection.execute(&question))
                    .await
            }
            Conn::Postgres(tx) => {
                let (text, values) = self.parts(sql);
                tx.execute(text, values).await
            }
        }
    }

    #[boxed]
    async fn rows(&self, tx: &postgres::Transaction, sql: Sql) -> Result<Vec<PgRow>> {
        let (text, values) = self.parts(sql);
        tx.query(text, values).await
    }

    fn question(&self, sql: Sql) -> Question {
        let (text, values) = self.parts(sql);
        Question { text, values }
    }

    fn parts(&self, sql: Sql) -> (String, Vec<Value>) {
        count_statement();
        let (text, values) = sql.into_parts();
        #[cfg(test)]
        let text = mutants::applied(text);
        tracing::trace!(target: "scriptorium_store::statement", text = text.as_str());
        if let Some(writing) = &self.writing {
            writing.sees(&text);
        }
        debug_assert!(
            self.tenant.is_none() || text.contains("$1"),
            "a statement in a tenant's scope names the tenant: {text}"
        );
        (text, values)
    }
}

impl Conn {
    #[boxed]
    async fn commit(self) -> Result<()> {
        match self {
            Self::Readers(_) => {}
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    #[boxed]
    async fn rollback(self) -> Result<()> {
        match self {
            Self::Readers(_) => {}
            Self::Sqlite(tx) => tx.rollback().await?,
            Self::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

impl Deref for Tx {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.0
    }
}

impl Tx {
    /// Makes it durable. What it leaves in the audit trail has been said before.
    pub(crate) async fn commit(self, _: Noted) -> Result<()> {
        let Scope { conn, writing, .. } = self.0;
        let committed = conn.commit().await;
        if let Some(writing) = writing.filter(|_| committed.is_ok()) {
            writing.end();
        }
        committed
    }

    /// Forgets what was done since `begin`; also what dropping does.
    pub(crate) async fn rollback(self) -> Result<()> {
        let Scope { conn, writing, .. } = self.0;
        let gone = conn.rollback().await;
        if let Some(writing) = writing.filter(|_| gone.is_ok()) {
            writing.end();
        }
        gone
    }

    /// A part of this transaction that can be rolled back alone.
    #[boxed]
    pub(crate) async fn savepoint(&self) -> Result<Savepoint> {
        let conn = match &self.0.conn {
            Conn::Readers(_) => return Err(Error::platform("only transactions have parts")),
            Conn::Sqlite(tx) => Conn::Sqlite(tx.savepoint().await?),
            Conn::Postgres(tx) => Conn::Postgres(tx.savepoint().await?),
        };
        Ok(Savepoint(Tx(Scope {
            conn,
            tenant: self.0.tenant,
            writing: self.0.writing.clone(),
        })))
    }
}

/// A part of a transaction. What it did becomes durable with the transaction, which is who says
/// what all of it leaves in the audit trail.
pub(crate) struct Savepoint(Tx);

impl Savepoint {
    /// Keeps what was done since.
    pub(crate) async fn release(self) -> Result<()> {
        self.0.0.conn.commit().await
    }

    /// Forgets what was done since. The transaction goes on.
    pub(crate) async fn rollback(self) -> Result<()> {
        self.0.0.conn.rollback().await
    }
}

impl Deref for Savepoint {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.0
    }
}
