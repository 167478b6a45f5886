//! What PostgreSQL says about the migrated schema (security.md T3.1): every table is sealed or on
//! the list of those that are global, and the logins can do no more than they need. Each rule is
//! tried against a schema that breaks it, so that none can pass by finding nothing.

use crate::business_tables::WITHOUT_PREDICATE;
use crate::support::Database::{Postgres, Sqlite};
use crate::support::{Server, World, server};
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
    'drop_partitions', 'alone'";

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
async fn both_databases_have_the_same_tables_and_columns() {
    let server = server().await;
    let world = World::on(Sqlite).await;
    let file = rusqlite::Connection::open(world.path().join("scriptorium.db")).unwrap();
    let mut sqlite = file
        .prepare(
            "select t.name || '.' || c.name || case when c.\"notnull\" = 1 then '' else '?' end \
             from sqlite_schema t join pragma_table_info(t.name) c \
             where t.type = 'table' and t.name not like 'sqlite_%' \
             and t.name not like '%\\_words%' escape '\\' and t.name <> '_sqlx_migrations' \
             and c.name not in ('docid') order by 1",
        )
        .unwrap();
    let sqlite: Vec<String> = sqlite
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let postgres = columns_of(&server);
    let missing = |from: &[String], of: &[String]| -> Vec<String> {
        of.iter()
            .filter(|name| !from.contains(name))
            .cloned()
            .collect()
    };
    let extra = ["execution_documents.words", "script_documents.words"];
    let mut only_there = missing(&sqlite, &postgres);
    // An integer primary key of SQLite is never null, and does not say so.
    only_there.retain(|name| !extra.contains(&name.as_str()) && name != "search_pending.seq");
    assert_eq!(only_there, [""; 0], "on PostgreSQL only");
    let mut only_here = missing(&postgres, &sqlite);
    only_here.retain(|name| name != "search_pending.seq?");
    assert_eq!(only_here, [""; 0], "on SQLite only");
}

fn columns_of(server: &Server) -> Vec<String> {
    let columns = server.psql(
        "select c.relname || '.' || a.attname || case when a.attnotnull then '' else '?' end \
         from pg_class c join pg_attribute a on a.attrelid = c.oid \
         where c.relnamespace = 'scriptorium'::regnamespace and c.relkind in ('r', 'p') \
         and not c.relispartition and a.attnum > 0 and not a.attisdropped \
         and c.relname <> '_sqlx_migrations' order by 1",
    );
    columns.lines().map(str::to_owned).collect()
}
