-- Intent: values that people write and only scripts read, sealed by a key that is not in the database.
-- Locks: none; a new table.

-- `scripts` are the ids of those that may read it, as JSON; null for all of the tenant.
create table secrets (
    tenant_id       blob    not null references tenants (id) on delete cascade,
    name            text    not null,
    sealed          blob    not null,
    previous_sealed blob,
    previous_until  integer,
    test_sealed     blob,
    scripts         text,
    created_at      integer not null,
    updated_at      integer not null,
    updated_by      blob,
    primary key (tenant_id, name)
);
