-- Intent: events of one key are run one after another when a subscription asks for it, and events are kept
-- for a script whose subscription is suspended. Events are delivered in the order in which they were recorded.
-- Locks: the file's one writer, while it builds an index of the events that wait; every new column is empty.

-- Rows are numbered as they are written: that is the order in which they are delivered.
alter table events add column key text;
drop index events_waiting;
create index events_waiting on events (tenant_id) where waiting = true;

alter table subscriptions add column order_by text;
-- Why somebody decided that the script is not to be given it.
alter table event_deliveries add column discarded text;

-- Deliveries that have not become executions: those of a suspended subscription are parked, those of an
-- order wait for the one before. With all that is needed to run them, because the event may have left the
-- history. A long value is a digest of it.
create table waiting_deliveries (
    tenant_id    blob    not null,
    script_id    blob    not null,
    position     integer not null,
    event_id     blob    not null,
    event_type   text    not null,
    order_value  text,
    parked       integer not null check (parked in (0, 1)),
    created_at   integer not null,
    trigger_data text    not null,
    payload      text    not null,
    primary key (tenant_id, script_id, position),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create unique index waiting_deliveries_event on waiting_deliveries (tenant_id, script_id, event_id);
create index waiting_deliveries_order on waiting_deliveries (tenant_id, script_id, order_value, position)
    where parked = false;

-- Whose turn it is: of each order, the execution of the event that the next ones wait for.
create table order_turns (
    tenant_id    blob not null,
    script_id    blob not null,
    order_value  text not null,
    event_id     blob not null,
    execution_id blob not null,
    primary key (tenant_id, script_id, order_value),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
) without rowid;

-- Subscriptions that are suspended, or resuming: then the next parked ones are due at an instant.
create table suspensions (
    tenant_id  blob    not null,
    script_id  blob    not null,
    since      integer not null,
    by_user    blob,
    reason     text,
    per_minute integer check (per_minute >= 1),
    due_at     integer,
    primary key (tenant_id, script_id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
) without rowid;
-- Across tenants: what is to be delivered next.
create index suspensions_due on suspensions (due_at) where due_at is not null;
