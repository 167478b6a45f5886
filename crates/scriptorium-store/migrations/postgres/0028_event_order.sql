-- Intent: events of one key are run one after another when a subscription asks for it, and events are kept
-- for a script whose subscription is suspended. Events are delivered in the order in which they were recorded.
-- Locks: exclusive on events, event_deliveries and subscriptions for an instant, while it builds an index of the
-- events that wait; every new column is empty, so that no row is rewritten.

-- Who records an event after another one was committed gets a later number, whatever the clocks of the
-- servers say. Events from before have none, and are first.
create sequence events_position;
alter table events add column position bigint;
alter table events alter column position set default nextval('events_position');
alter table events add column key text;
drop index events_waiting;
create index events_waiting on events (tenant_id, position nulls first, created_at, id)
    where waiting = true;

alter table subscriptions add column order_by text;
-- Why somebody decided that the script is not to be given it.
alter table event_deliveries add column discarded text;

-- Deliveries that have not become executions: those of a suspended subscription are parked, those of an
-- order wait for the one before. With all that is needed to run them, because the event may have left the
-- history. A long value is a digest of it.
create table waiting_deliveries (
    tenant_id    uuid    not null,
    script_id    uuid    not null,
    position     bigint  not null,
    event_id     uuid    not null,
    event_type   text    collate "C" not null,
    order_value  text    collate "C",
    parked       boolean not null,
    created_at   bigint  not null,
    trigger_data text    not null,
    payload      text    not null,
    primary key (tenant_id, script_id, position),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create unique index waiting_deliveries_event on waiting_deliveries (tenant_id, script_id, event_id);
create index waiting_deliveries_order on waiting_deliveries (tenant_id, script_id, order_value, position)
    where parked = false;
call seal_by_tenant('waiting_deliveries');

-- Whose turn it is: of each order, the execution of the event that the next ones wait for.
create table order_turns (
    tenant_id    uuid  not null,
    script_id    uuid  not null,
    order_value  text  collate "C" not null,
    event_id     uuid  not null,
    execution_id uuid  not null,
    primary key (tenant_id, script_id, order_value),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
call seal_by_tenant('order_turns');

-- Subscriptions that are suspended, or resuming: then the next parked ones are due at an instant.
create table suspensions (
    tenant_id  uuid   not null,
    script_id  uuid   not null,
    since      bigint not null,
    by_user    uuid,
    reason     text,
    per_minute bigint check (per_minute >= 1),
    due_at     bigint,
    primary key (tenant_id, script_id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
-- Across tenants: what is to be delivered next.
create index suspensions_due on suspensions (due_at) where due_at is not null;
call seal_by_tenant('suspensions');

-- Whether this transaction is the only one that delivers events of the tenant; it is until it ends. It takes
-- no argument: whoever calls it can hold up their own tenant only.
create or replace function dispatch_alone() returns boolean
    language sql security definer set search_path = pg_catalog, pg_temp
as $$
    select pg_try_advisory_xact_lock(hashtextextended(current_setting('app.tenant', true), 1))
$$;
