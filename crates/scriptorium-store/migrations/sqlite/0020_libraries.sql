-- Intent: which version of each library a version of a script uses.
-- Locks: none to speak of; it adds an empty table.

-- Written when the version is saved, and anew when it is activated. A library that is purged takes the
-- rows with it: no active script had them.
create table version_libraries (
    tenant_id       blob    not null,
    script_id       blob    not null,
    number          integer not null,
    specifier       text    not null,
    library_id      blob    not null,
    library_version integer not null,
    primary key (tenant_id, script_id, number, specifier),
    foreign key (tenant_id, script_id, number)
        references script_versions (tenant_id, script_id, number) on delete cascade,
    foreign key (tenant_id, library_id, library_version)
        references script_versions (tenant_id, script_id, number) on delete cascade
);
create index version_libraries_users on version_libraries (tenant_id, library_id, library_version);
