-- Intent: the audit trail: entries, the head of each tenant's chain, signed checkpoints of lawful
-- retention, and the fingerprint of the key that the codes are made with.
-- Locks: none to speak of; it only adds tables.
--
-- Nothing here refers to what it describes: an entry outlives tenant, person and script (D15). An
-- entry is never changed, and goes only when a checkpoint says that entries up to it were removed.
-- The grants say the same to the app login, the triggers also to the owner.

create table audit_entries (
    tenant_id    uuid   not null,
    seq          bigint not null check (seq >= 1),
    at           bigint not null,
    action       text   not null,
    actor_kind   text   not null,
    actor_id     uuid,
    actor_user   uuid,
    actor_name   text   not null,
    subject_kind text   not null,
    subject_id   uuid,
    subject_name text   not null,
    address      text,
    user_agent   text,
    request_id   text,
    before_value text,
    after_value  text,
    search_text  text   not null,
    mac          bytea  not null check (length(mac) = 32),
    primary key (tenant_id, seq)
);
create index audit_entries_at on audit_entries (tenant_id, at, seq);
create index audit_entries_action on audit_entries (tenant_id, action, seq);
create index audit_entries_subject on audit_entries (tenant_id, subject_id, seq);
-- What people did: batches of executions are most of a busy tenant's entries.
create index audit_entries_changes on audit_entries (tenant_id, seq)
    where action <> 'execution.batch';

create table audit_heads (
    tenant_id uuid   not null primary key,
    seq       bigint not null check (seq >= 0),
    mac       bytea  not null check (length(mac) = 32),
    moved_at  bigint not null
);
create index audit_heads_moved on audit_heads (moved_at);

create table audit_checkpoints (
    tenant_id  uuid   not null,
    seq        bigint not null,
    last_mac   bytea  not null check (length(last_mac) = 32),
    removed_at bigint not null,
    entries    bigint not null,
    mac        bytea  not null check (length(mac) = 32),
    primary key (tenant_id, seq)
);

-- Of the platform, not of a tenant.
create table audit_key (
    id          bigint not null primary key check (id = 1),
    fingerprint bytea  not null check (length(fingerprint) = 32)
);

alter table audit_entries enable row level security;
alter table audit_entries force row level security;
create policy tenant on audit_entries
    using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid));
alter table audit_heads enable row level security;
alter table audit_heads force row level security;
create policy tenant on audit_heads
    using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid));
alter table audit_checkpoints enable row level security;
alter table audit_checkpoints force row level security;
create policy tenant on audit_checkpoints
    using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid));

create function audit_is_kept() returns trigger language plpgsql
as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

create function audit_goes_behind_a_checkpoint() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from audit_checkpoints c
                   where c.tenant_id = old.tenant_id and c.seq >= old.seq) then
        raise exception 'an audit entry goes only behind a checkpoint'
            using errcode = 'restrict_violation';
    end if;
    return old;
end $$;

create function audit_head_moves_forward() returns trigger language plpgsql as $$
begin
    if new.seq < old.seq then
        raise exception 'the head of a chain moves forward only'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;

create trigger audit_entries_immutable before update on audit_entries
    for each row execute function audit_is_kept();
create trigger audit_entries_kept before delete on audit_entries
    for each row execute function audit_goes_behind_a_checkpoint();
create trigger audit_entries_whole before truncate on audit_entries
    for each statement execute function audit_is_kept();
create trigger audit_checkpoints_immutable before update or delete on audit_checkpoints
    for each row execute function audit_is_kept();
create trigger audit_checkpoints_whole before truncate on audit_checkpoints
    for each statement execute function audit_is_kept();
create trigger audit_heads_forward before update on audit_heads
    for each row execute function audit_head_moves_forward();
create trigger audit_heads_kept before delete on audit_heads
    for each row execute function audit_is_kept();
create trigger audit_heads_whole before truncate on audit_heads
    for each statement execute function audit_is_kept();
