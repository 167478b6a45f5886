-- Intent: scripts change storage in the transaction of their rows.
-- Locks: storage_usage, for as long as it takes to add a column with a constant.

-- Of the tenants' files on SQLite: here both are one transaction.
alter table storage_usage add column handed_over bigint not null default 0;

-- Keeps what the transaction of the login of scripts' own SQL read ([key, value]) and wrote ([key, value, end]) of storage, in the tenant that it was
-- begun for; says 'kept', 'changed' when something that it read is not so any more, or 'quota'. Whoever calls it
-- takes the transaction back for anything but 'kept'. Only the server's own code says app.publishes: a statement of
-- a script can set nothing, and cannot call set_config. A login that may change entries anyway need not say it.
create or replace function scriptorium_data.keep_entries(
    read jsonb, written jsonb, at bigint, most_entries bigint, most_bytes bigint
) returns text
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    whose uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    before record;
    after record;
begin
    if current_setting('app.publishes', true) is distinct from 'on'
        and not has_table_privilege(session_user, 'scriptorium.storage', 'delete') then
        raise insufficient_privilege using message = 'only the host keeps entries';
    end if;
    -- Whoever changes entries holds their count first; there has to be one to be held.
    insert into scriptorium.storage_usage (tenant_id, entries, bytes) values (whose, 0, 0) on conflict do nothing;
    select u.entries, u.bytes into before from scriptorium.storage_usage u where u.tenant_id = whose for update;
    if exists (
        select from jsonb_array_elements(read) as r (entry)
        left join scriptorium.storage s on s.tenant_id = whose and s.key = r.entry->>0
            and (s.expires_at is null or s.expires_at > at)
        where s.value is distinct from r.entry->>1
    ) then
        return 'changed';
    end if;
    delete from scriptorium.storage s using jsonb_array_elements(written) as w (entry)
        where s.tenant_id = whose and s.key = w.entry->>0 and w.entry->>1 is null;
    insert into scriptorium.storage as s (tenant_id, key, expires_at, updated_at, value)
        select whose, w.entry->>0, (w.entry->>2)::bigint, at, w.entry->>1 from jsonb_array_elements(written) as w (entry)
        where w.entry->>1 is not null
        on conflict (tenant_id, key) do update set expires_at = excluded.expires_at,
            updated_at = excluded.updated_at, value = excluded.value;
    select u.entries, u.bytes into after from scriptorium.storage_usage u where u.tenant_id = whose;
    if after.entries > most_entries or after.bytes > most_bytes then
        delete from scriptorium.storage s where s.tenant_id = whose and s.expires_at <= at;
        select u.entries, u.bytes into after from scriptorium.storage_usage u where u.tenant_id = whose;
    end if;
    -- What makes it smaller is welcome, whatever there is.
    if (after.entries > most_entries and after.entries > before.entries)
        or (after.bytes > most_bytes and after.bytes > before.bytes) then
        return 'quota';
    end if;
    return 'kept';
end
$$;
revoke execute on function scriptorium_data.keep_entries(jsonb, jsonb, bigint, bigint, bigint) from public;
