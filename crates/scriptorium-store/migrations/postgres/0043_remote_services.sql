-- Intent: services of a tenant that are somewhere else, and what requests to them are signed with.
-- Locks: none; a new table.

-- `manifest` is JSON, as it was declared. `sealed` is the key, which nobody is shown.
create table remote_services (
    tenant_id   uuid    not null references tenants (id) on delete cascade,
    name        text    collate "C" not null,
    manifest    text    not null,
    sealed      bytea   not null,
    by_operator boolean not null,
    revision    bigint  not null,
    created_at  bigint  not null,
    updated_at  bigint  not null,
    updated_by  uuid,
    primary key (tenant_id, name)
);
call seal_by_tenant('remote_services');
