-- Intent: every platform table of the first release.
-- Locks: none to speak of; it runs on an empty file, before anyone else opens it.
--
-- Conventions. Keys begin with the tenant, and foreign keys carry it, so that a row cannot point
-- into another tenant. Instants are microseconds since 1970 in UTC: they compare as numbers and
-- read back as written. Ids are 16-byte blobs. JSON is text, checked before it arrives here.
-- Columns that name a person (created_by, triggered_by, ...) are facts of history without a
-- foreign key: an administrator of the platform may act in a tenant whose user they are not.

create table tenants (
    id         blob    not null primary key,
    slug       text    not null,
    name       text    not null,
    created_at integer not null
);
create unique index tenants_slug on tenants (slug);

create table users (
    tenant_id         blob    not null references tenants (id) on delete cascade,
    id                blob    not null,
    email             text    not null,
    name              text    not null,
    role              text    not null check (role in ('superadmin', 'org_admin', 'developer', 'viewer')),
    extra_permissions text    not null,
    password_hash     text,
    locale            text    not null,
    active            integer not null check (active in (0, 1)),
    created_at        integer not null,
    primary key (tenant_id, id)
);
-- One sign-in page serves every tenant, so an address is unique in the platform.
create unique index users_email on users (email);

create table sessions (
    tenant_id    blob    not null,
    id           blob    not null,
    user_id      blob    not null,
    secret_hash  blob    not null check (length(secret_hash) = 32),
    created_at   integer not null,
    last_used_at integer not null,
    expires_at   integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create unique index sessions_secret_hash on sessions (secret_hash);
create index sessions_user on sessions (tenant_id, user_id);

create table tokens (
    tenant_id    blob    not null references tenants (id) on delete cascade,
    id           blob    not null,
    name         text    not null,
    secret_hash  blob    not null check (length(secret_hash) = 32),
    permissions  text    not null,
    created_by   blob,
    created_at   integer not null,
    expires_at   integer,
    revoked_at   integer,
    last_used_at integer,
    primary key (tenant_id, id)
);
create unique index tokens_secret_hash on tokens (secret_hash);

-- Identity and state of a script. What its author wrote is in script_versions, once per version;
-- name, type and search_text are copies of the current version for uniqueness and lists.
create table scripts (
    tenant_id     blob    not null references tenants (id) on delete cascade,
    id            blob    not null,
    name          text    not null,
    type          text    not null check (type in ('scheduled', 'http', 'event', 'oneoff', 'embedded')),
    status        text    not null check (status in ('draft', 'active', 'paused', 'disabled', 'archived')),
    version       integer not null check (version >= 1),
    search_text   text    not null,
    owner         blob,
    updated_by    blob,
    activated_by  blob,
    created_by    blob,
    created_at    integer not null,
    updated_at    integer not null,
    paused_reason text,
    deleted_at    integer,
    primary key (tenant_id, id)
);
create unique index scripts_name on scripts (tenant_id, name) where deleted_at is null;
create index scripts_created on scripts (tenant_id, created_at, id) where deleted_at is null;
create index scripts_updated on scripts (tenant_id, updated_at, id) where deleted_at is null;
create index scripts_type_status on scripts (tenant_id, type, status) where deleted_at is null;

create table script_versions (
    tenant_id          blob    not null,
    script_id          blob    not null,
    number             integer not null check (number >= 1),
    name               text    not null,
    description        text    not null,
    type               text    not null,
    language           text    not null check (language in ('javascript', 'typescript')),
    settings           text    not null,
    change_description text    not null,
    created_by         blob,
    created_at         integer not null,
    source             text    not null,
    primary key (tenant_id, script_id, number),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
-- A version is a promise: nothing edits one (R-VER-03).
create trigger script_versions_immutable before update on script_versions
begin
    select raise(abort, 'a version is immutable');
end;

create table script_tags (
    tenant_id blob not null,
    tag       text not null,
    script_id blob not null,
    primary key (tenant_id, tag, script_id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
) without rowid;
create index script_tags_script on script_tags (tenant_id, script_id);

-- The three routing tables hold a row only while the script is not in the trash; `active` and
-- `next_at` follow its status in the same transaction (R-LIFE-06).
create table schedules (
    tenant_id blob    not null,
    script_id blob    not null,
    cron      text    not null,
    timezone  text    not null,
    active    integer not null check (active in (0, 1)),
    next_at   integer,
    last_at   integer,
    primary key (tenant_id, script_id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create index schedules_due on schedules (next_at) where next_at is not null;

-- One row per planned instant that was decided, so that none fires twice.
create table schedule_slots (
    tenant_id    blob    not null,
    script_id    blob    not null,
    planned_at   integer not null,
    execution_id blob,
    decided_at   integer not null,
    primary key (tenant_id, script_id, planned_at),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
) without rowid;

-- One row per method: two endpoints collide when normalized path and method agree (X-34).
create table endpoints (
    tenant_id  blob    not null,
    script_id  blob    not null,
    method     text    not null check (method in ('GET', 'POST', 'PUT', 'DELETE', 'PATCH')),
    path       text    not null,
    route_key  text    not null,
    auth       text    not null check (auth in ('required', 'public')),
    permission text,
    active     integer not null check (active in (0, 1)),
    primary key (tenant_id, script_id, method),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create unique index endpoints_route on endpoints (tenant_id, route_key, method);

create table subscriptions (
    tenant_id  blob    not null,
    script_id  blob    not null,
    event_type text    not null,
    active     integer not null check (active in (0, 1)),
    primary key (tenant_id, script_id, event_type),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create index subscriptions_type on subscriptions (tenant_id, event_type) where active = 1;

-- History and queue in one: a row is pending, then running under a lease, then final.
-- The payload columns come last, so that SQLite steps over their overflow pages in lists.
create table executions (
    tenant_id         blob    not null,
    id                blob    not null,
    script_id         blob    not null,
    script_name       text    not null,
    version           integer not null,
    status            text    not null check (status in ('pending', 'running', 'completed', 'failed', 'timeout', 'cancelled')),
    trigger_kind      text    not null check (trigger_kind in ('cron', 'http', 'event', 'manual', 'api', 'embedded')),
    attempt           integer not null,
    test              integer not null check (test in (0, 1)),
    replay_of         blob,
    triggered_by      blob,
    idempotency_key   text,
    created_at        integer not null,
    started_at        integer,
    completed_at      integer,
    queued_us         integer not null,
    duration_us       integer not null,
    cpu_us            integer not null,
    memory_peak_bytes integer not null,
    api_calls         integer not null,
    db_queries        integer not null,
    dropped_logs      integer not null,
    lease_id          blob,
    lease_until       integer,
    cancel_requested  integer not null default 0 check (cancel_requested in (0, 1)),
    failure_code      text,
    failure_message   text,
    failure_detail    text,
    trigger_data      text,
    input             text    not null,
    output            text,
    primary key (tenant_id, id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create index executions_created on executions (tenant_id, created_at, id);
create index executions_script on executions (tenant_id, script_id, created_at, id);
create index executions_status on executions (tenant_id, status, created_at, id);
create unique index executions_idempotency_key
    on executions (tenant_id, script_id, idempotency_key) where idempotency_key is not null;
-- With the script, so that a claim steps over those of a busy script without reading their rows.
create index executions_pending on executions (tenant_id, created_at, id, script_id)
    where status = 'pending';
create index executions_running on executions (lease_until) where status = 'running';
create index executions_lease on executions (lease_id) where lease_id is not null;

create table execution_logs (
    tenant_id    blob    not null,
    execution_id blob    not null,
    seq          integer not null,
    level        text    not null check (level in ('debug', 'info', 'warn', 'error', 'progress')),
    at           integer not null,
    message      text    not null,
    data         text,
    primary key (tenant_id, execution_id, seq),
    foreign key (tenant_id, execution_id) references executions (tenant_id, id) on delete cascade
) without rowid;

create table storage (
    tenant_id  blob    not null references tenants (id) on delete cascade,
    key        text    not null,
    expires_at integer,
    updated_at integer not null,
    value      text    not null,
    primary key (tenant_id, key)
);
create index storage_expiry on storage (expires_at) where expires_at is not null;

create table templates (
    tenant_id  blob    not null references tenants (id) on delete cascade,
    name       text    not null,
    updated_at integer not null,
    body       text    not null,
    primary key (tenant_id, name)
);

create table events (
    tenant_id    blob    not null references tenants (id) on delete cascade,
    id           blob    not null,
    kind         text    not null,
    script_id    blob,
    execution_id blob,
    created_at   integer not null,
    payload      text    not null,
    primary key (tenant_id, id)
);
create index events_created on events (tenant_id, created_at, id);
create index events_kind on events (tenant_id, kind, created_at, id);
