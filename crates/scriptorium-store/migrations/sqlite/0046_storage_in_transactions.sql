-- Intent: what a transaction in a tenant's file has left in storage becomes the platform's once: the number of the
-- last one that did.
-- Locks: none worth a word; a column with a constant.

alter table storage_usage add column handed_over integer not null default 0;
