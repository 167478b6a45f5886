-- Intent: how much storage each tenant has is known without counting, so that a quota can be held at every write.
-- Locks: the file's one writer while existing entries are counted once.

create table storage_usage (
    tenant_id blob    not null primary key references tenants (id) on delete cascade,
    entries   integer not null,
    bytes     integer not null
) without rowid;

insert into storage_usage (tenant_id, entries, bytes)
    select tenant_id, count(*), sum(length(cast(key as blob)) + length(cast(value as blob)))
    from storage group by tenant_id;

create trigger storage_counted_in after insert on storage begin
    insert into storage_usage (tenant_id, entries, bytes)
        values (new.tenant_id, 1, length(cast(new.key as blob)) + length(cast(new.value as blob)))
        on conflict (tenant_id) do update set entries = entries + 1, bytes = bytes + excluded.bytes;
end;

create trigger storage_counted_again after update on storage begin
    update storage_usage set bytes = bytes + length(cast(new.value as blob)) - length(cast(old.value as blob))
        where tenant_id = new.tenant_id;
end;

create trigger storage_counted_out after delete on storage begin
    update storage_usage set entries = entries - 1,
        bytes = bytes - length(cast(old.key as blob)) - length(cast(old.value as blob))
        where tenant_id = old.tenant_id;
end;
