-- Intent: what keeps executions from beginning: a tenant's own switch, the operator's for a tenant, and
-- maintenance of the platform, for every trigger or one kind.
-- Locks: none; the table is new.

-- Maintenance is a row of the tenant whose operator said so; it concerns all tenants. `any` is every
-- trigger.
create table halts (
    tenant_id    uuid not null references tenants (id) on delete cascade,
    scope        text collate "C" not null check (scope in ('tenant', 'operator', 'platform')),
    trigger_kind text collate "C" not null
        check (trigger_kind in ('any', 'cron', 'http', 'event', 'manual', 'api', 'embedded')),
    reason       text not null,
    stop_running boolean not null,
    made_by      uuid,
    since        bigint not null,
    primary key (tenant_id, scope, trigger_kind)
);
call seal_by_tenant('halts');
