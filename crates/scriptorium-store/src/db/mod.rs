//! The only door to the database. A statement on a tenant's tables goes through [`Db::read`] or
//! [`Db::write`], which take the tenant from the operation context and bind it as `$1`;
//! a statement across tenants needs the key that only `crate::system` can make.

pub(crate) mod cursor;
mod sql;
mod sqlite;
mod value;

use scriptorium_model::{Ctx, TenantId};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, FromQueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

pub(crate) use self::sql::Sql;
pub(crate) use self::sqlite::{known_schema, open};
pub(crate) use self::value::{Micros, json, known, micros, number, opt_json};
use crate::audit::Noted;
use crate::error::Result;
use crate::system::AcrossTenants;

/// The pools of one database: a single writing connection, several reading ones.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    write: DatabaseConnection,
    read: DatabaseConnection,
}

/// A connection or transaction on which every statement is about one tenant, or about all.
pub(crate) struct Scope<C> {
    conn: C,
    tenant: Option<TenantId>,
}

/// Statements that commit together.
pub(crate) type Tx = Scope<DatabaseTransaction>;

impl Db {
    pub(crate) fn new(write: DatabaseConnection, read: DatabaseConnection) -> Self {
        Self { write, read }
    }

    /// Reads of the tenant of `ctx`.
    pub(crate) async fn read(&self, ctx: &Ctx) -> Result<Scope<DatabaseConnection>> {
        Ok(self.reading(Some(ctx.tenant)))
    }

    /// A transaction in the tenant of `ctx`; rolled back unless committed.
    pub(crate) async fn write(&self, ctx: &Ctx) -> Result<Tx> {
        self.writing(Some(ctx.tenant)).await
    }

    /// Reads across tenants.
    pub(crate) async fn read_all(&self, _: AcrossTenants) -> Result<Scope<DatabaseConnection>> {
        Ok(self.reading(None))
    }

    /// A transaction across tenants; rolled back unless committed.
    pub(crate) async fn write_all(&self, _: AcrossTenants) -> Result<Tx> {
        self.writing(None).await
    }

    /// Waits for running statements and closes both pools.
    pub(crate) async fn close(&self) {
        let closed = [
            self.read.close_by_ref().await,
            self.write.close_by_ref().await,
        ];
        for error in closed.into_iter().filter_map(std::result::Result::err) {
            tracing::warn!(%error, "closing the database");
        }
    }

    fn reading(&self, tenant: Option<TenantId>) -> Scope<DatabaseConnection> {
        Scope {
            conn: self.read.clone(),
            tenant,
        }
    }

    async fn writing(&self, tenant: Option<TenantId>) -> Result<Tx> {
        // Taking the write lock at once avoids SQLITE_BUSY in the middle of a transaction.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let conn = self.write.begin_with_options(options).await?;
        Ok(Scope { conn, tenant })
    }
}

impl<C: ConnectionTrait> Scope<C> {
    /// Starts a statement; in a tenant's scope `$1` is the tenant.
    pub(crate) fn sql(&self, text: &'static str) -> Sql {
        Sql::new(text, self.tenant.map(|tenant| tenant.0.into()))
    }

    /// The rows of a query.
    pub(crate) async fn all<R: FromQueryResult>(&self, sql: Sql) -> Result<Vec<R>> {
        let rows = self.conn.query_all_raw(self.statement(sql)).await?;
        let rows = rows.iter().map(|row| R::from_query_result(row, ""));
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// The first row of a query.
    pub(crate) async fn one<R: FromQueryResult>(&self, sql: Sql) -> Result<Option<R>> {
        let row = self.conn.query_one_raw(self.statement(sql)).await?;
        Ok(row.map(|row| R::from_query_result(&row, "")).transpose()?)
    }

    /// Runs a statement; the number of rows it changed.
    pub(crate) async fn execute(&self, sql: Sql) -> Result<u64> {
        let done = self.conn.execute_raw(self.statement(sql)).await?;
        Ok(done.rows_affected())
    }

    fn statement(&self, sql: Sql) -> Statement {
        let (text, values) = sql.into_parts();
        debug_assert!(
            self.tenant.is_none() || text.contains("$1"),
            "a statement in a tenant's scope names the tenant: {text}"
        );
        Statement::from_sql_and_values(self.conn.get_database_backend(), text, values)
    }
}

impl Tx {
    /// Makes it durable. What it leaves in the audit trail has been said before.
    pub(crate) async fn commit(self, _: Noted) -> Result<()> {
        Ok(self.conn.commit().await?)
    }

    /// Forgets what was done since `begin`; also what dropping does.
    pub(crate) async fn rollback(self) -> Result<()> {
        Ok(self.conn.rollback().await?)
    }

    /// A part of this transaction that can be rolled back alone.
    pub(crate) async fn savepoint(&self) -> Result<Savepoint> {
        Ok(Savepoint(Scope {
            conn: self.conn.begin().await?,
            tenant: self.tenant,
        }))
    }
}

/// A part of a transaction. What it did becomes durable with the transaction, which is who says
/// what all of it leaves in the audit trail.
pub(crate) struct Savepoint(Tx);

impl Savepoint {
    /// Keeps what was done since.
    pub(crate) async fn release(self) -> Result<()> {
        Ok(self.0.conn.commit().await?)
    }

    /// Forgets what was done since.
    pub(crate) async fn rollback(self) -> Result<()> {
        self.0.rollback().await
    }
}

impl std::ops::Deref for Savepoint {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.0
    }
}
