-- Intent: executions that may begin later, or not for ever, or before others, and that are tried again;
-- events that are delivered to the scripts that subscribe to them, each once.
-- Locks: the file's one writer, while it builds three indexes of pending executions and one of events; every
-- new column is constant or empty. Events from before are not delivered any more.

alter table executions add column run_after integer;
-- While the instant of run_after is still to come: a claim looks at none of these.
alter table executions add column delayed integer not null default 0 check (delayed in (0, 1));
alter table executions add column expires_at integer;
alter table executions add column priority integer not null default 0 check (priority between 0 and 100);
alter table executions add column max_attempts integer not null default 3 check (max_attempts >= 1);
alter table executions add column first_execution_id blob;

drop index executions_pending;
-- With the script and the expiry, so that a claim steps over those of a busy script, and over those that
-- are too late, without reading their rows.
create index executions_pending on executions (tenant_id, priority desc, id, script_id, expires_at)
    where status = 'pending' and delayed = false;
-- Across tenants: what becomes due next, and what is not to begin any more.
create index executions_due on executions (run_after) where status = 'pending' and delayed = true;
create index executions_expiring on executions (expires_at)
    where status = 'pending' and expires_at is not null;

-- The runs that led to it, as a JSON array; null when none did.
alter table events add column lineage text;
alter table events add column waiting integer not null default 0 check (waiting in (0, 1));
alter table events add column dispatched_at integer;
create index events_waiting on events (tenant_id, created_at, id) where waiting = true;

-- Which scripts an event was delivered to: one row each, so that none is twice. Not a foreign key to
-- scripts: the record stays when the script goes, and goes with the event.
create table event_deliveries (
    tenant_id    blob    not null,
    event_id     blob    not null,
    script_id    blob    not null,
    execution_id blob,
    created_at   integer not null,
    primary key (tenant_id, event_id, script_id),
    foreign key (tenant_id, event_id) references events (tenant_id, id) on delete cascade
) without rowid;
