-- Intent: messages to people that scripts send, each a row before anybody hears of it; how many a tenant has had
-- a day, and whether it sends any at all.
-- Locks: none; new tables.

-- Not foreign keys to scripts and executions: the record outlives what it is about.
create table notifications (
    tenant_id     uuid not null references tenants (id) on delete cascade,
    id            uuid not null,
    script_id     uuid not null,
    script_name   text not null,
    execution_id  uuid not null,
    channel       text collate "C" not null check (channel in ('email', 'sms', 'slack', 'teams', 'telegram')),
    recipient     text not null,
    subject       text,
    content       text not null,
    metadata      text not null,
    status        text collate "C" not null
                  check (status in ('pending', 'sending', 'sent', 'recorded', 'failed', 'discarded')),
    attempts      bigint not null default 0 check (attempts >= 0),
    next_at       bigint not null,
    lease_id      uuid,
    lease_until   bigint,
    error_code    text,
    error_message text,
    created_at    bigint not null,
    settled_at    bigint,
    primary key (tenant_id, id),
    check ((lease_id is not null) = (status = 'sending'))
);
-- What is to be sent, and what somebody was sending who may be gone.
create index notifications_due on notifications (tenant_id, next_at, id) where status = 'pending';
create index notifications_held on notifications (lease_until) where status = 'sending';
create index notifications_status on notifications (tenant_id, status, id);
create index notifications_execution on notifications (tenant_id, execution_id, id);
call seal_by_tenant('notifications');

-- How many a tenant has had on a day, counted in days since 1970 in UTC.
create table notification_days (
    tenant_id uuid not null references tenants (id) on delete cascade,
    day       bigint not null,
    number    bigint not null check (number >= 0),
    primary key (tenant_id, day)
);
call seal_by_tenant('notification_days');

create table notification_modes (
    tenant_id  uuid not null references tenants (id) on delete cascade,
    mode       text collate "C" not null check (mode in ('send', 'record')),
    updated_at bigint not null,
    primary key (tenant_id)
);
call seal_by_tenant('notification_modes');
