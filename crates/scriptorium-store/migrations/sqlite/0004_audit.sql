-- Intent: the audit trail: entries, the head of each tenant's chain, signed checkpoints of lawful
-- retention, and the fingerprint of the key that the codes are made with.
-- Locks: none to speak of; it only adds tables.
--
-- Nothing here refers to what it describes: an entry outlives tenant, person and script (D15). An
-- entry is never changed, and goes only when a checkpoint says that entries up to it were removed.

create table audit_entries (
    tenant_id    blob    not null,
    seq          integer not null check (seq >= 1),
    at           integer not null,
    action       text    not null,
    actor_kind   text    not null,
    actor_id     blob,
    actor_user   blob,
    actor_name   text    not null,
    subject_kind text    not null,
    subject_id   blob,
    subject_name text    not null,
    address      text,
    user_agent   text,
    request_id   text,
    before_value text,
    after_value  text,
    search_text  text    not null,
    mac          blob    not null check (length(mac) = 32),
    primary key (tenant_id, seq)
);
create index audit_entries_at on audit_entries (tenant_id, at, seq);
create index audit_entries_action on audit_entries (tenant_id, action, seq);
create index audit_entries_subject on audit_entries (tenant_id, subject_id, seq);
-- What people did: batches of executions are most of a busy tenant's entries.
create index audit_entries_changes on audit_entries (tenant_id, seq)
    where action <> 'execution.batch';

create table audit_heads (
    tenant_id blob    not null primary key,
    seq       integer not null check (seq >= 0),
    mac       blob    not null check (length(mac) = 32),
    moved_at  integer not null
);
create index audit_heads_moved on audit_heads (moved_at);

create table audit_checkpoints (
    tenant_id  blob    not null,
    seq        integer not null,
    last_mac   blob    not null check (length(last_mac) = 32),
    removed_at integer not null,
    entries    integer not null,
    mac        blob    not null check (length(mac) = 32),
    primary key (tenant_id, seq)
);

create table audit_key (
    id          integer not null primary key check (id = 1),
    fingerprint blob    not null check (length(fingerprint) = 32)
);

create trigger audit_entries_immutable before update on audit_entries
begin
    select raise(abort, 'an audit entry is immutable');
end;
create trigger audit_entries_kept before delete on audit_entries
when not exists (select 1 from audit_checkpoints c
                 where c.tenant_id = old.tenant_id and c.seq >= old.seq)
begin
    select raise(abort, 'an audit entry goes only behind a checkpoint');
end;
create trigger audit_checkpoints_immutable before update on audit_checkpoints
begin
    select raise(abort, 'a checkpoint is immutable');
end;
create trigger audit_checkpoints_kept before delete on audit_checkpoints
begin
    select raise(abort, 'a checkpoint stays');
end;
create trigger audit_heads_forward before update on audit_heads when new.seq < old.seq
begin
    select raise(abort, 'the head of a chain moves forward only');
end;
create trigger audit_heads_kept before delete on audit_heads
begin
    select raise(abort, 'the head of a chain stays');
end;
