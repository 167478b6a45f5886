-- Intent: which version of each library a version of a script uses.
-- Locks: a share row exclusive lock on script_versions while the foreign keys are added; the table is empty.

-- Written when the version is saved, and anew when it is activated. A library that is purged takes the
-- rows with it: no active script had them.
create table version_libraries (
    tenant_id       uuid   not null,
    script_id       uuid   not null,
    number          bigint not null,
    specifier       text   not null,
    library_id      uuid   not null,
    library_version bigint not null,
    primary key (tenant_id, script_id, number, specifier),
    foreign key (tenant_id, script_id, number)
        references script_versions (tenant_id, script_id, number) on delete cascade,
    foreign key (tenant_id, library_id, library_version)
        references script_versions (tenant_id, script_id, number) on delete cascade
);
create index version_libraries_users on version_libraries (tenant_id, library_id, library_version);

call seal_by_tenant('version_libraries');
