-- Intent: a tenant keeps its audit trail for longer than ninety days, and never for less time than its
-- executions, which are checked against it.
-- Locks: none; SQLite has one writer, and retention has a row for each tenant that has said something.

alter table retention add column audit_days integer not null default 90
    check (audit_days between 90 and 3650);
update retention set audit_days = execution_days where execution_days > 90;
