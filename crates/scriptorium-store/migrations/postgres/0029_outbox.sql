-- Intent: a host publishes events in the transaction of its own rows.
-- Locks: none; a function.
--
-- Takes an event over from the login of scripts' own SQL, in the tenant that the transaction was begun for.
-- Only the server's own code says app.publishes: a statement of a script can set nothing, and cannot
-- call set_config. So types that are the platform's, sizes and loops are checked before.
create or replace function scriptorium_data.publish(
    id uuid, kind text, payload text, key text, script uuid, execution uuid, lineage text, at bigint
) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('app.publishes', true) is distinct from 'on' then
        raise insufficient_privilege using message = 'only the host publishes';
    end if;
    insert into scriptorium.events (tenant_id, id, kind, script_id, execution_id, created_at, payload,
        lineage, waiting, key)
    values (nullif(current_setting('app.tenant', true), '')::uuid, publish.id, publish.kind,
        publish.script, publish.execution, publish.at, publish.payload, publish.lineage, true, publish.key)
    on conflict do nothing;
end
$$;
revoke execute on function scriptorium_data.publish(uuid, text, text, text, uuid, uuid, text, bigint)
    from public;
