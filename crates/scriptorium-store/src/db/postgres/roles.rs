//! The logins of D4: making them with their grants and revokes, which are SQL files that one can
//! read, and refusing at start a login that would pass the wall.

use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};

use super::settings::{check_prefix, parse, password, shown};
use super::{PostgresOptions, SCHEMA};
use crate::error::{Error, Result};

const ROLES: &str = include_str!("../../../migrations/postgres/roles.sql");
const GRANTS: &str = include_str!("../../../migrations/postgres/grants.sql");
const LOGINS: [&str; 4] = ["migrator", "app", "system", "script"];

/// Releases that tenants cannot see through: minor version by major one (security.md 3.1).
const VERSION_FLOOR: [(i32, i32); 3] = [(15, 14), (16, 10), (17, 6)];

/// Makes or renews the four logins, the schema and the revokes; as a superuser.
pub(crate) async fn create_roles(privileged: &str, key: &[u8; 32], prefix: &str) -> Result<()> {
    check_prefix(prefix)?;
    let options = parse("database_url", privileged)?;
    let mut connection = options
        .connect()
        .await
        .map_err(|error| Error::caused(format!("cannot connect to {}", shown(&options)), error))?;
    let superuser: bool =
        sqlx::query_scalar("select rolsuper from pg_roles where rolname = current_user")
            .fetch_one(&mut connection)
            .await?;
    if !superuser {
        return Err(Error::platform(format!(
            "{} is no superuser: making a login that passes row-level security, and revoking \
             functions from everybody, takes one",
            options.get_username()
        )));
    }
    let database: String = sqlx::query_scalar("select current_database()")
        .fetch_one(&mut connection)
        .await?;
    let mut tx = connection.begin().await?;
    let mut text = ROLES.replace("{database}", &quoted(&database));
    for role in LOGINS {
        let name = format!("{prefix}_{role}");
        if exists(&mut tx, &name).await? {
            text = text.replace(
                &format!("create role {{{role}}}"),
                &format!("alter role {{{role}}}"),
            );
        }
        text = text.replace(&format!("{{{role}}}"), &quoted(&name));
    }
    tx.execute(AssertSqlSafe(text)).await?;
    for role in LOGINS {
        let name = format!("{prefix}_{role}");
        // Neither the name nor the password, hexadecimal digits, can hold a quote.
        let password = password(key, &name);
        let sql = format!("alter role {} password '{password}'", quoted(&name));
        tx.execute(AssertSqlSafe(sql)).await?;
    }
    tx.commit().await?;
    Ok(connection.close().await?)
}

/// Gives the logins what grants.sql says; as the owner of the tables.
pub(crate) async fn grant(owner: &mut PgConnection, options: &PostgresOptions) -> Result<()> {
    let [app, system, ..] = options.names();
    let text = GRANTS
        .replace("{app}", &quoted(app.unwrap_or_default()))
        .replace("{system}", &quoted(system.unwrap_or_default()));
    owner
        .execute(AssertSqlSafe(text))
        .await
        .map_err(|error| Error::caused("the logins could not be given their rights", error))?;
    Ok(())
}

/// Refuses a server that is too old and logins that are not separate.
pub(crate) async fn check_logins(
    options: &PostgresOptions,
    app: &PgPool,
    system: &PgPool,
) -> Result<()> {
    check_version(system).await?;
    let [name, _, script, _] = options.names();
    refuse(app, "database_url", name).await?;
    refuse(app, "database_url_script", script).await?;
    let passes: bool = sqlx::query_scalar(
        "select rolbypassrls or rolsuper from pg_roles where rolname = current_user",
    )
    .fetch_one(system)
    .await?;
    if passes {
        Ok(())
    } else {
        Err(Error::platform(
            "the login of database_url_system must have BYPASSRLS: it finds who signs in before \
             their tenant is known",
        ))
    }
}

async fn check_version(pool: &PgPool) -> Result<()> {
    let number: i32 = sqlx::query_scalar("select current_setting('server_version_num')::int")
        .fetch_one(pool)
        .await?;
    let (major, minor) = (number / 10_000, number % 10_000);
    if major < 15 {
        return Err(Error::platform(format!(
            "PostgreSQL {major}.{minor} is too old: 15.14 or newer is needed"
        )));
    }
    if let Some((_, floor)) = VERSION_FLOOR.iter().find(|(known, _)| *known == major)
        && minor < *floor
    {
        tracing::warn!(
            "PostgreSQL {major}.{minor} has known holes in row-level security: update it to \
             {major}.{floor} or newer"
        );
    }
    Ok(())
}

/// What makes a login unfit to be watched, each with what to say of it.
const UNFIT: &str = "with ours as (select oid from pg_namespace \
      where nspname = $2 or nspname like $2 || '\\_%') \
    select r.rolsuper as superuser, r.rolbypassrls as bypasses, \
    exists (select from pg_class c join ours n on n.oid = c.relnamespace \
      where pg_has_role(r.oid, c.relowner, 'member')) as owner, \
    exists (select from pg_class c join ours n on n.oid = c.relnamespace \
      where c.relkind in ('r', 'p') and has_table_privilege(r.oid, c.oid, 'truncate')) as truncates, \
    exists (select from ours n where has_schema_privilege(r.oid, n.oid, 'create')) as creates \
    from pg_roles r where r.rolname = $1";

/// What makes a login unfit to run SQL that is not ours, each with what to say of it. Row-level
/// security and the predicate of the views both ask for the tenant by a setting: whoever can call
/// `set_config` passes them. A temporary table would be found by the next tenant of its session.
const UNCONFINED: &str = "select \
    has_schema_privilege(r.oid, $2, 'usage') or exists (select from pg_namespace n \
      where n.nspname = $3 and has_schema_privilege(r.oid, n.oid, 'usage')) as platform, \
    has_database_privilege(r.oid, current_database(), 'temp, create') \
      or exists (select from pg_namespace n where has_schema_privilege(r.oid, n.oid, 'create')) \
      as makes, \
    exists (select from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace \
      and p.proname in ('set_config', 'query_to_xml', 'pg_advisory_lock', 'pg_sleep', \
      'pg_notify', 'lo_create', 'pg_stat_get_activity', 'pg_prepared_statement') \
      and has_function_privilege(r.oid, p.oid, 'execute')) as reaches \
    from pg_roles r where r.rolname = $1";

/// Refuses a login of scripts' own SQL that reaches further than the business tables of one tenant.
pub(crate) async fn check_script(pool: &PgPool, login: &str, tables: &str) -> Result<()> {
    let row = sqlx::query(UNCONFINED)
        .bind(login)
        .bind(SCHEMA)
        .bind(tables)
        .fetch_optional(pool)
        .await?;
    for (column, what) in [
        ("platform", "reaches tables past the wall between tenants"),
        ("makes", "may make tables"),
        (
            "reaches",
            "may call functions that reach beyond a statement",
        ),
    ] {
        if row
            .as_ref()
            .is_none_or(|row| row.try_get(column).unwrap_or(true))
        {
            return Err(Error::platform(format!(
                "the login {login} of database_url_script {what}: run \
                 `scriptorium migrate up --create-roles`, which makes and renews it"
            )));
        }
    }
    Ok(())
}

async fn refuse(pool: &PgPool, setting: &str, login: Option<&str>) -> Result<()> {
    let Some(login) = login else { return Ok(()) };
    let row = sqlx::query(UNFIT)
        .bind(login)
        .bind(SCHEMA)
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else {
        return Err(Error::platform(format!(
            "the login {login} of {setting} does not exist: `scriptorium migrate up --create-roles` \
             makes it"
        )));
    };
    for (column, what) in [
        ("superuser", "is a superuser"),
        ("bypasses", "has BYPASSRLS"),
        (
            "owner",
            "owns the platform's tables, or is a member of who does",
        ),
        ("truncates", "may truncate the platform's tables"),
        ("creates", "may create tables in the platform's schema"),
    ] {
        if row.try_get(column)? {
            return Err(Error::platform(format!(
                "the login {login} of {setting} {what}: row-level security would not hold it; \
                 use one made by `scriptorium migrate up --create-roles`"
            )));
        }
    }
    Ok(())
}

async fn exists(connection: &mut PgConnection, role: &str) -> Result<bool> {
    Ok(
        sqlx::query_scalar("select exists (select from pg_roles where rolname = $1)")
            .bind(role)
            .fetch_one(connection)
            .await?,
    )
}

/// An identifier, whatever is in it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
