-- Intent: of executions that are about the same thing so many go on at once; the others wait for their seat.
-- Locks: exclusive on executions and subscriptions for an instant; new columns are empty, and no row is in the
-- new index yet, which reads every row once. Servers of the release before would know of no seats: stop them first.

-- What it is about; null when its script bounds nothing. One that waits for its seat is delayed and has no
-- run_after.
alter table executions add column seat_key text collate "C";
alter table executions add column seat_limit bigint;
alter table executions add column when_full text collate "C" check (when_full in ('queue', 'drop', 'replace'));
create index executions_seats on executions (tenant_id, script_id, seat_key, delayed, priority desc, id, run_after)
    where seat_key is not null and status in ('pending', 'running');

-- The script's setting as JSON, where dispatch finds it.
alter table subscriptions add column concurrency text collate "C";
