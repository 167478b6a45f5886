-- Intent: none here. On SQLite events that a host publishes in the transaction of its own rows wait in the
-- tenant's file, in a table that is made with the file.
-- Locks: none.
select 1;
