-- Intent: each version of a script says whose behaviour of the platform it was written for, as a date; versions
-- from before have the first date there is.
-- Locks: exclusive on script_versions for an instant; no row is rewritten. Servers of the release before go on: what they write has
-- the first date.

alter table script_versions add column compatibility text collate "C" not null default '2026-01-01';
