//! Makes the declared tables and the views that the login of scripts' own SQL sees of them, as the
//! owner of the schema: what is missing and nothing else, so that servers of an earlier and of a later
//! declaration can share a database.

use std::collections::{BTreeMap, BTreeSet};

use scriptorium_model::Invalid;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor, Row};

use super::super::schema::{Column, ColumnType, TENANT, Table, TenantSchema, quoted, quoted_list};
use super::attach;
use crate::db::postgres::{self, Postgres};
use crate::error::{Error, Result};

/// Where the tables are. Only their owner may name what is in it.
pub(super) const TABLES: &str = "scriptorium_tables";
/// What every session may use; the schemas of views are called after it.
pub(super) const SHARED: &str = "scriptorium_data";

/// What hands an event over to the platform.
const PUBLISH: &str = "scriptorium_data.publish(uuid, text, text, text, uuid, uuid, text, bigint)";

/// What keeps entries of storage with a transaction.
const KEEP_ENTRIES: &str = "scriptorium_data.keep_entries(jsonb, jsonb, bigint, bigint, bigint)";

/// The first half of the name of the advisory lock under which tables are made.
const LOCKS: i32 = i32::from_be_bytes(*b"data");

/// Whose row it is, in a form that is nobody's when no tenant was named: what row-level security
/// asks, asked again by each view and filled in where a row is made.
pub(super) const WHOSE: &str = "nullif(current_setting('app.tenant', true), '')::uuid";

/// The longest name that PostgreSQL does not cut.
const NAME: usize = 63;

/// The schema of the views of a declaration: named after what they show, so that no server changes
/// the views of another.
pub(super) fn views_of(schema: &TenantSchema) -> String {
    let mut shown = Sha256::new();
    for table in &schema.tables {
        shown.update(format!("{}(", table.name));
        for column in &table.columns {
            shown.update(format!("{},", column.name));
        }
        shown.update(")");
        if let Some(attached) = &table.attached {
            shown.update(attach::described(table, attached));
        }
    }
    format!("{SHARED}_{}", hex(&shown.finalize()[..6]))
}

/// Makes what is missing, by the owner of the schema.
pub(super) async fn bring_up(server: &Postgres, schema: &TenantSchema) -> Result<()> {
    let options = server.options();
    let [_, Some(system), Some(script), _] = options.names() else {
        let message = "is needed: the business tables are used as this login";
        return Err(Invalid::field("database_url_script", "required", message).into());
    };
    postgres::check_script(server.system(), script, TABLES).await?;
    let wanted = Wanted {
        schema,
        views: views_of(schema),
        script,
        system,
    };
    let mut reader = server.system().acquire().await?;
    let missing = wanted.missing(&mut reader).await?;
    drop(reader);
    if missing.is_empty() {
        return Ok(());
    }
    let Some(owner) = options.migrator() else {
        return Err(unmade(&missing));
    };
    let mut owner = postgres::connect(&owner?).await?;
    let mut tx = owner.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1, 0)")
        .bind(LOCKS)
        .execute(&mut *tx)
        .await?;
    // Another server may have made it meanwhile.
    for statement in wanted.missing(&mut tx).await? {
        tx.execute(AssertSqlSafe(statement)).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)?;
    Ok(owner.close().await?)
}

/// A declaration, and who uses it.
struct Wanted<'a> {
    schema: &'a TenantSchema,
    views: String,
    script: &'a str,
    system: &'a str,
}

/// What there is of a declaration.
#[derive(Default)]
struct Found {
    /// Columns by table.
    tables: BTreeMap<String, BTreeSet<String>>,
    indexes: BTreeSet<String>,
    views: BTreeSet<String>,
    /// Tables and views that the logins may use as they need to.
    granted: BTreeSet<(String, String)>,
    /// Views that scripts may read.
    readable: BTreeSet<String>,
    /// Whether the schema of the views is there and open, and what sessions share is.
    has_views: bool,
    is_open: bool,
}

impl Wanted<'_> {
    /// The statements that make what is missing.
    async fn missing(&self, connection: &mut PgConnection) -> Result<Vec<String>> {
        let found = self.look(connection).await?;
        let mut statements = Vec::new();
        let views = quoted(&self.views);
        let (script, system) = (postgres::quoted(self.script), postgres::quoted(self.system));
        if !found.has_views {
            statements.push(format!("create schema {views}"));
        }
        if !found.is_open {
            statements.push(format!(
                "grant usage on schema {SHARED}, {views} to {script}; \
                 grant execute on function {SHARED}.alone() to {script}; \
                 grant execute on function {PUBLISH} to {script}; \
                 grant execute on function {KEEP_ENTRIES} to {script}; \
                 grant usage on schema {TABLES}, {SHARED}, {views} to {system}"
            ));
        }
        for table in &self.schema.tables {
            if let Some(attached) = &table.attached {
                let place = (self.views.clone(), table.name.clone());
                let granted = match attached.write {
                    true => found.granted.contains(&place),
                    false => found.readable.contains(&table.name),
                };
                if !found.views.contains(&table.name) {
                    statements.push(attach::create_views(&self.views, table, attached)?);
                }
                if !granted {
                    statements.push(attach::grant(&self.views, table, attached, &script));
                }
                continue;
            }
            match found.tables.get(&table.name) {
                None => statements.push(create(table)),
                Some(columns) => {
                    let added = table.columns.iter().filter(|c| !columns.contains(&c.name));
                    for column in added {
                        statements.push(add(table, column)?);
                    }
                }
            }
            for (unique, columns) in table.lookups() {
                let name = index_name(table, unique, columns);
                if !found.indexes.contains(&name) {
                    statements.push(create_index(table, &name, unique, columns));
                }
            }
            if !found.views.contains(&table.name) {
                statements.push(self.create_view(table));
            }
            for (schema, to_system) in [(TABLES, true), (self.views.as_str(), false)] {
                let place = (schema.to_owned(), table.name.clone());
                if found.granted.contains(&place) {
                    continue;
                }
                let name = format!("{}.{}", quoted(schema), quoted(&table.name));
                statements.push(format!(
                    "grant select, insert, update, delete on {name} to {script}"
                ));
                if to_system {
                    statements.push(format!("grant select on {name} to {system}"));
                }
            }
        }
        Ok(statements)
    }

    /// The tenant's rows with the declared columns. Rights and row-level security are those of who
    /// looks; nothing that who looks adds to a query is asked before the predicate.
    fn create_view(&self, table: &Table) -> String {
        let columns: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
        let name = quoted(&table.name);
        format!(
            "create view {}.{name} with (security_barrier, security_invoker) as \
             select {} from {TABLES}.{name} where {TENANT} = (select {WHOSE}) with check option",
            quoted(&self.views),
            quoted_list(&columns)
        )
    }

    async fn look(&self, connection: &mut PgConnection) -> Result<Found> {
        let mut found = Found::default();
        let row = sqlx::query(
            "select v.oid is not null as has_views, \
             coalesce(has_schema_privilege($2, v.oid, 'usage') \
             and has_schema_privilege($2, s.oid, 'usage') \
             and has_function_privilege($2, 'scriptorium_data.alone()', 'execute') \
             and has_function_privilege($2, $4, 'execute') \
             and has_function_privilege($2, $5, 'execute') \
             and has_schema_privilege($3, t.oid, 'usage'), false) as is_open \
             from pg_namespace t join pg_namespace s on s.nspname = 'scriptorium_data' \
             left join pg_namespace v on v.nspname = $1 where t.nspname = 'scriptorium_tables'",
        )
        .bind(&self.views)
        .bind(self.script)
        .bind(self.system)
        .bind(PUBLISH)
        .bind(KEEP_ENTRIES)
        .fetch_one(&mut *connection)
        .await?;
        found.has_views = row.try_get("has_views")?;
        found.is_open = row.try_get("is_open")?;
        let rows = sqlx::query(
            "select n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind, \
             array(select a.attname::text from pg_attribute a where a.attrelid = c.oid \
             and a.attnum > 0 and not a.attisdropped) as columns, \
             case when c.relkind = 'i' then false else \
             has_table_privilege($3, c.oid, 'select') and has_table_privilege($3, c.oid, 'insert') \
             and has_table_privilege($3, c.oid, 'update') \
             and has_table_privilege($3, c.oid, 'delete') and (c.relkind = 'v' \
             or has_table_privilege($4, c.oid, 'select')) end as granted, \
             c.relkind = 'v' and has_table_privilege($3, c.oid, 'select') as readable \
             from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             where n.nspname in ($1, $2) and c.relkind in ('r', 'v', 'i')",
        )
        .bind(TABLES)
        .bind(&self.views)
        .bind(self.script)
        .bind(self.system)
        .fetch_all(&mut *connection)
        .await?;
        for row in rows {
            let (schema, name, kind): (String, String, String) = (
                row.try_get("schema")?,
                row.try_get("name")?,
                row.try_get("kind")?,
            );
            if row.try_get("readable")? {
                found.readable.insert(name.clone());
            }
            if row.try_get("granted")? {
                found.granted.insert((schema, name.clone()));
            }
            match kind.as_str() {
                "r" => {
                    let columns: Vec<String> = row.try_get("columns")?;
                    found.tables.insert(name, columns.into_iter().collect());
                }
                "v" => drop(found.views.insert(name)),
                _ => drop(found.indexes.insert(name)),
            }
        }
        Ok(found)
    }
}

/// The statements that make a table and seal it.
fn create(table: &Table) -> String {
    let name = format!("{TABLES}.{}", quoted(&table.name));
    let columns: Vec<String> = table.columns.iter().map(definition).collect();
    let key = short(format!("{}({}) key", table.name, table.key.join(",")));
    format!(
        "create table {name} ({TENANT} uuid not null default {WHOSE} \
         references scriptorium.tenants (id) on delete cascade, {}, \
         constraint {} primary key ({TENANT}, {})); \
         call scriptorium.seal_by_tenant('{name}')",
        columns.join(", "),
        quoted(&key),
        quoted_list(&table.key)
    )
}

fn add(table: &Table, column: &Column) -> Result<String> {
    if !column.nullable {
        return Err(table.not_additive(column));
    }
    Ok(format!(
        "alter table {TABLES}.{} add column {}",
        quoted(&table.name),
        definition(column)
    ))
}

fn create_index(table: &Table, name: &str, unique: bool, columns: &[String]) -> String {
    format!(
        "create {}index {} on {TABLES}.{} ({TENANT}, {})",
        if unique { "unique " } else { "" },
        quoted(name),
        quoted(&table.name),
        quoted_list(columns)
    )
}

/// Texts are compared by their bytes, as on SQLite; so are the forms of text that come back as they
/// were written.
fn definition(column: &Column) -> String {
    let ty = match column.ty {
        ColumnType::Text | ColumnType::Timestamp | ColumnType::Uuid => {
            "text collate \"C\"".to_owned()
        }
        ColumnType::Integer => "bigint".to_owned(),
        ColumnType::Real => "double precision".to_owned(),
        ColumnType::Decimal { precision, scale } => format!("numeric({precision}, {scale})"),
        ColumnType::Boolean => "boolean".to_owned(),
        ColumnType::Json => "json".to_owned(),
    };
    let nullable = if column.nullable { "" } else { " not null" };
    format!("{} {ty}{nullable}", quoted(&column.name))
}

/// Says what the index is of. Neither a table nor another index can have this name.
fn index_name(table: &Table, unique: bool, columns: &[String]) -> String {
    let kind = if unique { " unique" } else { "" };
    short(format!("{}({}){kind}", table.name, columns.join(",")))
}

/// A name that PostgreSQL keeps whole.
pub(super) fn short(name: String) -> String {
    if name.len() <= NAME {
        return name;
    }
    let rest = hex(&Sha256::digest(&name)[..8]);
    // Names that were declared are ASCII.
    format!("{}~{rest}", &name[..NAME - rest.len() - 1])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Nothing can be made without the owner of the schema.
fn unmade(missing: &[String]) -> Error {
    Error::platform(format!(
        "the database lacks something of the business tables that this server declares, and only \
         the owner of the schema can make it: start one server with database_url_migrator, the \
         others find it made then. The owner would run: {}",
        missing.join("; ")
    ))
}

fn failed(error: sqlx::Error) -> Error {
    if let Some(refusal) = error.as_database_error()
        && refusal.is_unique_violation()
    {
        return Error::not_unique("params");
    }
    Error::caused("the business tables could not be made", error)
}
