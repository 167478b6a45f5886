-- Intent: full-text search over executions and scripts, payloads that are stored compressed, and how
-- long each tenant's history is kept.
-- Locks: the file's one writer, for as long as it takes to note every ended execution for the index;
-- the index itself is filled afterwards, in small batches.

-- The words of a document are in an index without content, each word behind the tenant's prefix.
-- The number of a document follows from the id of what it describes (search/number.rs), so that
-- the newest is the one with the largest number; this table leads back from number to id.
create table execution_documents (
    docid     integer primary key,
    tenant_id blob not null,
    id        blob not null
);
create virtual table execution_words using fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
create table script_documents (
    docid     integer primary key,
    tenant_id blob not null,
    id        blob not null
);
create virtual table script_words using fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

-- What has ended or changed and is not in the index yet; no words means that they are to be read
-- from the record.
create table search_pending (
    seq       integer primary key,
    tenant_id blob not null,
    kind      text not null check (kind in ('execution', 'script')),
    id        blob not null,
    words     text
);
insert into search_pending (tenant_id, kind, id)
    select tenant_id, 'script', id from scripts;
insert into search_pending (tenant_id, kind, id)
    select tenant_id, 'execution', id from executions where status not in ('pending', 'running')
    order by id;

-- A payload of more than 256 KiB is here instead of in the column of its name, compressed by zstd.
alter table executions add column trigger_data_packed blob;
alter table executions add column input_packed blob;
alter table executions add column output_packed blob;

-- Lists by trigger, and a script's list narrowed by status or trigger without reading the rows.
drop index executions_script;
create index executions_script on executions (tenant_id, script_id, id, status, trigger_kind);
drop index executions_status;
create index executions_status on executions (tenant_id, status, id);
create index executions_trigger on executions (tenant_id, trigger_kind, id, status);

-- How many days a tenant keeps what; tenants without a row keep to the platform's defaults.
create table retention (
    tenant_id      blob    not null primary key references tenants (id) on delete cascade,
    execution_days integer not null check (execution_days between 30 and 730),
    log_days       integer not null check (log_days between 30 and 730),
    event_days     integer not null check (event_days between 30 and 730),
    updated_by     blob,
    updated_at     integer not null
);
