-- Intent: idempotency keys live in a table of their own, because the partitions of executions can
-- have no unique key without the id.
-- Locks: none on what exists.

create table idempotency_keys (
    tenant_id    uuid   not null,
    script_id    uuid   not null,
    key          text   collate "C" not null,
    execution_id uuid   not null,
    created_at   bigint not null,
    primary key (tenant_id, script_id, key),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create index idempotency_keys_execution on idempotency_keys (tenant_id, execution_id);
call seal_by_tenant('idempotency_keys');
