-- Which login may do what with which table; one line per table, run after every migration by the
-- owner of the tables. {app} acts for one tenant behind row-level security, {system} across tenants,
-- and {script}, which runs scripts' own SQL, gets nothing here: what it may use is made and granted
-- when a host that declares business tables starts. Nobody may truncate.

grant select                         on tenants           to {app};
grant select, insert, update, delete on tenants           to {system};
-- Versions are never changed; the trigger says the same.
grant select, insert, delete         on script_versions   to {app}, {system};
grant select, insert, delete         on imported_versions to {app}, {system};
grant select, insert, delete         on version_libraries to {app}, {system};
grant select, insert, update, delete on users             to {app}, {system};
grant select, insert, update, delete on sessions          to {app}, {system};
grant select, insert, update, delete on tokens            to {app}, {system};
grant select, insert, update, delete on scripts           to {app}, {system};
grant select, insert, update, delete on script_tags       to {app}, {system};
grant select, insert, update, delete on schedules         to {app}, {system};
grant select, insert, update, delete on schedule_slots    to {app}, {system};
grant select, insert, update, delete on endpoints         to {app}, {system};
grant select, insert, update, delete on subscriptions     to {app}, {system};
grant select, insert, update, delete on executions        to {app}, {system};
grant select, insert, update, delete on execution_logs    to {app}, {system};
grant select, insert, update, delete on storage           to {app}, {system};
grant select                         on tenant_modes      to {app};
grant select, insert, update, delete on tenant_modes      to {system};
grant select, insert, update, delete on secrets           to {app}, {system};
grant select, insert, update, delete on storage_usage     to {app}, {system};
grant select, insert, update, delete on templates         to {app}, {system};
grant select, insert, update, delete on events            to {app}, {system};
grant select, insert, update, delete on idempotency_keys  to {app}, {system};
grant select, insert, update, delete on retention         to {app}, {system};
grant select, insert, update, delete on halts             to {app}, {system};
grant select, insert, update, delete on script_drafts     to {app}, {system};
grant select, insert, update, delete on version_milestones to {app}, {system};
grant select, insert, update, delete on version_policies  to {app}, {system};
grant select, insert, update, delete on dead_letters      to {app}, {system};
grant select, insert, update, delete on operations        to {app}, {system};
grant select, insert, update, delete on notifications     to {app}, {system};
grant select, insert, update, delete on notification_days to {app}, {system};
grant select, insert, update, delete on notification_modes to {app}, {system};
grant select, insert, update, delete on outgoing_rules    to {app}, {system};
grant select, insert, update, delete on remote_services   to {app}, {system};
grant select, insert, update, delete on event_deliveries  to {app}, {system};
grant select, insert, delete         on signing_secrets   to {app}, {system};
grant select, insert, delete         on signed_requests   to {app}, {system};
grant select, insert, update, delete on waiting_deliveries to {app}, {system};
grant select, insert, update, delete on order_turns       to {app}, {system};
grant select, insert, update, delete on suspensions       to {app}, {system};
grant select, insert, update, delete on alerts            to {app}, {system};
grant usage on sequence events_position to {app}, {system};
-- The words that search looks in: written by the indexer, read through find_… only; they go with
-- what they describe.
grant select, insert, update, delete on execution_documents to {system};
grant select, insert, update, delete on script_documents  to {system};
grant select (tenant_id, id), delete on execution_documents, script_documents to {app};
grant select, insert, update, delete on search_pending    to {app}, {system};
-- What the servers tell each other; whoever changes a route says so.
grant select, insert, update         on change_marks      to {app}, {system};
grant select, insert, update, delete on nodes             to {system};
-- Appended only: entries go behind a checkpoint, which the trigger asks for.
grant select, insert                 on audit_entries     to {app};
grant select, insert, delete         on audit_entries     to {system};
grant select, insert, update         on audit_heads       to {app}, {system};
grant select                         on audit_checkpoints to {app};
grant select, insert                 on audit_checkpoints to {system};
grant select, insert                 on audit_key         to {system};

-- Whoever reports what the schema is at, or makes next month's partitions.
grant select on _sqlx_migrations to {app}, {system};
revoke execute on all functions in schema scriptorium from public;
revoke execute on all procedures in schema scriptorium from public;
revoke execute on all functions in schema scriptorium_data from public;
grant execute on function first_id_at(bigint) to {app}, {system};
grant execute on function find_executions(text, uuid, uuid, integer) to {app};
grant execute on function find_scripts(text) to {app};
grant execute on function make_partitions(bigint, integer) to {system};
grant execute on function drop_partitions(bigint) to {system};
grant execute on function dispatch_alone() to {app};
-- Where there are no business tables, and so no transaction of theirs to keep entries with.
grant usage on schema scriptorium_data to {app};
grant execute on function scriptorium_data.keep_entries(jsonb, jsonb, bigint, bigint, bigint) to {app};
