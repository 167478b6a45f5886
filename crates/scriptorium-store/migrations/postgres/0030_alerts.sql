-- Intent: what a person should look at is kept, once for each kind and script until somebody says that they know.
-- Locks: none; a new table.

-- Not a foreign key to scripts: the record outlives what it is about.
create table alerts (
    tenant_id       uuid   not null references tenants (id) on delete cascade,
    id              uuid   not null,
    kind            text   collate "C" not null check (kind in ('dead_letter', 'paused', 'circuit_open')),
    script_id       uuid   not null,
    script_name     text   not null,
    message         text   not null,
    count           bigint not null check (count >= 1),
    first_at        bigint not null,
    last_at         bigint not null,
    acknowledged_at bigint,
    acknowledged_by uuid,
    primary key (tenant_id, id)
);
-- What happens again is counted in the one that is open.
create unique index alerts_open on alerts (tenant_id, kind, script_id) where acknowledged_at is null;
create index alerts_last on alerts (tenant_id, last_at, id);
call seal_by_tenant('alerts');
