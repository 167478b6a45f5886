-- Intent: drafts of users, milestones among versions, how many versions a tenant keeps, and who moved
-- a script to the trash.
-- Locks: the file's one writer, for as long as it takes to index the scripts in the trash.

alter table scripts add column deleted_by blob;
create index scripts_trash on scripts (tenant_id, deleted_at, id) where deleted_at is not null;
-- Across tenants: what has been in the trash for too long.
create index scripts_deleted on scripts (deleted_at) where deleted_at is not null;

-- What a user has typed into a script and not saved. It goes with its user and its script.
create table script_drafts (
    tenant_id    blob    not null,
    script_id    blob    not null,
    user_id      blob    not null,
    base_version integer not null check (base_version >= 1),
    created_at   integer not null,
    updated_at   integer not null,
    settings     text,
    source       text    not null,
    primary key (tenant_id, script_id, user_id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index script_drafts_user on script_drafts (tenant_id, user_id);

-- A milestone is a name for a version that is never pruned. The version itself stays untouched.
create table version_milestones (
    tenant_id  blob    not null,
    script_id  blob    not null,
    number     integer not null,
    name       text    not null,
    created_by blob,
    created_at integer not null,
    primary key (tenant_id, script_id, number),
    foreign key (tenant_id, script_id, number)
        references script_versions (tenant_id, script_id, number) on delete cascade
);

-- How many versions a tenant keeps; one without a row keeps all (R-VER-09).
create table version_policies (
    tenant_id    blob    not null primary key references tenants (id) on delete cascade,
    max_count    integer check (max_count >= 1),
    max_age_days integer check (max_age_days >= 1),
    updated_by   blob,
    updated_at   integer not null
);
