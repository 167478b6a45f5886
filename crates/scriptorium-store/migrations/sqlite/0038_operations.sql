-- Intent: operations on many executions, each a row that says how far it has come, and by which the executions
-- that it made are found.
-- Locks: the file's one writer, while it builds an index that holds nothing yet.

create table operations (
    tenant_id    blob not null references tenants (id) on delete cascade,
    id           blob not null,
    kind         text not null check (kind in ('cancel', 'replay')),
    state        text not null check (state in ('running', 'done', 'cancelled', 'stopped')),
    filter       text not null,
    most         integer not null check (most >= 1),
    per_minute   integer check (per_minute >= 1),
    total        integer not null check (total >= 0),
    done         integer not null default 0 check (done >= 0),
    failed       integer not null default 0 check (failed >= 0),
    problems     text,
    after_id     blob,
    user_id      blob,
    token_id     blob,
    granted      text not null,
    created_at   integer not null,
    next_at      integer not null,
    completed_at integer,
    reason       text,
    primary key (tenant_id, id)
) without rowid;
-- Across tenants: what goes on.
create index operations_running on operations (next_at) where state = 'running';


create index executions_operation on executions (tenant_id, operation_id, id) where operation_id is not null;
