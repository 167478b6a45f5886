-- Intent: none here. On SQLite the tables that a host declares are in a file of their own for each
-- tenant; the file of this number on PostgreSQL makes room for them in the same database.
-- Locks: none.
select 1;
