-- Intent: each version of a script says whose behaviour of the platform it was written for, as a date; versions
-- from before have the first date there is.
-- Locks: the file's one writer, for an instant; no row is rewritten.

alter table script_versions add column compatibility text not null default '2026-01-01';
