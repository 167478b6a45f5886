-- Intent: operations on many executions, each a row that says how far it has come, and by which the executions
-- that it made are found.
-- Locks: executions exclusively, while it builds an index that holds nothing yet.

create table operations (
    tenant_id    uuid not null references tenants (id) on delete cascade,
    id           uuid not null,
    kind         text not null check (kind in ('cancel', 'replay')),
    state        text not null check (state in ('running', 'done', 'cancelled', 'stopped')),
    filter       text not null,
    most         bigint not null check (most >= 1),
    per_minute   bigint check (per_minute >= 1),
    total        bigint not null check (total >= 0),
    done         bigint not null default 0 check (done >= 0),
    failed       bigint not null default 0 check (failed >= 0),
    problems     text,
    after_id     uuid,
    user_id      uuid,
    token_id     uuid,
    granted      text not null,
    created_at   bigint not null,
    next_at      bigint not null,
    completed_at bigint,
    reason       text,
    primary key (tenant_id, id)
);
-- Across tenants: what goes on.
create index operations_running on operations (next_at) where state = 'running';
call seal_by_tenant('operations');

create index executions_operation on executions (tenant_id, operation_id, id) where operation_id is not null;
