-- Intent: events that a script could not deal with, and what routes to scripts learns: filter, order
-- and attempts of subscriptions, the rate of endpoints, how the last run of a schedule ended.
-- Locks: the file's one writer, for an instant; every new column is constant or empty.

-- It holds what is needed to try again: the event and its executions may have left the history, so
-- that neither is a foreign key.
create table dead_letters (
    tenant_id     blob    not null,
    id            blob    not null,
    script_id     blob    not null,
    script_name   text    not null,
    execution_id  blob,
    event_id      blob    not null,
    event_type    text    not null,
    error_code    text    not null,
    error_message text    not null,
    attempts      integer not null check (attempts >= 1),
    max_attempts  integer not null check (max_attempts >= 1),
    status        text    not null check (status in ('pending', 'retrying', 'resolved', 'discarded')),
    next_retry_at integer,
    last_retry_at integer,
    created_at    integer not null,
    failed_at     integer not null,
    error_stack   text,
    payload       text    not null,
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

alter table subscriptions add column filter text;
alter table subscriptions add column priority integer not null default 0
    check (priority between 0 and 100);
alter table subscriptions add column max_attempts integer not null default 4
    check (max_attempts between 1 and 10);
alter table endpoints add column rate_limit_per_minute integer check (rate_limit_per_minute >= 1);
-- The end of the last run, or `skipped`.
alter table schedules add column last_status text
    check (last_status in ('completed', 'failed', 'timeout', 'cancelled', 'skipped'));
