-- Intent: what becomes of missed and of overlapping instants is a setting of a schedule, as are jitter, begin,
-- end and a pause after failures; slots say why they did not run, and how many were passed over.
-- Locks: the file's one writer for an instant; every new column is constant or empty, so that no row is rewritten.

-- `delay` is how long after `next_at` it is due, in microseconds: the script's part of the jitter, or longer
-- while it waits for the run before. `failures` are those in a row.
alter table schedules add column missed text not null default 'latest'
    check (missed in ('skip', 'latest', 'all'));
alter table schedules add column overlap text not null default 'forbid'
    check (overlap in ('forbid', 'allow', 'replace'));
alter table schedules add column jitter_seconds integer not null default 0;
alter table schedules add column starts_at integer;
alter table schedules add column ends_at integer;
alter table schedules add column pause_after integer;
alter table schedules add column failures integer not null default 0;
alter table schedules add column delay integer not null default 0;

alter table schedule_slots add column skipped text
    check (skipped in ('missed', 'still_running'));
alter table schedule_slots add column catch_up integer not null default 0 check (catch_up in (0, 1));
alter table schedule_slots add column passed_over integer not null default 0;
alter table schedule_slots add column passed_from integer;

drop index schedules_due;
create index schedules_due on schedules ((next_at + delay)) where next_at is not null;
create index schedules_failing on schedules (tenant_id, script_id)
    where active = true and failures >= pause_after;
