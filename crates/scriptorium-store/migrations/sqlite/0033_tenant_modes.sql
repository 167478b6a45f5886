-- Intent: a tenant whose scripts may read business tables and not change them yet.
-- Locks: none; a new table.

create table tenant_modes (
    tenant_id  blob    not null primary key references tenants (id) on delete cascade,
    read_only  integer not null check (read_only in (0, 1)),
    updated_at integer not null
) without rowid;
