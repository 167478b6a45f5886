-- What `create roles` does, as a superuser, in the database of the platform; it can be run again.
-- {migrator}, {app}, {system} and {script} stand for the quoted names of the four logins, {database}
-- for the database's; passwords are set apart from this text.

-- Owner of the schema: makes and changes tables, and serves no request.
create role {migrator} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls noinherit;
-- Acts for one tenant at a time, behind row-level security.
create role {app} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls noinherit;
-- Acts for all tenants at once: sign-in, queue, schedules, recovery. It passes row-level security.
create role {system} login nosuperuser nocreatedb nocreaterole noreplication bypassrls noinherit;
-- What scripts' own SQL runs as: business data only, nothing of the platform.
create role {script} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls noinherit;
-- What one of its statements may put on the server's disk before it is stopped.
alter role {script} set temp_file_limit = '1GB';

revoke all on database {database} from public;
grant connect on database {database} to {migrator}, {app}, {system}, {script};
grant create on database {database} to {migrator};
revoke create on schema public from public;
create schema if not exists scriptorium authorization {migrator};
alter schema scriptorium owner to {migrator};
revoke all on schema scriptorium from public;
grant usage on schema scriptorium to {app}, {system};

-- Functions that reach beyond the statement they are in (D5): settings, text run as SQL, locks that
-- outlive a transaction, sleep, messages, other sessions, large objects, the server's files. And what
-- tells of other sessions and of all tenants' rows together: statements of others, statistics, sizes.
do $$
declare
    reaching regprocedure;
begin
    for reaching in
        select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'pg_catalog' and (
            p.proname in ('set_config', 'pg_notify', 'pg_cancel_backend', 'pg_terminate_backend')
            or p.proname ~ '^(query|table|schema|database|cursor)_to_xml'
            or p.proname ~ '^pg_(try_)?advisory_' or p.proname ~ '^pg_sleep'
            or p.proname ~ '^lo_' or p.proname in ('loread', 'lowrite')
            or p.proname ~ '^pg_(read|ls|stat)_(binary_)?(file|dir)' or p.proname ~ '^pg_logical_emit')
    loop
        execute format('revoke execute on function %s from public', reaching);
        execute format('grant execute on function %s to {migrator}', reaching);
    end loop;
    for reaching in
        select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'pg_catalog' and (
            p.proname ~ '^pg_stat_get_' or p.proname in ('pg_prepared_statement', 'pg_cursor', 'pg_lock_status')
            or p.proname ~ '^pg_(total_)?relation_size$' or p.proname ~ '^pg_(table|indexes|database)_size$')
    loop
        execute format('revoke execute on function %s from public', reaching);
        execute format('grant execute on function %s to {migrator}, {system}, pg_monitor', reaching);
    end loop;
    for reaching in
        select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'pg_catalog' and (
            p.proname in ('set_config', 'pg_notify') or p.proname ~ '^pg_(try_)?advisory_')
    loop
        execute format('grant execute on function %s to {system}', reaching);
    end loop;
end
$$;
