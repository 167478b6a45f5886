-- Intent: what a large tenant asks costs a page and not the tenant: lists of scripts by type and status,
-- the next instants of a tenant, what went wrong with one busy script; and the words of executions are
-- indexed day by day.
-- Locks: the file's one writer, for as long as it takes to build the indexes and to note every ended
-- execution for the search index, which is filled anew afterwards, in small batches.

-- The scripts of one type or status, the newest first.
drop index scripts_type_status;
create index scripts_type on scripts (tenant_id, type, created_at, id) where deleted_at is null;
create index scripts_status on scripts (tenant_id, status, created_at, id) where deleted_at is null;

create index schedules_upcoming on schedules (tenant_id, next_at, script_id) where next_at is not null;

-- Of a script that ran a million times, the few that failed.
create index executions_failures on executions (tenant_id, script_id, status, id)
    where status in ('failed', 'timeout', 'cancelled');

-- Words of executions name their day from now on.
insert into execution_words (execution_words) values ('delete-all');
delete from execution_documents;
delete from search_pending where kind = 'execution';
insert into search_pending (tenant_id, kind, id)
    select tenant_id, 'execution', id from executions where status not in ('pending', 'running')
    order by id desc;
-- What is deleted leaves this list, too, which may be long.
create index search_pending_id on search_pending (id);
