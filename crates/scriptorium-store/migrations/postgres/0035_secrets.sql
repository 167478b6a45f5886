-- Intent: values that people write and only scripts read, sealed by a key that is not in the database.
-- Locks: none; a new table.

-- `scripts` are the ids of those that may read it, as JSON; null for all of the tenant.
create table secrets (
    tenant_id       uuid   not null references tenants (id) on delete cascade,
    name            text   collate "C" not null,
    sealed          bytea  not null,
    previous_sealed bytea,
    previous_until  bigint,
    test_sealed     bytea,
    scripts         text,
    created_at      bigint not null,
    updated_at      bigint not null,
    updated_by      uuid,
    primary key (tenant_id, name)
);
call seal_by_tenant('secrets');
