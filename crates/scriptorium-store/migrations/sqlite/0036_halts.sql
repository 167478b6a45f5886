-- Intent: what keeps executions from beginning: a tenant's own switch, the operator's for a tenant, and
-- maintenance of the platform, for every trigger or one kind.
-- Locks: the file's one writer, for an instant.

-- Maintenance is a row of the tenant whose operator said so; it concerns all tenants. `any` is every
-- trigger.
create table halts (
    tenant_id    blob not null references tenants (id) on delete cascade,
    scope        text not null check (scope in ('tenant', 'operator', 'platform')),
    trigger_kind text not null
        check (trigger_kind in ('any', 'cron', 'http', 'event', 'manual', 'api', 'embedded')),
    reason       text not null,
    stop_running integer not null,
    made_by      blob,
    since        integer not null,
    primary key (tenant_id, scope, trigger_kind)
);
