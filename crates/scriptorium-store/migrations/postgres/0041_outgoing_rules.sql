-- Intent: what a tenant says about the requests of its scripts: where they may go, and what goes along.
-- Locks: none; a new table.

-- `rules` is JSON. It names secrets, and holds no value of one.
create table outgoing_rules (
    tenant_id  uuid   not null primary key references tenants (id) on delete cascade,
    rules      text   not null,
    updated_at bigint not null
);
call seal_by_tenant('outgoing_rules');
