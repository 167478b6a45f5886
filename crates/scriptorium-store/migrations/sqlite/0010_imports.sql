-- Intent: who wrote a version that was imported, where it was written.
-- Locks: none to speak of; it adds an empty table.

-- The author of an imported version is who imported it, because their rights bound its runs (D12). The
-- name of who wrote it elsewhere is a fact of history and grants nothing.
create table imported_versions (
    tenant_id blob    not null,
    script_id blob    not null,
    number    integer not null,
    author    text    not null,
    primary key (tenant_id, script_id, number),
    foreign key (tenant_id, script_id, number)
        references script_versions (tenant_id, script_id, number) on delete cascade
);
