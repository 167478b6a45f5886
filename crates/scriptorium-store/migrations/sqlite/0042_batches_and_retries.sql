-- Intent: events are gathered, and one execution is given several; runs of schedules that failed are tried again;
-- an idempotency key may stand for work of several transactions.
-- Locks: the file's one writer, for an instant; new columns are empty, and no row is in the new index yet.

-- What the events are about that it gathers; null when it is not given any more than it has.
alter table executions add column batch_key text;
create index executions_batches on executions (tenant_id, script_id, batch_key, id)
    where batch_key is not null and status = 'pending';

alter table subscriptions add column batch_ms integer;
alter table subscriptions add column batch_events integer;
alter table subscriptions add column batch_key text;

-- How often a run that failed is tried again before the next instant.
alter table schedules add column retries integer not null default 0;

-- Of work under a key: what there was to do, how much is done, and when that was said last.
alter table idempotency_keys add column matched integer;
alter table idempotency_keys add column done integer;
alter table idempotency_keys add column ended integer check (ended in (0, 1));
alter table idempotency_keys add column touched_at integer;

-- They were sealed in another way than secrets are, by a key that is for the audit trail. No release had them.
delete from signing_secrets;
