-- Intent: how far an execution said it was, which is no line of its log any more; executions whose effects are
-- not real, and what those would have been; which operation on many made an execution.
-- Locks: the file's one writer, for an instant; every new column is constant or
-- empty, so that no execution is rewritten.

alter table executions add column progress text;
alter table executions add column dry_run integer not null default 0 check (dry_run in (0, 1));
alter table executions add column effects text;
alter table executions add column operation_id blob;
