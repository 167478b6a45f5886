-- Intent: events are gathered, and one execution is given several; runs of schedules that failed are tried again;
-- an idempotency key may stand for work of several transactions.
-- Locks: exclusive on executions, subscriptions, schedules and idempotency_keys for an
-- instant; new columns are empty, and no row is in the
-- new index yet, which reads every row once. Servers of the release before would know of no batches: stop them first.

-- What the events are about that it gathers; null when it is not given any more than it has.
alter table executions add column batch_key text collate "C";
create index executions_batches on executions (tenant_id, script_id, batch_key, id)
    where batch_key is not null and status = 'pending';

alter table subscriptions add column batch_ms bigint;
alter table subscriptions add column batch_events bigint;
alter table subscriptions add column batch_key text collate "C";

-- How often a run that failed is tried again before the next instant.
alter table schedules add column retries bigint not null default 0;

-- Of work under a key: what there was to do, how much is done, and when that was said last.
alter table idempotency_keys add column matched bigint;
alter table idempotency_keys add column done bigint;
alter table idempotency_keys add column ended boolean;
alter table idempotency_keys add column touched_at bigint;

-- They were sealed in another way than secrets are, by a key that is for the audit trail. No release had them.
truncate signing_secrets;
