-- Intent: events that a script could not deal with, and what routes to scripts learns: filter, order
-- and attempts of subscriptions, the rate of endpoints, how the last run of a schedule ended.
-- Locks: subscriptions, endpoints and schedules exclusively for an instant; every new column is
-- constant or empty, so that no row is rewritten.

-- It holds what is needed to try again: the event and its executions may have left the history, so
-- that neither is a foreign key.
create table dead_letters (
    tenant_id     uuid   not null,
    id            uuid   not null,
    script_id     uuid   not null,
    script_name   text   not null,
    execution_id  uuid,
    event_id      uuid   not null,
    event_type    text   collate "C" not null,
    error_code    text   not null,
    error_message text   not null,
    attempts      bigint not null check (attempts >= 1),
    max_attempts  bigint not null check (max_attempts >= 1),
    status        text   collate "C" not null
        check (status in ('pending', 'retrying', 'resolved', 'discarded')),
    next_retry_at bigint,
    last_retry_at bigint,
    created_at    bigint not null,
    failed_at     bigint not null,
    error_stack   text,
    payload       text   not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create index dead_letters_script on dead_letters (tenant_id, script_id, id);
create index dead_letters_status on dead_letters (tenant_id, status, id);
create index dead_letters_type on dead_letters (tenant_id, event_type, id);
create index dead_letters_execution on dead_letters (tenant_id, execution_id);
-- Across tenants: what a policy takes up again.
create index dead_letters_due on dead_letters (next_retry_at)
    where status = 'pending' and next_retry_at is not null;
call seal_by_tenant('dead_letters');

alter table subscriptions add column filter text;
alter table subscriptions add column priority bigint not null default 0
    check (priority between 0 and 100);
alter table subscriptions add column max_attempts bigint not null default 4
    check (max_attempts between 1 and 10);
alter table endpoints add column rate_limit_per_minute bigint check (rate_limit_per_minute >= 1);
-- The end of the last run, or `skipped`.
alter table schedules add column last_status text
    check (last_status in ('completed', 'failed', 'timeout', 'cancelled', 'skipped'));
