-- Intent: lists of executions page by id alone, whose order is the order of creation (UUID v7), and
-- idempotency keys live in a table of their own, because PostgreSQL's partitions of executions can
-- have no unique key without the id.
-- Locks: the file's one writer, while it copies the keys and builds four indexes.

create table idempotency_keys (
    tenant_id    blob    not null,
    script_id    blob    not null,
    key          text    not null,
    execution_id blob    not null,
    created_at   integer not null,
    primary key (tenant_id, script_id, key),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
) without rowid;
create index idempotency_keys_execution on idempotency_keys (tenant_id, execution_id);
insert into idempotency_keys (tenant_id, script_id, key, execution_id, created_at)
    select tenant_id, script_id, idempotency_key, id, created_at from executions
    where idempotency_key is not null;
drop index executions_idempotency_key;

-- The primary key serves lists without a filter.
drop index executions_created;
drop index executions_script;
create index executions_script on executions (tenant_id, script_id, id);
drop index executions_status;
create index executions_status on executions (tenant_id, status, id);
drop index executions_pending;
create index executions_pending on executions (tenant_id, id, script_id) where status = 'pending';
-- The text of statements is the same on both databases, and SQLite compares it with the index's.
drop index subscriptions_type;
create index subscriptions_type on subscriptions (tenant_id, event_type) where active = true;
