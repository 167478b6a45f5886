-- Intent: idempotency keys are a caller's and name whatever was started, not a script's executions alone; each
-- remembers what was asked for, so that another request under the same key is told from the same one.
-- Locks: the file's one writer, for an instant. Keys from before are forgotten: they named no caller.

drop table idempotency_keys;
create table idempotency_keys (
    tenant_id  blob    not null,
    caller     text    not null,
    key        text    not null,
    -- Digest of the request.
    request    blob    not null check (length(request) = 32),
    -- The execution or the event that came of it. No foreign key: what started may go before the key.
    subject_id blob    not null,
    created_at integer not null,
    primary key (tenant_id, caller, key),
    foreign key (tenant_id) references tenants (id) on delete cascade
) without rowid;
create index idempotency_keys_created on idempotency_keys (tenant_id, created_at);
