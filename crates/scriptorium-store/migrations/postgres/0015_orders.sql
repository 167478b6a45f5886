-- Intent: lists in the orders that can be asked for read an index instead of sorting what a tenant has.
-- Locks: executions and scripts against writes while the indexes are built: minutes for ten million
-- executions.

-- An instant that has not come is before all others; the text is that of the statements.
create index executions_started on executions (tenant_id, coalesce(started_at, 0), id);
create index executions_completed on executions (tenant_id, coalesce(completed_at, 0), id);
create index scripts_order_type on scripts (tenant_id, type, id) where deleted_at is null;
create index scripts_order_status on scripts (tenant_id, status, id) where deleted_at is null;
