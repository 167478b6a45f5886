-- Intent: every platform table of the first release, each sealed per tenant by the database itself.
-- Locks: none to speak of; it runs on an empty schema, before anyone else uses it.
--
-- Conventions. Keys begin with the tenant, and foreign keys carry it, so that a row cannot point
-- into another tenant. Instants are microseconds since 1970 in UTC. JSON is text, checked before it
-- arrives here. Text that is sorted or compared has the collation "C", so that both databases sort
-- alike. Row-level security is on and forced everywhere: a session that has not said which tenant
-- it acts for (app.tenant) sees nothing, and `nullif` makes what a finished transaction leaves
-- behind, an empty text, mean the same. The login `system` passes it, for what concerns several
-- tenants at once. Which login may do what is in grants.sql.

create table tenants (
    id         uuid   not null primary key,
    slug       text   collate "C" not null,
    name       text   not null,
    created_at bigint not null
);
create unique index tenants_slug on tenants (slug);

create table users (
    tenant_id         uuid    not null references tenants (id) on delete cascade,
    id                uuid    not null,
    email             text    collate "C" not null,
    name              text    not null,
    role              text    not null check (role in ('superadmin', 'org_admin', 'developer', 'viewer')),
    extra_permissions text    not null,
    password_hash     text,
    locale            text    not null,
    active            boolean not null,
    created_at        bigint  not null,
    primary key (tenant_id, id)
);
-- One sign-in page serves every tenant, so an address is unique in the platform.
create unique index users_email on users (email);

create table sessions (
    tenant_id    uuid   not null,
    id           uuid   not null,
    user_id      uuid   not null,
    secret_hash  bytea  not null check (length(secret_hash) = 32),
    created_at   bigint not null,
    last_used_at bigint not null,
    expires_at   bigint not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create unique index sessions_secret_hash on sessions (secret_hash);
create index sessions_user on sessions (tenant_id, user_id);

create table tokens (
    tenant_id    uuid   not null references tenants (id) on delete cascade,
    id           uuid   not null,
    name         text   not null,
    secret_hash  bytea  not null check (length(secret_hash) = 32),
    permissions  text   not null,
    created_by   uuid,
    created_at   bigint not null,
    expires_at   bigint,
    revoked_at   bigint,
    last_used_at bigint,
    primary key (tenant_id, id)
);
create unique index tokens_secret_hash on tokens (secret_hash);

-- Identity and state of a script. What its author wrote is in script_versions, once per version;
-- name, type and search_text are copies of the current version for uniqueness and lists.
create table scripts (
    tenant_id     uuid   not null references tenants (id) on delete cascade,
    id            uuid   not null,
    name          text   collate "C" not null,
    type          text   collate "C" not null check (type in ('scheduled', 'http', 'event', 'oneoff', 'embedded')),
    status        text   collate "C" not null check (status in ('draft', 'active', 'paused', 'disabled', 'archived')),
    version       bigint not null check (version >= 1),
    search_text   text   not null,
    owner         uuid,
    updated_by    uuid,
    activated_by  uuid,
    created_by    uuid,
    created_at    bigint not null,
    updated_at    bigint not null,
    paused_reason text,
    deleted_at    bigint,
    primary key (tenant_id, id)
);
create unique index scripts_name on scripts (tenant_id, name) where deleted_at is null;
create index scripts_created on scripts (tenant_id, created_at, id) where deleted_at is null;
create index scripts_updated on scripts (tenant_id, updated_at, id) where deleted_at is null;
create index scripts_type_status on scripts (tenant_id, type, status) where deleted_at is null;

create table script_versions (
    tenant_id          uuid   not null,
    script_id          uuid   not null,
    number             bigint not null check (number >= 1),
    name               text   collate "C" not null,
    description        text   not null,
    type               text   collate "C" not null,
    language           text   not null check (language in ('javascript', 'typescript')),
    settings           text   not null,
    change_description text   not null,
    created_by         uuid,
    created_at         bigint not null,
    source             text   not null,
    primary key (tenant_id, script_id, number),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
-- A version is a promise: nothing edits one (R-VER-03).
create function refuse_version_change() returns trigger language plpgsql as $$
begin
    raise exception 'a version is immutable';
end
$$;
create trigger script_versions_immutable before update on script_versions
    for each row execute function refuse_version_change();

create table script_tags (
    tenant_id uuid not null,
    tag       text collate "C" not null,
    script_id uuid not null,
    primary key (tenant_id, tag, script_id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create index script_tags_script on script_tags (tenant_id, script_id);

-- The three routing tables hold a row only while the script is not in the trash; `active` and
-- `next_at` follow its status in the same transaction (R-LIFE-06).
create table schedules (
    tenant_id uuid    not null,
    script_id uuid    not null,
    cron      text    not null,
    timezone  text    not null,
    active    boolean not null,
    next_at   bigint,
    last_at   bigint,
    primary key (tenant_id, script_id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create index schedules_due on schedules (next_at) where next_at is not null;

-- One row per planned instant that was decided, so that none fires twice.
create table schedule_slots (
    tenant_id    uuid   not null,
    script_id    uuid   not null,
    planned_at   bigint not null,
    execution_id uuid,
    decided_at   bigint not null,
    primary key (tenant_id, script_id, planned_at),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);

-- One row per method: two endpoints collide when normalized path and method agree (X-34).
create table endpoints (
    tenant_id  uuid    not null,
    script_id  uuid    not null,
    method     text    collate "C" not null check (method in ('GET', 'POST', 'PUT', 'DELETE', 'PATCH')),
    path       text    collate "C" not null,
    route_key  text    collate "C" not null,
    auth       text    not null check (auth in ('required', 'public')),
    permission text,
    active     boolean not null,
    primary key (tenant_id, script_id, method),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create unique index endpoints_route on endpoints (tenant_id, route_key, method);

create table subscriptions (
    tenant_id  uuid    not null,
    script_id  uuid    not null,
    event_type text    collate "C" not null,
    active     boolean not null,
    primary key (tenant_id, script_id, event_type),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create index subscriptions_type on subscriptions (tenant_id, event_type) where active = true;

-- History and queue in one: a row is pending, then running under a lease, then final. Partitioned
-- by the month in which the id was made, so that what is past its retention is dropped in whole.
create table executions (
    tenant_id         uuid    not null,
    id                uuid    not null,
    script_id         uuid    not null,
    script_name       text    not null,
    version           bigint  not null,
    status            text    collate "C" not null check (status in ('pending', 'running', 'completed', 'failed', 'timeout', 'cancelled')),
    trigger_kind      text    collate "C" not null check (trigger_kind in ('cron', 'http', 'event', 'manual', 'api', 'embedded')),
    attempt           bigint  not null,
    test              boolean not null,
    replay_of         uuid,
    triggered_by      uuid,
    idempotency_key   text,
    created_at        bigint  not null,
    started_at        bigint,
    completed_at      bigint,
    queued_us         bigint  not null,
    duration_us       bigint  not null,
    cpu_us            bigint  not null,
    memory_peak_bytes bigint  not null,
    api_calls         bigint  not null,
    db_queries        bigint  not null,
    dropped_logs      bigint  not null,
    lease_id          uuid,
    lease_until       bigint,
    cancel_requested  boolean not null default false,
    failure_code      text,
    failure_message   text,
    failure_detail    text,
    trigger_data      text,
    input             text    not null,
    output            text,
    primary key (tenant_id, id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
) partition by range (id);
create index executions_script on executions (tenant_id, script_id, id);
create index executions_status on executions (tenant_id, status, id);
-- With the script, so that a claim steps over those of a busy script without reading their rows.
create index executions_pending on executions (tenant_id, id, script_id) where status = 'pending';
create index executions_running on executions (lease_until) where status = 'running';
create index executions_lease on executions (lease_id) where lease_id is not null;
create table executions_default partition of executions default;

-- Partitioned by the execution's id, too, so that its lines leave with it.
create table execution_logs (
    tenant_id    uuid   not null,
    execution_id uuid   not null,
    seq          bigint not null,
    level        text   not null check (level in ('debug', 'info', 'warn', 'error', 'progress')),
    at           bigint not null,
    message      text   not null,
    data         text,
    primary key (tenant_id, execution_id, seq)
) partition by range (execution_id);
create table execution_logs_default partition of execution_logs default;

-- The lines of an execution that is deleted go with it, as SQLite's foreign key has it.
create function delete_logs_of_executions() returns trigger language plpgsql as $$
begin
    delete from scriptorium.execution_logs l using gone
        where l.tenant_id = gone.tenant_id and l.execution_id = gone.id;
    return null;
end
$$;
create trigger executions_logs after delete on executions referencing old table as gone
    for each statement execute function delete_logs_of_executions();

create table storage (
    tenant_id  uuid   not null references tenants (id) on delete cascade,
    key        text   collate "C" not null,
    expires_at bigint,
    updated_at bigint not null,
    value      text   not null,
    primary key (tenant_id, key)
);
create index storage_expiry on storage (expires_at) where expires_at is not null;

create table templates (
    tenant_id  uuid   not null references tenants (id) on delete cascade,
    name       text   collate "C" not null,
    updated_at bigint not null,
    body       text   not null,
    primary key (tenant_id, name)
);

create table events (
    tenant_id    uuid   not null references tenants (id) on delete cascade,
    id           uuid   not null,
    kind         text   collate "C" not null,
    script_id    uuid,
    execution_id uuid,
    created_at   bigint not null,
    payload      text   not null,
    primary key (tenant_id, id)
);
create index events_created on events (tenant_id, created_at, id);
create index events_kind on events (tenant_id, kind, created_at, id);

alter table tenants enable row level security;
alter table tenants force row level security;
create policy tenant on tenants
    using (id = (select nullif(current_setting('app.tenant', true), '')::uuid))
    with check (id = (select nullif(current_setting('app.tenant', true), '')::uuid));

-- The wall around one table: also what makes a new partition as tight as its parent, because
-- policies are not inherited by who reads a partition by its own name.
create procedure seal_by_tenant(sealed regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', sealed);
    execute format('alter table %s force row level security', sealed);
    execute format(
        'create policy tenant on %s '
        'using (tenant_id = (select nullif(current_setting(''app.tenant'', true), '''')::uuid)) '
        'with check (tenant_id = (select nullif(current_setting(''app.tenant'', true), '''')::uuid))',
        sealed);
end
$$;
call seal_by_tenant('users');
call seal_by_tenant('sessions');
call seal_by_tenant('tokens');
call seal_by_tenant('scripts');
call seal_by_tenant('script_versions');
call seal_by_tenant('script_tags');
call seal_by_tenant('schedules');
call seal_by_tenant('schedule_slots');
call seal_by_tenant('endpoints');
call seal_by_tenant('subscriptions');
call seal_by_tenant('executions');
call seal_by_tenant('executions_default');
call seal_by_tenant('execution_logs');
call seal_by_tenant('execution_logs_default');
call seal_by_tenant('storage');
call seal_by_tenant('templates');
call seal_by_tenant('events');

-- The smallest id of UUID version 7 that is made at an instant, in microseconds since 1970.
create function first_id_at(at bigint) returns uuid language sql immutable as
    $$ select (lpad(to_hex(greatest(at, 0) / 1000), 12, '0') || repeat('0', 20))::uuid $$;

-- Makes the partitions of the month of an instant and of `ahead` months after it, and says how many
-- are new. It belongs to the owner of the tables and runs with its rights (no other login may make
-- tables), so it takes numbers only. A month that already has rows in the default partition is
-- left there: they would have to be moved under a lock.
create function make_partitions(from_at bigint, ahead integer) returns integer
    language plpgsql security definer set search_path = scriptorium, pg_catalog, pg_temp as $$
declare
    month  timestamp := date_trunc('month', to_timestamp(from_at / 1000000.0) at time zone 'UTC');
    parent text;
    key    text;
    child  text;
    low    uuid;
    high   uuid;
    strays boolean;
    made   integer := 0;
begin
    for step in 0 .. least(greatest(ahead, 0), 36) loop
        low  := first_id_at((extract(epoch from month + make_interval(months => step)) * 1000000)::bigint);
        high := first_id_at((extract(epoch from month + make_interval(months => step + 1)) * 1000000)::bigint);
        for parent, key in values ('executions', 'id'), ('execution_logs', 'execution_id') loop
            child := parent || to_char(month + make_interval(months => step), '_YYYY_MM');
            continue when to_regclass('scriptorium.' || child) is not null;
            execute format('select exists (select from %I where %I >= $1 and %I < $2)',
                parent || '_default', key, key) into strays using low, high;
            continue when strays;
            execute format('create table %I partition of %I for values from (%L) to (%L)',
                child, parent, low, high);
            call seal_by_tenant(child::regclass);
            made := made + 1;
        end loop;
    end loop;
    return made;
end
$$;
select make_partitions((extract(epoch from now()) * 1000000)::bigint, 3);
