-- Intent: lists by begin or end compare what they compare on PostgreSQL.
-- Locks: the file's one writer, while it builds the indexes: minutes for ten million executions.

drop index executions_started;
drop index executions_completed;
create index executions_started on executions
    (tenant_id, (case when started_at is null then 0 else started_at end), id);
create index executions_completed on executions
    (tenant_id, (case when completed_at is null then 0 else completed_at end), id);
