-- Intent: idempotency keys are a caller's and name whatever was started, not a script's executions alone; each
-- remembers what was asked for, so that another request under the same key is told from the same one.
-- Locks: none on what stays. Keys from before are forgotten: they named no caller. Servers of the release before
-- would look for the old columns: stop them first.

drop table idempotency_keys;
create table idempotency_keys (
    tenant_id  uuid   not null references tenants (id) on delete cascade,
    caller     text   collate "C" not null,
    key        text   collate "C" not null,
    -- Digest of the request.
    request    bytea  not null check (length(request) = 32),
    -- The execution or the event that came of it. No foreign key: what started may go before the key.
    subject_id uuid   not null,
    created_at bigint not null,
    primary key (tenant_id, caller, key)
);
create index idempotency_keys_created on idempotency_keys (tenant_id, created_at);
call seal_by_tenant('idempotency_keys');
