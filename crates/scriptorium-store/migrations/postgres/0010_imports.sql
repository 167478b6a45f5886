-- Intent: who wrote a version that was imported, where it was written.
-- Locks: a share row exclusive lock on script_versions while the foreign key is added; the table is empty.

-- The author of an imported version is who imported it, because their rights bound its runs (D12). The
-- name of who wrote it elsewhere is a fact of history and grants nothing.
create table imported_versions (
    tenant_id uuid   not null,
    script_id uuid   not null,
    number    bigint not null,
    author    text   not null,
    primary key (tenant_id, script_id, number),
    foreign key (tenant_id, script_id, number)
        references script_versions (tenant_id, script_id, number) on delete cascade
);
alter table imported_versions enable row level security;
alter table imported_versions force row level security;
create policy tenant on imported_versions
    using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid));
