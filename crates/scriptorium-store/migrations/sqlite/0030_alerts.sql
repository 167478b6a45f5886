-- Intent: what a person should look at is kept, once for each kind and script until somebody says that they know.
-- Locks: none; a new table.

-- Not a foreign key to scripts: the record outlives what it is about.
create table alerts (
    tenant_id       blob    not null references tenants (id) on delete cascade,
    id              blob    not null,
    kind            text    not null check (kind in ('dead_letter', 'paused', 'circuit_open')),
    script_id       blob    not null,
    script_name     text    not null,
    message         text    not null,
    count           integer not null check (count >= 1),
    first_at        integer not null,
    last_at         integer not null,
    acknowledged_at integer,
    acknowledged_by blob,
    primary key (tenant_id, id)
);
-- What happens again is counted in the one that is open.
create unique index alerts_open on alerts (tenant_id, kind, script_id) where acknowledged_at is null;
create index alerts_last on alerts (tenant_id, last_at, id);
