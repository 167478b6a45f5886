-- Intent: where the tables live that a host declares (D5), beside the platform's and apart from them.
-- Locks: none; two empty schemas and a function.
--
-- scriptorium_tables holds the declared tables of all tenants, sealed like the platform's. Nobody
-- reaches them by name but their owner, who makes them when a host that declares them starts. The
-- login of scripts' own SQL sees them through views, one schema of views for each declaration
-- (scriptorium_data_…), and the views hold the tenant's predicate.
create schema if not exists scriptorium_tables;
create schema if not exists scriptorium_data;

-- Waits until no other transaction writes in the business tables of the tenant, on any server, and
-- keeps it so until this one ends. It takes no argument: whoever calls it can lock their own tenant only.
create or replace function scriptorium_data.alone() returns void
    language sql security definer set search_path = pg_catalog, pg_temp
as $$
    select pg_advisory_xact_lock(hashtextextended(current_setting('app.tenant', true), 0))
$$;
revoke execute on function scriptorium_data.alone() from public;
