//! Which server, as whom: the URLs of the logins, given one by one or derived from a privileged one
//! and a key that is kept outside the database (D4).

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use scriptorium_model::Invalid;
use sha2::Sha256;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use super::SCHEMA;
use crate::error::Result;

/// The setting of the replica.
const REPLICA: &str = "database_url_replica";

/// How far a replica may be behind: it is looked at every second, and one that is well may be two looks old.
const REPLICA_LAGS: RangeInclusive<Duration> = Duration::from_secs(2)..=Duration::from_secs(3_600);

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
    /// The password of the derived login of scripts' own SQL, which a replica takes, too.
    script_password: Option<String>,
    /// The login of scripts' own SQL at a replica, and how far that may be behind.
    replica: Option<(PgConnectOptions, Duration)>,
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
            script_password: None,
            replica: None,
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

    /// Adds a replica for scripts that only read, as the URL of the login of scripts' own SQL there. Where the
    /// logins are derived, so is this one, and the URL says only where the replica is. One that is further behind
    /// than `max_lag`, from 2 seconds to an hour, is asked nothing.
    ///
    /// # Errors
    /// `Invalid` on `database_url_replica` for what is not a PostgreSQL URL or names another login, on
    /// `database_url_script` when there is no such login, on `replica_max_lag`.
    pub fn with_replica(mut self, url: &str, max_lag: Duration) -> Result<Self> {
        let mut login = parse(REPLICA, url)?;
        if !REPLICA_LAGS.contains(&max_lag) {
            let message = "must be 2 seconds to an hour";
            return Err(Invalid::field("replica_max_lag", "out_of_range", message).into());
        }
        let Some(script) = &self.script else {
            let message = "is needed: scripts use a replica as this login";
            return Err(Invalid::field("database_url_script", "required", message).into());
        };
        let name = script.get_username();
        if let Some(password) = &self.script_password {
            login = login.username(name).password(password);
        } else if login.get_username() != name {
            // What scripts ask would run as whoever it is.
            let message = format!("must be the URL of the login {name} at the replica");
            return Err(Invalid::field(REPLICA, "refused", message).into());
        }
        self.replica = Some((login, max_lag));
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
            script_password: Some(password(key, &format!("{prefix}_script"))),
            replica: None,
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
        let script = self.script.as_ref();
        script.map(|options| of_scripts("database_url_script", options, schema))
    }

    /// The same login at the replica.
    pub(crate) fn replica(&self, schema: &str) -> Option<Result<PgConnectOptions>> {
        let replica = self.replica.as_ref();
        replica.map(|(options, _)| of_scripts(REPLICA, options, schema))
    }

    /// How far the replica may be behind.
    pub(crate) fn max_lag(&self) -> Duration {
        self.replica
            .as_ref()
            .map(|(_, max)| *max)
            .unwrap_or_default()
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
    session_in("database_url", options, SCHEMA)
}

fn of_scripts(setting: &str, options: &PgConnectOptions, schema: &str) -> Result<PgConnectOptions> {
    let path = format!("{schema},pg_temp");
    // What tenants ask is nothing for the operator's log.
    Ok(session_in(setting, options, &path)?.disable_statement_logging())
}

fn session_in(
    setting: &str,
    options: &PgConnectOptions,
    search_path: &str,
) -> Result<PgConnectOptions> {
    if options.get_database().is_none() {
        let message = "must name a database";
        return Err(Invalid::field(setting, "bad_url", message).into());
    }
    Ok(options
        .clone()
        .application_name("scriptorium")
        .statement_cache_capacity(256)
        // Every statement here reads a page or less: to compile one takes seconds and saves nothing.
        .options([("search_path", search_path), ("jit", "off")]))
}
