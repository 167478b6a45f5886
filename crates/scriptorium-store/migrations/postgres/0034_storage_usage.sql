-- Intent: how much storage each tenant has is known without counting, so that a quota can be held at every write.
-- Locks: storage against writes while existing entries are counted once.

lock table storage in share row exclusive mode;

create table storage_usage (
    tenant_id uuid   not null primary key references tenants (id) on delete cascade,
    entries   bigint not null,
    bytes     bigint not null
);

insert into storage_usage (tenant_id, entries, bytes)
    select tenant_id, count(*), sum(octet_length(key) + octet_length(value)) from storage group by tenant_id;

call seal_by_tenant('storage_usage');

create function count_storage() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into scriptorium.storage_usage as u (tenant_id, entries, bytes)
            values (new.tenant_id, 1, octet_length(new.key) + octet_length(new.value))
            on conflict (tenant_id) do update set entries = u.entries + 1, bytes = u.bytes + excluded.bytes;
    elsif tg_op = 'UPDATE' then
        update scriptorium.storage_usage set bytes = bytes + octet_length(new.value) - octet_length(old.value)
            where tenant_id = new.tenant_id;
    else
        update scriptorium.storage_usage set entries = entries - 1,
            bytes = bytes - octet_length(old.key) - octet_length(old.value) where tenant_id = old.tenant_id;
    end if;
    return null;
end
$$;
create trigger storage_counted after insert or update or delete on storage
    for each row execute function count_storage();
