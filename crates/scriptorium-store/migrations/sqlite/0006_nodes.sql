-- Intent: the servers that share one database, and counters by which each notices that another
-- changed what it keeps in memory. A SQLite file has one server; the tables are there so that both
-- databases hold the same.
-- Locks: none to speak of; two new tables and a small index.

create table nodes (
    id         blob    not null primary key,
    name       text    not null,
    version    text    not null,
    started_at integer not null,
    seen_at    integer not null
);

-- One row per kind of change, moved in the transaction that makes the change.
create table change_marks (
    kind text    not null primary key,
    mark integer not null
);
insert into change_marks (kind, mark) values ('endpoints', 0), ('schedules', 0);

-- Administrators of the platform act in tenants whose users they are not.
create index users_superadmins on users (id) where role = 'superadmin';
