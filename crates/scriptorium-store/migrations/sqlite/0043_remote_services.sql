-- Intent: services of a tenant that are somewhere else, and what requests to them are signed with.
-- Locks: none; a new table.

-- `manifest` is JSON, as it was declared. `sealed` is the key, which nobody is shown.
create table remote_services (
    tenant_id   blob    not null references tenants (id) on delete cascade,
    name        text    not null,
    manifest    text    not null,
    sealed      blob    not null,
    by_operator integer not null,
    revision    integer not null,
    created_at  integer not null,
    updated_at  integer not null,
    updated_by  blob,
    primary key (tenant_id, name)
);
