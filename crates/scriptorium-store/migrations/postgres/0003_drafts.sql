-- Intent: drafts of users, milestones among versions, how many versions a tenant keeps, and who moved
-- a script to the trash.
-- Locks: scripts exclusively for an instant (a column without default) and against writes while the
-- scripts in the trash are indexed, which are few.

alter table scripts add column deleted_by uuid;
create index scripts_trash on scripts (tenant_id, deleted_at, id) where deleted_at is not null;
-- Across tenants: what has been in the trash for too long.
create index scripts_deleted on scripts (deleted_at) where deleted_at is not null;

-- What a user has typed into a script and not saved. It goes with its user and its script.
create table script_drafts (
    tenant_id    uuid   not null,
    script_id    uuid   not null,
    user_id      uuid   not null,
    base_version bigint not null check (base_version >= 1),
    created_at   bigint not null,
    updated_at   bigint not null,
    settings     text,
    source       text   not null,
    primary key (tenant_id, script_id, user_id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index script_drafts_user on script_drafts (tenant_id, user_id);

-- A milestone is a name for a version that is never pruned. The version itself stays untouched.
create table version_milestones (
    tenant_id  uuid   not null,
    script_id  uuid   not null,
    number     bigint not null,
    name       text   not null,
    created_by uuid,
    created_at bigint not null,
    primary key (tenant_id, script_id, number),
    foreign key (tenant_id, script_id, number)
        references script_versions (tenant_id, script_id, number) on delete cascade
);

-- How many versions a tenant keeps; one without a row keeps all (R-VER-09).
create table version_policies (
    tenant_id    uuid   not null primary key references tenants (id) on delete cascade,
    max_count    bigint check (max_count >= 1),
    max_age_days bigint check (max_age_days >= 1),
    updated_by   uuid,
    updated_at   bigint not null
);

call seal_by_tenant('script_drafts');
call seal_by_tenant('version_milestones');
call seal_by_tenant('version_policies');
