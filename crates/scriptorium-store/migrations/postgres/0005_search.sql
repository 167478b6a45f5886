-- Intent: full-text search over executions and scripts, payloads that are stored compressed, and how
-- long each tenant's history is kept.
-- Locks: exclusive on executions for as long as it takes to build two indexes; on a large history,
-- stop the servers first.

-- The words of a document, each behind the tenant's prefix. Partitioned like executions, so that
-- what is past its retention leaves whole.
create table execution_documents (
    tenant_id uuid     not null,
    id        uuid     not null,
    words     tsvector not null,
    primary key (tenant_id, id)
) partition by range (id);
create index execution_documents_words on execution_documents using gin (words);
create table execution_documents_default partition of execution_documents default;

create table script_documents (
    tenant_id uuid     not null,
    id        uuid     not null,
    words     tsvector not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, id) references scripts (tenant_id, id) on delete cascade
);
create index script_documents_words on script_documents using gin (words);

-- What has ended or changed and is not in the index yet; no words means that they are to be read
-- from the record.
create table search_pending (
    seq       bigint generated always as identity,
    tenant_id uuid not null,
    kind      text not null check (kind in ('execution', 'script')),
    id        uuid not null,
    words     text,
    primary key (tenant_id, seq)
);
create index search_pending_seq on search_pending (seq);

-- A payload of more than 256 KiB is here instead of in the column of its name, compressed by zstd.
alter table executions add column trigger_data_packed bytea;
alter table executions add column input_packed bytea;
alter table executions add column output_packed bytea;
alter table executions alter column trigger_data_packed set storage external;
alter table executions alter column input_packed set storage external;
alter table executions alter column output_packed set storage external;

-- Lists by trigger, and a script's list narrowed by status or trigger without reading the rows.
drop index executions_script;
create index executions_script on executions (tenant_id, script_id, id, status, trigger_kind);
create index executions_trigger on executions (tenant_id, trigger_kind, id, status);

-- How many days a tenant keeps what; tenants without a row keep to the platform's defaults.
create table retention (
    tenant_id      uuid   not null primary key references tenants (id) on delete cascade,
    execution_days bigint not null check (execution_days between 30 and 730),
    log_days       bigint not null check (log_days between 30 and 730),
    event_days     bigint not null check (event_days between 30 and 730),
    updated_by     uuid,
    updated_at     bigint not null
);

call seal_by_tenant('execution_documents');
call seal_by_tenant('execution_documents_default');
call seal_by_tenant('script_documents');
call seal_by_tenant('search_pending');
call seal_by_tenant('retention');

-- Row-level security keeps the operator @@ away from its index: it is not leakproof, so every
-- document of the tenant would be read. These two functions may use the index, because the owner of
-- the tables, who serves no request, is allowed to read the documents; what they give is still of
-- the tenant that the transaction has named, and nothing when it has named none.
create policy searched on execution_documents for select to current_user using (true);
create policy searched on script_documents for select to current_user using (true);

-- The tenant's newest executions that hold the words, before `below` and from `above` on.
create function find_executions(query text, above uuid, below uuid, most integer)
    returns setof uuid language sql stable security definer rows 50
    set search_path = scriptorium, pg_catalog, pg_temp as $$
    select d.id from execution_documents d
    where d.words @@ query::tsquery and d.id >= above and d.id < below
        and d.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
    order by d.id desc limit most
$$;

-- The tenant's scripts that hold the words.
create function find_scripts(query text) returns setof uuid language sql stable security definer
    rows 50 set search_path = scriptorium, pg_catalog, pg_temp as $$
    select d.id from script_documents d
    where d.words @@ query::tsquery
        and d.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
$$;
