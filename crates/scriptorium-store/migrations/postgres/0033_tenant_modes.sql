-- Intent: a tenant whose scripts may read business tables and not change them yet.
-- Locks: none; a new table.

create table tenant_modes (
    tenant_id  uuid    not null primary key references tenants (id) on delete cascade,
    read_only  boolean not null,
    updated_at bigint  not null
);
call seal_by_tenant('tenant_modes');
