-- Intent: the servers that share this database, and counters by which each notices that another
-- changed what it keeps in memory. The tables are global: they say nothing of any tenant.
-- Locks: none to speak of; two new tables and a small index on users.

create table nodes (
    id         uuid   not null primary key,
    name       text   not null,
    version    text   not null,
    started_at bigint not null,
    seen_at    bigint not null
);

-- One row per kind of change, moved in the transaction that makes the change.
create table change_marks (
    kind text   not null primary key,
    mark bigint not null
);
insert into change_marks (kind, mark) values ('endpoints', 0), ('schedules', 0);

-- Tells the other nodes when the change is committed. A node that does not hear it finds the mark.
create function announce_change() returns trigger
    language plpgsql security definer set search_path = pg_catalog
as $$
begin
    execute format('notify scriptorium, %L', new.kind);
    return null;
end
$$;
create trigger change_marks_announce after update on change_marks
    for each row execute function announce_change();

-- Administrators of the platform act in tenants whose users they are not.
create index users_superadmins on users (id) where role = 'superadmin';
