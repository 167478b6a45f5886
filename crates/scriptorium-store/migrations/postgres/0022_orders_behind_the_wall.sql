-- Intent: a page deep in a list by begin or end costs a page. PostgreSQL compares with a cursor in the index
-- only what cannot tell of other tenants' rows; it takes that of a case, not of coalesce. What runs of
-- one busy script is found without reading what it ever did.
-- Locks: executions against writes while the indexes are built: minutes for ten million executions.

drop index executions_started;
drop index executions_completed;
create index executions_started on executions
    (tenant_id, (case when started_at is null then 0 else started_at end), id);
create index executions_completed on executions
    (tenant_id, (case when completed_at is null then 0 else completed_at end), id);
create index executions_running_of on executions (tenant_id, script_id, id)
    where status = 'running';
