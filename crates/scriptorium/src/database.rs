//! Which database the platform is kept in, and what a PostgreSQL server needs before it can serve:
//! its logins and its tables. Nothing here is needed for SQLite.

use std::path::Path;
use std::time::Duration;

use scriptorium_model::Invalid;
use scriptorium_store::{PostgresOptions, Store};

pub use scriptorium_store::MigrationStatus;

use crate::error::{Error, Result};
use crate::wiring;

/// The PostgreSQL server of the platform, as its logins' URLs.
///
/// With `system` each login is given by its own URL, and `url` is that of the login that acts for
/// one tenant at a time. Without it `url` is that of a superuser, and the four logins are derived:
/// named after `prefix`, with passwords made from the key in `keys/database.key` of the data directory.
#[derive(Clone, Default)]
pub struct Database {
    /// Of the login `app`, or of a superuser.
    pub url: String,
    /// Of the login `system`, which acts across tenants.
    pub system: Option<String>,
    /// Of the login `script`, as which business tables are used; needed when the host declares some.
    pub script: Option<String>,
    /// Of the login `migrator`, the owner of the schema; without it starting never migrates, nor makes
    /// business tables.
    pub migrator: Option<String>,
    /// What the names of derived logins begin with; `scriptorium` by default.
    pub prefix: Option<String>,
    /// A copy of the database that scripts which only read are sent to.
    pub replica: Option<Replica>,
}

/// A streaming replica of the platform's database. The start is refused when it is a copy of another one; while it
/// does not answer, or is too far behind, its statements go to the primary.
#[derive(Clone)]
pub struct Replica {
    /// Of the login `script` at the replica. Where the logins are derived, so is this one, and only host, port,
    /// database and how to connect are taken from here.
    pub url: String,
    /// How far it may be behind, from 2 seconds to an hour.
    pub max_lag: Duration,
}

impl Replica {
    /// How far a replica may be behind when nothing else is said.
    pub const MAX_LAG: Duration = Duration::from_secs(10);

    /// One that may be [`Replica::MAX_LAG`] behind.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_lag: Self::MAX_LAG,
        }
    }
}

/// Makes the four logins, with grants and revokes, or renews them; then the tables. `database.url`
/// is that of a superuser; the key is made when the data directory has none.
///
/// # Errors
/// `database.system` is given, the login is no superuser, or the server refuses.
pub async fn create_roles(data_dir: &Path, database: &Database) -> Result<()> {
    if database.system.is_some() {
        let message = "must be empty: logins are made with database_url alone, a superuser's";
        return Err(Invalid::field("database_url_system", "refused", message).into());
    }
    let key = match Store::database_key(data_dir)? {
        Some(key) => key,
        None => Store::make_database_key(data_dir, &wiring::ambient())?,
    };
    let prefix = database.prefix();
    Store::create_roles(&database.url, &key, prefix).await?;
    migrate(data_dir, Some(database)).await
}

/// Applies the migrations that the database misses: the PostgreSQL server, or the file in the data
/// directory, which no server may have open then.
///
/// # Errors
/// There is no login that may, the schema is newer than this release, or a migration fails.
pub async fn migrate(data_dir: &Path, database: Option<&Database>) -> Result<()> {
    match database {
        Some(database) => Store::migrate(&database.options(data_dir)?).await?,
        // Opening the file migrates it.
        None => {
            let options = scriptorium_store::Options::new(data_dir);
            Store::open(options, wiring::ambient()).await?.close().await;
        }
    }
    Ok(())
}

/// How far the platform's database has come: the PostgreSQL server, or the file in the data
/// directory. Nothing is made or changed.
///
/// # Errors
/// It cannot be read.
pub async fn status(data_dir: &Path, database: Option<&Database>) -> Result<MigrationStatus> {
    let mut options = scriptorium_store::Options::new(data_dir);
    if let Some(database) = database {
        options.postgres = Some(database.options(data_dir)?);
    }
    Ok(Store::migration_status(&options).await?)
}

impl Database {
    /// The logins; the derived ones need the key that [`create_roles`] made.
    pub(crate) fn options(&self, data_dir: &Path) -> Result<PostgresOptions> {
        let Some(system) = &self.system else {
            let key = Store::database_key(data_dir)?.ok_or_else(|| {
                let message = format!(
                    "is a superuser's, and {} has no keys/database.key: run `scriptorium migrate up \
                     --create-roles`, or give database_url_system and the URL of an app login",
                    data_dir.display()
                );
                Error::from(Invalid::field("database_url", "no_key", message))
            })?;
            return self.with_replica(PostgresOptions::derived(&self.url, &key, self.prefix())?);
        };
        let mut options = PostgresOptions::new(&self.url, system)?;
        if let Some(script) = &self.script {
            options = options.with_script(script)?;
        }
        if let Some(migrator) = &self.migrator {
            options = options.with_migrator(migrator)?;
        }
        self.with_replica(options)
    }

    fn with_replica(&self, options: PostgresOptions) -> Result<PostgresOptions> {
        match &self.replica {
            None => Ok(options),
            Some(replica) => Ok(options.with_replica(&replica.url, replica.max_lag)?),
        }
    }

    fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or("scriptorium")
    }
}

impl std::fmt::Debug for Replica {
    /// Without the URL: it holds a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replica")
            .field("max_lag", &self.max_lag)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Database {
    /// Without the URLs: they hold passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("derived", &self.system.is_none())
            .field("prefix", &self.prefix)
            .field("replica", &self.replica.is_some())
            .finish_non_exhaustive()
    }
}
