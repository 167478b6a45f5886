//! Which server, as whom: the URLs of the logins, given one by one or derived from a privileged one
//! and a key that is kept outside the database (D4).

use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use scriptorium_model::Invalid;
use sha2::Sha256;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use super::SCHEMA;
use crate::error::{Error, Result};

/// A PostgreSQL server and the logins to it.
#[derive(Clone)]
pub struct PostgresOptions {
    /// The login that acts for one tenant at a time.
    app: PgConnectOptions,
    /// The login that acts across tenants.
    system: PgConnectOptions,
    /// The login of scripts' own SQL.
    script: Option<PgConnectOptions>,
    /// The owner of the schema; without it nothing is migrated.
    migrator: Option<PgConnectOptions>,
    /// Connections of each pool, at least 1; 8 when nothing is said.
    pub connections: u32,
    /// Whose clock decides about leases.
    pub clock: Clock,
}

/// Whose clock decides whether a lease has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The server's, so that nodes with different clocks agree.
    Server,
    /// That of `Ambient`, for tests that move it.
    Ambient,
}

impl PostgresOptions {
    /// The logins that serve requests, as URLs.
    ///
    /// # Errors
    /// `Invalid` for what is not a PostgreSQL URL, naming the setting.
    pub fn new(app: &str, system: &str) -> Result<Self> {
        Ok(Self {
            app: parse("database_url", app)?,
            system: parse("database_url_system", system)?,
            script: None,
            migrator: None,
            connections: 8,
            clock: Clock::Server,
        })
    }

    /// Adds the login of scripts' own SQL.
    ///
    /// # Errors
    /// As [`PostgresOptions::new`].
    pub fn with_script(mut self, url: &str) -> Result<Self> {
        self.script = Some(parse("database_url_script", url)?);
        Ok(self)
    }

    /// Adds the owner of the schema, so that opening the store migrates it.
    ///
    /// # Errors
    /// As [`PostgresOptions::new`].
    pub fn with_migrator(mut self, url: &str) -> Result<Self> {
        self.migrator = Some(parse("database_url_migrator", url)?);
        Ok(self)
    }

    /// All four logins on the server of a privileged URL: named after `prefix`, with passwords made
    /// from a key that is kept outside the database. `Store::create_roles` makes them.
    ///
    /// # Errors
    /// As [`PostgresOptions::new`]; `Invalid` on `database_role_prefix`.
    pub fn derived(privileged: &str, key: &[u8; 32], prefix: &str) -> Result<Self> {
        let base = parse("database_url", privileged)?;
        check_prefix(prefix)?;
        let login = |role: &str| {
            let name = format!("{prefix}_{role}");
            let password = password(key, &name);
            base.clone().username(&name).password(&password)
        };
        Ok(Self {
            app: login("app"),
            system: login("system"),
            script: Some(login("script")),
            migrator: Some(login("migrator")),
            connections: 8,
            clock: Clock::Server,
        })
    }

    /// The names of the logins: app, system, script, migrator.
    pub(crate) fn names(&self) -> [Option<&str>; 4] {
        [
            Some(self.app.get_username()),
            Some(self.system.get_username()),
            self.script.as_ref().map(PgConnectOptions::get_username),
            self.migrator.as_ref().map(PgConnectOptions::get_username),
        ]
    }

    pub(crate) fn app(&self) -> Result<PgConnectOptions> {
        session(&self.app)
    }

    pub(crate) fn system(&self) -> Result<PgConnectOptions> {
        session(&self.system)
    }

    pub(crate) fn migrator(&self) -> Option<Result<PgConnectOptions>> {
        self.migrator.as_ref().map(session)
    }

    /// The login of scripts' own SQL, in sessions that find their tables in `schema`. A temporary
    /// table, which nobody may make, would come after those.
    pub(crate) fn script(&self, schema: &str) -> Option<Result<PgConnectOptions>> {
        let path = format!("{schema},pg_temp");
        self.script.as_ref().map(|options| {
            // What tenants ask is nothing for the operator's log.
            Ok(session_in(options, &path)?.disable_statement_logging())
        })
    }
}

impl std::fmt::Debug for PostgresOptions {
    /// Without the passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("app", &shown(&self.app))
            .field("logins", &self.names())
            .field("connections", &self.connections)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// The password of a derived login: nobody has to keep it, and the database alone does not tell it.
pub(super) fn password(key: &[u8; 32], login: &str) -> String {
    // A short key is filled up with zeroes, says RFC 2104.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(b"scriptorium login\0");
    mac.update(login.as_bytes());
    let digest = mac.finalize().into_bytes();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn parse(setting: &'static str, url: &str) -> Result<PgConnectOptions> {
    let known = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let options = known
        .then(|| PgConnectOptions::from_str(url).ok())
        .flatten();
    options.ok_or_else(|| {
        let message = "must be a URL such as postgres://login:password@host:5432/database";
        Invalid::field(setting, "bad_url", message).into()
    })
}

pub(super) fn check_prefix(prefix: &str) -> Result<()> {
    let fits = (1..=40).contains(&prefix.len())
        && prefix.starts_with(|c: char| c.is_ascii_lowercase())
        && prefix
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if fits {
        return Ok(());
    }
    let message = "must be 1 to 40 lower-case letters, digits and _, beginning with a letter";
    Err(Invalid::field("database_role_prefix", "bad_name", message).into())
}

/// Which server, for messages: never the password.
pub(super) fn shown(options: &PgConnectOptions) -> String {
    let host = options.get_socket().map_or_else(
        || format!("{}:{}", options.get_host(), options.get_port()),
        |path| path.display().to_string(),
    );
    let database = options.get_database().unwrap_or("?");
    format!("{database} at {host} as {}", options.get_username())
}

fn session(options: &PgConnectOptions) -> Result<PgConnectOptions> {
    session_in(options, SCHEMA)
}

fn session_in(options: &PgConnectOptions, search_path: &str) -> Result<PgConnectOptions> {
    if options.get_database().is_none() {
        let message = "must name a database";
        return Err(Error::from(Invalid::field(
            "database_url",
            "bad_url",
            message,
        )));
    }
    Ok(options
        .clone()
        .application_name("scriptorium")
        .statement_cache_capacity(256)
        // Every statement here reads a page or less: to compile one takes seconds and saves nothing.
        .options([("search_path", search_path), ("jit", "off")]))
}
