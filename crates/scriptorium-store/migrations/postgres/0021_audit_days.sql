-- Intent: a tenant keeps its audit trail for longer than ninety days, and never for less time than its
-- executions, which are checked against it.
-- Locks: exclusive on retention for a moment; it has a row for each tenant that has said something.

alter table retention add column audit_days bigint not null default 90
    check (audit_days between 90 and 3650);
-- The owner of the table sees no tenant's rows unless it says so, here until the end of the transaction.
alter table retention no force row level security;
update retention set audit_days = execution_days where execution_days > 90;
alter table retention force row level security;
