-- Intent: of events about the same thing that follow each other closely only the last one starts a script.
-- Locks: the file's one writer, for an instant; new columns are empty, and no row is in the new index yet.

-- What the events of the window are about that it waits at the end of, and when the first of them came.
alter table executions add column window_key text;
alter table executions add column window_from integer;
create index executions_windows on executions (tenant_id, script_id, window_key, id)
    where window_key is not null and status = 'pending';

alter table subscriptions add column debounce_ms integer;
alter table subscriptions add column debounce_key text;
