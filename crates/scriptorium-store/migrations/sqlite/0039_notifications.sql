-- Intent: messages to people that scripts send, each a row before anybody hears of it; how many a tenant has had
-- a day, and whether it sends any at all.
-- Locks: none; new tables.

-- Not foreign keys to scripts and executions: the record outlives what it is about.
create table notifications (
    tenant_id     blob not null references tenants (id) on delete cascade,
    id            blob not null,
    script_id     blob not null,
    script_name   text not null,
    execution_id  blob not null,
    channel       text not null check (channel in ('email', 'sms', 'slack', 'teams', 'telegram')),
    recipient     text not null,
    subject       text,
    content       text not null,
    metadata      text not null,
    status        text not null
                  check (status in ('pending', 'sending', 'sent', 'recorded', 'failed', 'discarded')),
    attempts      integer not null default 0 check (attempts >= 0),
    next_at       integer not null,
    lease_id      blob,
    lease_until   integer,
    error_code    text,
    error_message text,
    created_at    integer not null,
    settled_at    integer,
    primary key (tenant_id, id),
    check ((lease_id is not null) = (status = 'sending'))
) without rowid;
-- What is to be sent, and what somebody was sending who may be gone.
create index notifications_due on notifications (tenant_id, next_at, id) where status = 'pending';
create index notifications_held on notifications (lease_until) where status = 'sending';
create index notifications_status on notifications (tenant_id, status, id);
create index notifications_execution on notifications (tenant_id, execution_id, id);

-- How many a tenant has had on a day, counted in days since 1970 in UTC.
create table notification_days (
    tenant_id blob not null references tenants (id) on delete cascade,
    day       integer not null,
    number    integer not null check (number >= 0),
    primary key (tenant_id, day)
) without rowid;

create table notification_modes (
    tenant_id  blob not null references tenants (id) on delete cascade,
    mode       text not null check (mode in ('send', 'record')),
    updated_at integer not null,
    primary key (tenant_id)
) without rowid;
