//! What PostgreSQL says about the migrated schema (security.md T3.1): every table is sealed or on
//! the list of those that are global, and the logins can do no more than they need. Each rule is
//! tried against a schema that breaks it, so that none can pass by finding nothing.

use crate::business_tables::WITHOUT_PREDICATE;
use crate::support::Database::{Postgres, Sqlite};
use crate::support::{World, server};
use crate::tenant_data::open;

/// Where our tables, views and functions are: the platform's, and a host's business tables.
const OURS: &str = "(select oid from pg_namespace where nspname in ('scriptorium', \
    'scriptorium_tables', 'scriptorium_data') or nspname like 'scriptorium\\_data\\_%')";

/// Tables that are not about one tenant.
const GLOBAL: &str = "'_sqlx_migrations', 'tenants', 'nodes', 'audit_key'";

/// Unique keys that do not begin with the tenant, because what they find is not yet of a known one.
const GLOBAL_KEYS: &str = "'sessions_secret_hash', 'tokens_secret_hash'";

/// Functions that run with the owner's rights.
const DEFINERS: &str = "'make_partitions', 'find_executions', 'find_scripts', \
    'drop_partitions', 'alone', 'dispatch_alone', 'publish', 'keep_entries'";

/// A rule: its name, the query for what breaks it, and changes that do.
struct Rule {
    name: &'static str,
    broken_by: String,
    breaches: Vec<&'static str>,
}

fn rules() -> Vec<Rule> {
    let tables = format!(
        "from pg_class c where c.relnamespace in {OURS} \
         and c.relkind in ('r', 'p') and c.relname not in ({GLOBAL})"
    );
    let column = |name: &str| {
        format!(
            "(select attnum from pg_attribute where attrelid = c.oid and attname = '{name}' \
             and attnotnull)"
        )
    };
    let tenant = column("tenant_id");
    let views = "from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 where n.nspname like 'scriptorium\\_data\\_%' and c.relkind = 'v'";
    let rule = |name, broken_by: String, breaches: &[&'static str]| Rule {
        name,
        broken_by,
        breaches: breaches.to_vec(),
    };
    vec![
        rule(
            "a table names its tenant",
            format!("select relname {tables} and {tenant} is null"),
            &[
                "create table scriptorium.breach (id int)",
                "create table scriptorium_tables.breach (id int)",
            ],
        ),
        rule(
            "row-level security is on",
            format!("select relname {tables} and not relrowsecurity"),
            &[
                "alter table scriptorium.storage disable row level security",
                "alter table scriptorium_tables.clients disable row level security",
            ],
        ),
        rule(
            "row-level security is forced",
            format!("select relname {tables} and not relforcerowsecurity"),
            &[
                "alter table scriptorium.storage no force row level security",
                "alter table scriptorium_tables.clients no force row level security",
            ],
        ),
        rule(
            "a policy for every command checks what is written",
            format!(
                "select relname {tables} and not exists (select from pg_policy p \
                 where p.polrelid = c.oid and p.polcmd = '*' and p.polwithcheck is not null \
                 and p.polroles = '{{0}}')"
            ),
            &[
                "drop policy tenant on scriptorium.storage",
                "drop policy tenant on scriptorium_tables.clients",
            ],
        ),
        rule(
            "every policy for all compares with the tenant that was named, and an empty name is none",
            "select tablename from pg_policies where schemaname like 'scriptorium%' \
             and cmd = 'ALL' and (qual <> with_check or qual not like \
             '%id = ( SELECT (NULLIF(current_setting(''app.tenant''::text, true), ''''::text))::uuid%')"
                .into(),
            &[
                "drop policy tenant on scriptorium.storage; \
             create policy tenant on scriptorium.storage using (true) with check (true)",
                "create policy more on scriptorium_tables.clients using (true) with check (true)",
            ],
        ),
        rule(
            "nobody changes the audit trail, and who acts in one tenant takes nothing from it",
            "select role || ' ' || priv || ' ' || tab from (values \
             ('app', 'delete', 'audit_entries'), ('app', 'insert', 'audit_checkpoints'), \
             ('app', 'delete', 'audit_heads'), ('system', 'delete', 'audit_heads')) v \
             (role, priv, tab) where has_table_privilege('scriptorium_' || role, \
             'scriptorium.' || tab, priv) \
             union all select role || ' ' || priv || ' ' || tab from \
             unnest(array['app', 'system']) role, unnest(array['update', 'truncate']) priv, \
             unnest(array['audit_entries', 'audit_checkpoints']) tab \
             where has_table_privilege('scriptorium_' || role, 'scriptorium.' || tab, priv)"
                .into(),
            &[
                "grant delete on scriptorium.audit_entries to scriptorium_app",
                "grant update on scriptorium.audit_entries to scriptorium_system",
                "grant insert on scriptorium.audit_checkpoints to scriptorium_app",
                "grant truncate on scriptorium.audit_checkpoints to scriptorium_system",
            ],
        ),
        rule(
            "primary and unique keys begin with the tenant",
            format!(
                "select x.relname from pg_class c join pg_index i on i.indrelid = c.oid \
                 join pg_class x on x.oid = i.indexrelid \
                 where c.relnamespace in {OURS} \
                 and c.relname not in ({GLOBAL}) and i.indisunique \
                 and i.indkey[0] is distinct from {tenant} and x.relname not in ({GLOBAL_KEYS})"
            ),
            &[
                "create unique index breach on scriptorium.storage (key)",
                "create unique index breach on scriptorium_tables.clients (note)",
            ],
        ),
        rule(
            "foreign keys between tenants' tables begin with the tenant on both sides",
            format!(
                "select k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid \
                 join pg_class r on r.oid = k.confrelid where k.contype = 'f' \
                 and c.relnamespace in {OURS} and r.relname not in ({GLOBAL}) \
                 and (k.conkey[1] is distinct from {tenant} or k.confkey[1] is distinct from \
                 (select attnum from pg_attribute where attrelid = r.oid \
                 and attname = 'tenant_id'))"
            ),
            &[
                "alter table scriptorium.users add constraint once unique (id); \
             alter table scriptorium.storage add column by uuid references scriptorium.users (id)",
                "alter table scriptorium.users add constraint once unique (id); alter table \
                 scriptorium_tables.clients add column by uuid references scriptorium.users (id)",
            ],
        ),
        rule(
            "an index begins with the tenant",
            format!(
                "select relname {tables} and not exists (select from pg_index i \
                 where i.indrelid = c.oid and i.indkey[0] = {tenant})"
            ),
            &[
                "create table scriptorium.breach (tenant_id uuid not null)",
                "create table scriptorium_tables.breach (tenant_id uuid not null)",
            ],
        ),
        rule(
            "views look with the reader's eyes",
            format!(
                "select relname from pg_class c where relnamespace in {OURS} and relkind = 'v' \
                 and not coalesce(reloptions @> '{{security_invoker=true}}', false)"
            ),
            &[
                "create view scriptorium.breach as select * from scriptorium.storage",
                "create view scriptorium_data.breach as select * from scriptorium_tables.clients",
            ],
        ),
        rule(
            "nothing is materialized",
            format!("select relname from pg_class where relnamespace in {OURS} and relkind = 'm'"),
            &[
                "create materialized view scriptorium.breach as select * from scriptorium.storage",
                "create materialized view scriptorium_data.breach as \
                 select * from scriptorium_tables.clients",
            ],
        ),
        rule(
            "definer functions are known and have a fixed search path",
            format!(
                "select proname from pg_proc where pronamespace in {OURS} \
                 and prosecdef and (proname not in ({DEFINERS}) or not exists \
                 (select from unnest(proconfig) s where s = 'search_path=pg_catalog' \
                 or s like 'search_path=%pg_temp'))"
            ),
            &[
                "create function scriptorium.breach() returns int language sql security definer \
             as 'select 1'",
                "create function scriptorium_data.breach() returns int language sql \
                 security definer set search_path = pg_catalog as 'select 1'",
            ],
        ),
        rule(
            "everybody may call nothing",
            format!(
                "select proname from pg_proc where pronamespace in {OURS} \
                 and has_function_privilege('public', oid, 'execute')"
            ),
            &[
                "grant execute on function scriptorium.make_partitions(bigint, integer) to public",
                "grant execute on function scriptorium_data.alone() to public",
            ],
        ),
        rule(
            "the watched logins have no power over the schema",
            format!(
                "select rolname from pg_roles r where rolname in ('scriptorium_app', \
                 'scriptorium_script') and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb \
                 or pg_has_role(oid, 'scriptorium_migrator', 'member') \
                 or pg_has_role(oid, 'scriptorium_system', 'member') \
                 or has_database_privilege(oid, current_database(), 'create, temporary') \
                 or exists (select from pg_namespace n where (n.oid in {OURS} \
                 or n.nspname = 'public') and has_schema_privilege(r.oid, n.oid, 'create')))"
            ),
            &[
                "grant create on schema scriptorium to scriptorium_app",
                "grant create on schema scriptorium_tables to scriptorium_script",
                "grant create on schema scriptorium_data to scriptorium_script",
                "do $$ begin execute format('grant temporary on database %I to \
                 scriptorium_script', current_database()); end $$",
            ],
        ),
        rule(
            "nobody but the owner may truncate, refer to or hook into a table",
            format!(
                "select c.relname || ' ' || r.rolname from pg_class c, pg_roles r \
                 where c.relnamespace in {OURS} and c.relkind in ('r', 'p', 'v') \
                 and r.rolname in ('scriptorium_app', 'scriptorium_system', 'scriptorium_script') \
                 and has_table_privilege(r.oid, c.oid, 'truncate, references, trigger')"
            ),
            &[
                "grant truncate on scriptorium.storage to scriptorium_app",
                "grant truncate on scriptorium_tables.clients to scriptorium_script",
            ],
        ),
        rule(
            "scripts' own SQL reaches nothing of the platform",
            "select c.relname from pg_class c \
             where c.relnamespace = 'scriptorium'::regnamespace and c.relkind in ('r', 'p', 'v') \
             and (has_schema_privilege('scriptorium_script', 'scriptorium', 'usage') \
             or has_table_privilege('scriptorium_script', c.oid, \
             'select, insert, update, delete'))"
                .into(),
            &["grant usage on schema scriptorium to scriptorium_script"],
        ),
        rule(
            "business tables are named by their owner only, and used by nobody but scripts' own SQL",
            "select c.relname from pg_class c \
             where c.relnamespace in (select oid from pg_namespace \
             where nspname like 'scriptorium\\_%') and c.relkind in ('r', 'p', 'v') \
             and (has_schema_privilege('scriptorium_script', 'scriptorium_tables', 'usage') \
             or has_table_privilege('scriptorium_app', c.oid, 'select, insert, update, delete') \
             or has_table_privilege('scriptorium_system', c.oid, 'insert, update, delete'))"
                .into(),
            &[
                "grant usage on schema scriptorium_tables to scriptorium_script",
                "grant select on scriptorium_tables.clients to scriptorium_app",
                "grant delete on scriptorium_tables.clients to scriptorium_system",
            ],
        ),
        rule(
            "a row of a business table goes with its tenant",
            "select c.relname from pg_class c \
             where c.relnamespace = 'scriptorium_tables'::regnamespace and c.relkind = 'r' \
             and not exists (select from pg_constraint k where k.conrelid = c.oid \
             and k.contype = 'f' and k.confrelid = 'scriptorium.tenants'::regclass \
             and k.confdeltype = 'c')"
                .into(),
            &["alter table scriptorium_tables.clients drop constraint clients_tenant_id_fkey"],
        ),
        rule(
            "views of business tables hold the predicate behind a barrier, and check what is written",
            format!(
                "select c.relname {views} and (not coalesce(c.reloptions @> \
                 '{{security_barrier=true,check_option=cascaded}}', false) \
                 or pg_get_viewdef(c.oid) not like '%tenant_id = ( SELECT \
                 (NULLIF(current_setting(''app.tenant''::text, true), ''''::text))::uuid%')"
            ),
            &[
                WITHOUT_PREDICATE,
                "do $$ declare v regclass; begin select c.oid into v from pg_class c join \
                 pg_namespace n on n.oid = c.relnamespace where c.relname = 'clients' \
                 and n.nspname like 'scriptorium\\_data\\_%'; \
                 execute format('alter view %s reset (security_barrier)', v); end $$",
                "do $$ declare v regclass; begin select c.oid into v from pg_class c join \
                 pg_namespace n on n.oid = c.relnamespace where c.relname = 'clients' \
                 and n.nspname like 'scriptorium\\_data\\_%'; \
                 execute format('alter view %s reset (check_option)', v); end $$",
            ],
        ),
        rule(
            "views of business tables do not say whose row it is",
            format!(
                "select c.relname {views} and exists (select from pg_attribute a \
                 where a.attrelid = c.oid and a.attname = 'tenant_id')"
            ),
            &["do $$ declare s text; begin select nspname into s from pg_namespace \
               where nspname like 'scriptorium\\_data\\_%'; execute format('create view \
               %I.breach as select * from scriptorium_tables.clients', s); end $$"],
        ),
        rule(
            "versions are not changed",
            "select r.rolname from pg_roles r where r.rolname in ('scriptorium_app', \
             'scriptorium_system') \
             and has_table_privilege(r.oid, 'scriptorium.script_versions', 'update')"
                .into(),
            &["grant update on scriptorium.script_versions to scriptorium_app"],
        ),
        rule(
            "functions that reach beyond a statement are not for the watched logins (D5)",
            "select p.proname || ' ' || r.rolname from pg_proc p, pg_roles r \
             where r.rolname in ('scriptorium_app', 'scriptorium_script') \
             and p.pronamespace = 'pg_catalog'::regnamespace \
             and (p.proname in ('set_config', 'pg_notify', 'pg_cancel_backend', \
             'pg_terminate_backend', 'query_to_xml', 'table_to_xml', 'cursor_to_xml', \
             'database_to_xml', 'pg_sleep', 'pg_advisory_lock', 'pg_try_advisory_xact_lock', \
             'lo_import', 'lo_export', 'lo_create', 'loread', 'pg_read_file', 'pg_ls_dir', \
             'pg_prepared_statement', 'pg_cursor', 'pg_lock_status', 'pg_relation_size', \
             'pg_total_relation_size', 'pg_database_size') or p.proname like 'pg\\_stat\\_get\\_%') \
             and has_function_privilege(r.oid, p.oid, 'execute')"
                .into(),
            &[
                "grant execute on function pg_catalog.pg_sleep(double precision) to scriptorium_app",
                "grant execute on function pg_catalog.pg_stat_get_activity(integer) to public",
            ],
        ),
    ]
}

#[tokio::test]
async fn the_schema_keeps_every_rule_and_each_rule_notices_a_breach() {
    let world = World::with_tables(Postgres).await;
    world.store.make_tables(&open(&world)).await.unwrap();
    let server = world.server.as_ref().unwrap();
    for rule in rules() {
        let broken = format!(
            "select string_agg(x::text, ', ') from ({}) b (x)",
            rule.broken_by
        );
        assert_eq!(server.psql(&broken), "", "{}", rule.name);
        // Everything in one session, and undone: the next rule finds the schema as it was.
        for breach in rule.breaches {
            let breached = format!("begin; {breach}; {broken}; rollback");
            let noticed = server.psql(&breached);
            assert_ne!(noticed, "", "unnoticed: {} {breach}", rule.name);
        }
    }
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_keys() {
    let server = server().await;
    let world = World::on(Sqlite).await;
    let file = rusqlite::Connection::open(world.path().join("scriptorium.db")).unwrap();
    let here = |sql: &str| -> Vec<String> {
        let mut statement = file.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let there =
        |sql: &str| -> Vec<String> { server.psql(sql).lines().map(str::to_owned).collect() };

    // The words that search looks in are each database's own; so is the order in which they and events
    // are made, and by what a server knows a change that it has not seen.
    let extra = [
        "execution_documents.words tsvector",
        "script_documents.words tsvector",
    ];
    same(&here(COLUMNS_HERE), &there(COLUMNS_THERE), |name| {
        let own = [
            "search_pending.seq",
            "change_marks.changed_in",
            "events.position",
        ];
        extra.contains(&name) || own.iter().any(|column| name.starts_with(column))
    });
    same(&here(KEYS_HERE), &there(KEYS_THERE), |name| {
        // Rows of the index are known to SQLite by their number alone, and its own key of one number is
        // no index.
        let own = [
            "search_pending",
            "execution_documents",
            "script_documents",
            "audit_key",
        ];
        own.iter().any(|table| name.starts_with(table))
    });
}

/// Compares what two databases have, but for what is each one's own.
#[track_caller]
fn same(sqlite: &[String], postgres: &[String], own: impl Fn(&str) -> bool) {
    let beyond = |some: &[String], of: &[String]| -> Vec<String> {
        let more = some.iter().filter(|name| !of.contains(name) && !own(name));
        more.cloned().collect()
    };
    assert_eq!(beyond(postgres, sqlite), [""; 0], "on PostgreSQL only");
    assert_eq!(beyond(sqlite, postgres), [""; 0], "on SQLite only");
}

/// Each column with its type, `?` where it may be null.
const COLUMNS_HERE: &str = "select t.name || '.' || c.name || ' ' || lower(c.type) \
    || case when c.\"notnull\" = 1 then '' else '?' end \
    from sqlite_schema t join pragma_table_info(t.name) c \
    where t.type = 'table' and t.name not like 'sqlite_%' \
    and t.name not like '%\\_words%' escape '\\' and t.name <> '_sqlx_migrations' \
    and c.name <> 'docid' order by 1";

/// In SQLite's types, of which there are fewer.
const COLUMNS_THERE: &str = "select c.relname || '.' || a.attname || ' ' \
    || case format_type(a.atttypid, null) when 'bigint' then 'integer' when 'integer' then 'integer' \
    when 'boolean' then 'integer' when 'uuid' then 'blob' when 'bytea' then 'blob' \
    else format_type(a.atttypid, null) end || case when a.attnotnull then '' else '?' end \
    from pg_class c join pg_attribute a on a.attrelid = c.oid \
    where c.relnamespace = 'scriptorium'::regnamespace and c.relkind in ('r', 'p') \
    and not c.relispartition and a.attnum > 0 and not a.attisdropped \
    and c.relname <> '_sqlx_migrations' order by 1";

/// Primary and unique keys by their columns.
const KEYS_HERE: &str = "select distinct t.name || ' ' || (select group_concat(name) from \
    (select coalesce(i.name, '(expression)') as name from pragma_index_info(l.name) i \
    order by i.seqno)) from sqlite_schema t join pragma_index_list(t.name) l \
    where t.type = 'table' and l.\"unique\" = 1 and t.name not like '%\\_words%' escape '\\' \
    and t.name <> '_sqlx_migrations' order by 1";

const KEYS_THERE: &str = "select distinct c.relname || ' ' || (select string_agg( \
    coalesce(a.attname, '(expression)'), ',' order by k.place) \
    from unnest(i.indkey) with ordinality k (number, place) \
    left join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number \
    where k.place <= i.indnkeyatts) \
    from pg_class c join pg_index i on i.indrelid = c.oid and i.indisunique \
    where c.relnamespace = 'scriptorium'::regnamespace and not c.relispartition \
    and c.relname <> '_sqlx_migrations' order by 1";
