-- Intent: what becomes of missed and of overlapping instants is a setting of a schedule, as are jitter, begin,
-- end and a pause after failures; slots say why they did not run, and how many were passed over.
-- Locks: schedules and schedule_slots exclusively for an instant, while two small indexes are built; every new column is
-- constant or empty, so that no row is rewritten.

-- `delay` is how long after `next_at` it is due, in microseconds: the script's part of the jitter, or longer
-- while it waits for the run before. `failures` are those in a row.
alter table schedules add column missed text collate "C" not null default 'latest'
    check (missed in ('skip', 'latest', 'all'));
alter table schedules add column overlap text collate "C" not null default 'forbid'
    check (overlap in ('forbid', 'allow', 'replace'));
alter table schedules add column jitter_seconds bigint not null default 0;
alter table schedules add column starts_at bigint;
alter table schedules add column ends_at bigint;
alter table schedules add column pause_after bigint;
alter table schedules add column failures bigint not null default 0;
alter table schedules add column delay bigint not null default 0;

alter table schedule_slots add column skipped text collate "C"
    check (skipped in ('missed', 'still_running'));
alter table schedule_slots add column catch_up boolean not null default false;
alter table schedule_slots add column passed_over bigint not null default 0;
alter table schedule_slots add column passed_from bigint;

drop index schedules_due;
create index schedules_due on schedules ((next_at + delay)) where next_at is not null;
create index schedules_failing on schedules (tenant_id, script_id)
    where active = true and failures >= pause_after;
