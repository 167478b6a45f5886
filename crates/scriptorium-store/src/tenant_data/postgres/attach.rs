//! Tables of the host's own: what is looked up of them at the start, and the views that show a tenant its
//! rows (decision 0053). Nothing of the host's is changed, and nobody is granted anything on it.

use scriptorium_model::Invalid;
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::super::attached::{Attached, Found, Keys, Named};
use super::super::decimal;
use super::super::schema::{self, Column, ColumnType, Table, TenantSchema, quoted, quoted_list};
use super::tables::{TABLES, WHOSE, short};
use crate::db::postgres::{self, Postgres};
use crate::error::{Error, Result};

/// Fills in what there is of the tables that a schema attaches.
///
/// # Errors
/// `Invalid` for what is not there, is something else, or may not be used by the owner of our schema.
pub(in super::super) async fn look_up(
    server: &Postgres,
    mut schema: TenantSchema,
) -> Result<TenantSchema> {
    let script = server.options().names()[2].map(str::to_owned);
    let mut reader = server.system().acquire().await?;
    for table in &mut schema.tables {
        if let Some(mut attached) = table.attached.take() {
            let field = format!("tables.{}", table.name);
            let mut invalid = Invalid::default();
            attached.check(&field, &mut invalid);
            invalid.or(())?;
            let looking = Looking {
                reader: &mut reader,
                script: script.as_deref().unwrap_or_default(),
                field: &field,
            };
            looking.fill(table, &mut attached).await?;
            table.attached = Some(attached);
        }
    }
    Ok(schema)
}

/// The views of an attached table, and who may do what with them.
///
/// # Errors
/// Nobody has looked for it.
pub(super) fn create_views(views: &str, table: &Table, attached: &Attached) -> Result<String> {
    let found = attached.found.as_ref();
    let found = found.ok_or_else(|| Error::platform("an attached table was not looked up"))?;
    let columns: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
    let columns = quoted_list(&columns);
    let (name, all) = (quoted(&table.name), quoted(&all_of(table)));
    let (views, place) = (quoted(views), place(&attached.schema, &attached.table));
    let tenant = quoted(&attached.tenant);
    let function = format!("{views}.{}", quoted(&key_of(table)));
    // A default cannot be a query: what asks for the key is a function, which sees what only the owner may.
    let (function, whose) = match (&found.key, found.ty.as_str()) {
        (Some(key), ty) => (
            format!(
                "create function {function}() returns {ty} language sql stable security definer \
                 set search_path = pg_catalog, pg_temp as $key$ {key} $key$; \
                 revoke execute on function {function}() from public; "
            ),
            format!("{function}()"),
        ),
        (None, "uuid") => (String::new(), WHOSE.to_owned()),
        (None, _) => (String::new(), format!("({WHOSE})::text")),
    };
    let collation = collated(found.collation.as_deref());
    Ok(format!(
        "{function}create view {views}.{all} with (security_barrier) as \
         select {columns}, {tenant} as {TENANT} from {place} \
         where {tenant} = ((select {whose}){collation}) with check option; \
         alter view {views}.{all} alter column {TENANT} set default {whose}; \
         create view {views}.{name} with (security_barrier) as \
         select {columns} from {views}.{all} with check option"
    ))
}

/// What the login of scripts' own SQL may do with the views of an attached table.
pub(super) fn grant(views: &str, table: &Table, attached: &Attached, script: &str) -> String {
    let views = quoted(views);
    let rights = if attached.write {
        "select, insert, update, delete"
    } else {
        "select"
    };
    let mut grant = format!(
        "grant {rights} on {views}.{} to {script}",
        quoted(&table.name)
    );
    let asks = attached.found.as_ref().is_some_and(|f| f.key.is_some());
    if asks {
        let function = quoted(&key_of(table));
        grant.push_str(&format!(
            "; grant execute on function {views}.{function}() to {script}"
        ));
    }
    grant
}

/// What the views of an attached table are named after.
pub(super) fn described(table: &Table, attached: &Attached) -> String {
    format!("{attached:?} {:?}", table.columns)
}

/// The view that has the tenant's column, too. No table can be declared by this name.
fn all_of(table: &Table) -> String {
    short(format!("{} *", table.name))
}

fn key_of(table: &Table) -> String {
    short(format!("tenant of {}", table.name))
}

/// The tenant's column there. No column of a table can be declared by this name.
const TENANT: &str = "\"tenant *\"";

fn place(schema: &str, table: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(table))
}

fn collated(collation: Option<&str>) -> String {
    collation.map_or_else(String::new, |name| format!(" collate {name}"))
}

struct Looking<'a> {
    reader: &'a mut PgConnection,
    script: &'a str,
    /// What messages are about.
    field: &'a str,
}

/// A column as PostgreSQL has it.
struct Theirs {
    name: String,
    ty: Option<ColumnType>,
    /// The type in PostgreSQL's words, and its short name.
    shown: String,
    short: String,
    collation: Option<String>,
    /// Whether a row may leave it out.
    optional: bool,
    indexed_alone: bool,
}

impl Theirs {
    fn is_text(&self) -> bool {
        matches!(self.short.as_str(), "text" | "varchar" | "bpchar")
    }
}

impl Looking<'_> {
    async fn fill(mut self, table: &mut Table, attached: &mut Attached) -> Result<()> {
        let wanted: &[&str] = match attached.write {
            true => &["select", "insert", "update", "delete"],
            false => &["select"],
        };
        let oid = self
            .table(&attached.schema, &attached.table, wanted)
            .await?;
        let theirs = self.columns(oid, &attached.tenant).await?;
        let tenant = theirs.iter().find(|column| column.name == attached.tenant);
        let tenant = tenant.ok_or_else(|| self.lacks(&attached.tenant))?;
        let key = match &attached.named {
            Named::Id if tenant.short == "uuid" || tenant.is_text() => None,
            Named::Slug if tenant.is_text() => Some(slug()),
            Named::Key(keys) => Some(self.key(keys, tenant).await?),
            Named::Id | Named::Slug => {
                let message = format!(
                    "{} is {}: a tenant's id is a uuid or a text, its slug a text",
                    tenant.name, tenant.shown
                );
                return Err(self.wrong("bad_tenant", message));
            }
        };
        attached.found = Some(Found {
            oid,
            ty: tenant.shown.clone(),
            collation: tenant.collation.clone(),
            key,
        });
        self.take_columns(table, attached, &theirs)?;
        if table.key.is_empty() {
            table.key = self.primary_key(oid, &attached.tenant).await?;
        }
        Ok(())
    }

    fn take_columns(
        &self,
        table: &mut Table,
        attached: &Attached,
        theirs: &[Theirs],
    ) -> Result<()> {
        let mut declared = Vec::new();
        for column in &table.columns {
            let found = theirs.iter().find(|theirs| theirs.name == column.name);
            let found = found.ok_or_else(|| self.lacks(&column.name))?;
            if found.ty != Some(column.ty) {
                let message = format!(
                    "{} is {} there, which is no {}",
                    column.name,
                    found.shown,
                    column.ty.as_str()
                );
                return Err(self.wrong("bad_type", message));
            }
            declared.push(found);
        }
        let mut left_out = Vec::new();
        if declared.is_empty() {
            for name in &attached.columns {
                let found = theirs.iter().find(|theirs| theirs.name == *name);
                let found = found.ok_or_else(|| self.lacks(name))?;
                if found.ty.is_none() {
                    let message = format!("{name} is {} there, which is not known", found.shown);
                    return Err(self.wrong("bad_type", message));
                }
                declared.push(found);
            }
        }
        if declared.is_empty() {
            for column in theirs {
                if column.name == attached.tenant {
                    continue;
                }
                if column.ty.is_some() && is_name(&column.name) {
                    declared.push(column);
                } else {
                    left_out.push(format!("{} ({})", column.name, column.shown));
                }
            }
        }
        if declared.iter().any(|column| column.name == attached.tenant) {
            let message = "the column that says whose a row is cannot be shown";
            return Err(self.wrong("reserved", message));
        }
        if !left_out.is_empty() {
            tracing::warn!(
                table = table.name,
                columns = left_out.join(", "),
                "columns of an attached table are left out: their types or names are not known here"
            );
        }
        let taken = |theirs: &&Theirs| {
            Some(Column {
                name: theirs.name.clone(),
                ty: theirs.ty?,
                nullable: theirs.optional,
                unique: theirs.indexed_alone,
            })
        };
        table.columns = declared.iter().filter_map(taken).collect();
        Ok(())
    }

    /// Finds a table that the owner of our schema may use, and the login of scripts may not.
    async fn table(&mut self, schema: &str, table: &str, wanted: &[&str]) -> Result<i64> {
        let row = sqlx::query(
            "select c.oid::bigint as oid, c.relkind in ('r', 'p') as is_table, \
             o.rolname::text as owner, has_schema_privilege(o.oid, n.oid, 'usage') as usage, \
             array(select p from unnest($4::text[]) p \
             where not has_table_privilege(o.oid, c.oid, p)) as lacking, \
             coalesce((select has_schema_privilege(s.oid, n.oid, 'usage') \
             and (has_any_column_privilege(s.oid, c.oid, 'select, insert, update') \
             or has_table_privilege(s.oid, c.oid, 'delete')) \
             from pg_roles s where s.rolname = $5), false) as reached \
             from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             cross join pg_namespace t join pg_roles o on o.oid = t.nspowner \
             where n.nspname = $1 and c.relname = $2 and t.nspname = $3",
        )
        .bind(schema)
        .bind(table)
        .bind(TABLES)
        .bind(wanted)
        .bind(self.script)
        .fetch_optional(&mut *self.reader)
        .await?;
        let Some(row) = row else {
            let message = format!("there is no table {schema}.{table} in the database");
            return Err(self.wrong("unknown", message));
        };
        if !row.try_get::<bool, _>("is_table")? {
            let message = format!("{schema}.{table} is no table");
            return Err(self.wrong("unknown", message));
        }
        let owner: String = row.try_get("owner")?;
        let lacking: Vec<String> = row.try_get("lacking")?;
        let at = place(schema, table);
        if !row.try_get::<bool, _>("usage")? || !lacking.is_empty() {
            let message = format!(
                "{owner}, the owner of the platform's schema, may not use {schema}.{table} as it \
                 needs to. Who owns that would run: grant usage on schema {schema} to {owner}; grant \
                 {wanted} on {at} to {owner}",
                schema = quoted(schema),
                wanted = wanted.join(", "),
                owner = postgres::quoted(&owner),
            );
            return Err(self.wrong("lacks_privileges", message));
        }
        if row.try_get("reached")? {
            let message = format!(
                "the login {} of scripts reaches {schema}.{table} past its views, perhaps because \
                 everybody does: revoke that first",
                self.script
            );
            return Err(self.wrong("open", message));
        }
        Ok(row.try_get("oid")?)
    }

    async fn columns(&mut self, oid: i64, tenant: &str) -> Result<Vec<Theirs>> {
        let rows = sqlx::query(
            "select a.attname::text as name, t.typname::text as type, t.typtype::text as kind, \
             t.typnamespace = 'pg_catalog'::regnamespace as builtin, a.atttypmod as modifier, \
             format_type(a.atttypid, a.atttypmod) as shown, \
             not a.attnotnull or a.atthasdef or a.attidentity <> '' as optional, \
             (select format('%I.%I', cn.nspname, co.collname) from pg_collation co \
             join pg_namespace cn on cn.oid = co.collnamespace where co.oid = a.attcollation) \
             as collation, \
             exists (select from pg_index i where i.indrelid = a.attrelid and i.indisunique \
             and i.indisvalid and i.indpred is null and i.indexprs is null and not exists ( \
             select from unnest(i.indkey::int2[]) with ordinality k(number, place) \
             join pg_attribute b on b.attrelid = i.indrelid and b.attnum = k.number \
             where k.place <= i.indnkeyatts and b.attname not in (a.attname, $2)) \
             and a.attnum = any (i.indkey::int2[])) as indexed_alone \
             from pg_attribute a join pg_type t on t.oid = a.atttypid \
             where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped \
             order by a.attnum",
        )
        .bind(oid)
        .bind(tenant)
        .fetch_all(&mut *self.reader)
        .await?;
        rows.iter().map(theirs).collect()
    }

    /// The query for the tenant's key in a table of the host's.
    async fn key(&mut self, keys: &Keys, tenant: &Theirs) -> Result<String> {
        let oid = self.table(&keys.schema, &keys.table, &["select"]).await?;
        let columns = self.columns(oid, "").await?;
        let column = |name: &str| {
            let mut columns = columns.iter();
            let found = columns.find(|column| column.name == name);
            found.ok_or_else(|| self.lacks(name))
        };
        let (key, listed) = (column(&keys.key)?, column(&keys.tenant)?);
        if key.short != tenant.short {
            let message = format!(
                "{} is {}, and the key of a tenant {}",
                tenant.name, tenant.shown, key.shown
            );
            return Err(self.wrong("bad_tenant", message));
        }
        if !listed.indexed_alone {
            let message = format!(
                "{} of {} has no unique index: a tenant has one key",
                listed.name, keys.table
            );
            return Err(self.wrong("bad_tenant", message));
        }
        let named = match listed.short.as_str() {
            "uuid" => WHOSE.to_owned(),
            _ if listed.is_text() => {
                let collation = collated(listed.collation.as_deref());
                format!("(({}){collation})", slug())
            }
            _ => {
                let message = format!(
                    "{} is {}: a tenant's id is a uuid, its slug a text",
                    listed.name, listed.shown
                );
                return Err(self.wrong("bad_tenant", message));
            }
        };
        Ok(format!(
            "select k.{} from {} k where k.{} = {named}",
            quoted(&keys.key),
            place(&keys.schema, &keys.table),
            quoted(&keys.tenant)
        ))
    }

    /// The columns of the primary key but the tenant's.
    async fn primary_key(&mut self, oid: i64, tenant: &str) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "select a.attname::text as name from pg_index i \
             cross join unnest(i.indkey::int2[]) with ordinality k(number, place) \
             join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number \
             where i.indrelid = $1::oid and i.indisprimary and k.place <= i.indnkeyatts \
             order by k.place",
        )
        .bind(oid)
        .fetch_all(&mut *self.reader)
        .await?;
        let mut names = Vec::new();
        for row in rows {
            names.push(row.try_get::<String, _>("name")?);
        }
        names.retain(|name| name != tenant);
        Ok(names)
    }

    fn lacks(&self, column: &str) -> Error {
        self.wrong("unknown", format!("there is no column {column} there"))
    }

    fn wrong(&self, code: &'static str, message: impl Into<String>) -> Error {
        Invalid::field(self.field, code, message).into()
    }
}

/// The slug of the session's tenant.
fn slug() -> String {
    format!("select t.slug from scriptorium.tenants t where t.id = {WHOSE}")
}

fn theirs(row: &PgRow) -> Result<Theirs> {
    let short: String = row.try_get("type")?;
    let kind: String = row.try_get("kind")?;
    let builtin: bool = row.try_get("builtin")?;
    let ty = match (short.as_str(), kind.as_str()) {
        (_, "e") => Some(ColumnType::Text),
        _ if !builtin => None,
        ("text" | "varchar" | "bpchar" | "date", _) => Some(ColumnType::Text),
        ("int2" | "int4" | "int8", _) => Some(ColumnType::Integer),
        ("float4" | "float8", _) => Some(ColumnType::Real),
        ("bool", _) => Some(ColumnType::Boolean),
        ("timestamp" | "timestamptz", _) => Some(ColumnType::Timestamp),
        ("uuid", _) => Some(ColumnType::Uuid),
        ("json" | "jsonb", _) => Some(ColumnType::Json),
        ("numeric", _) => of_modifier(row.try_get("modifier")?),
        _ => None,
    };
    Ok(Theirs {
        name: row.try_get("name")?,
        ty,
        shown: row.try_get("shown")?,
        short,
        collation: row.try_get("collation")?,
        optional: row.try_get("optional")?,
        indexed_alone: row.try_get("indexed_alone")?,
    })
}

/// The decimal that `numeric(precision, scale)` is, by the number in which PostgreSQL has both.
fn of_modifier(modifier: i32) -> Option<ColumnType> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    let precision = u8::try_from(packed >> 16).ok()?;
    let scale = u8::try_from(packed & 0x7ff).ok()?;
    let fits = precision <= decimal::DIGITS && scale <= decimal::SCALE.min(precision);
    fits.then_some(ColumnType::Decimal { precision, scale })
}

/// Whether a name can be said in a statement of a script.
fn is_name(name: &str) -> bool {
    let mut invalid = Invalid::default();
    schema::check_name("", name, &mut invalid);
    invalid.errors.is_empty() && name != schema::TENANT
}
