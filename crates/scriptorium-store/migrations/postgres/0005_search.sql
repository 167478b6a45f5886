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

-- The tenant's newest executions that hold the words, before `below` and from `above` on. It looks
-- month by month, the newest first, so that a common word costs what one page of it costs. Tenant
-- and order are asked about after the words: the planner knows nothing of words it is not told, and
-- would read the tenant's documents in order instead of the index.
create function find_executions(query text, above uuid, below uuid, most integer)
    returns setof uuid language plpgsql stable security definer rows 50
    set search_path = scriptorium, pg_catalog, pg_temp as $$
declare
    month timestamp := date_trunc('month', now() at time zone 'UTC');
    low   uuid;
    high  uuid := below;
    hits  integer;
begin
    -- Four months one by one, then all that is older: most tenants keep three.
    for step in 0 .. 4 loop
        low := greatest(above, first_id_at((extract(epoch from month) * 1000000)::bigint));
        if step = 4 then
            low := above;
        end if;
        if low < high then
            return query
                with found as materialized (
                    select d.tenant_id, d.id from execution_documents d
                    where d.words @@ query::tsquery and d.id >= low and d.id < high)
                select f.id from found f
                where f.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
                order by f.id desc limit most;
            get diagnostics hits = row_count;
            most := most - hits;
            high := low;
        end if;
        exit when most <= 0 or low <= above;
        month := month - interval '1 month';
    end loop;
end
$$;

-- The tenant's scripts that hold the words.
create function find_scripts(query text) returns setof uuid language sql stable security definer
    rows 50 set search_path = scriptorium, pg_catalog, pg_temp as $$
    select d.id from script_documents d
    where d.words @@ query::tsquery
        and d.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
$$;

-- Makes the partitions of the month of an instant and of `ahead` months after it, and says how many
-- are new; as before, and for the documents, too. A month that already has rows in the default
-- partition is left there: they would have to be moved under a lock.
create or replace function make_partitions(from_at bigint, ahead integer) returns integer
    language plpgsql security definer set search_path = scriptorium, pg_catalog, pg_temp as $$
declare
    month  timestamp := date_trunc('month', to_timestamp(from_at / 1000000.0) at time zone 'UTC');
    parent text;
    child  text;
    low    uuid;
    high   uuid;
    made   integer := 0;
begin
    for step in 0 .. least(greatest(ahead, 0), 36) loop
        low  := first_id_at((extract(epoch from month + make_interval(months => step)) * 1000000)::bigint);
        high := first_id_at((extract(epoch from month + make_interval(months => step + 1)) * 1000000)::bigint);
        for parent in values ('executions'), ('execution_logs'), ('execution_documents') loop
            child := parent || to_char(month + make_interval(months => step), '_YYYY_MM');
            continue when to_regclass('scriptorium.' || child) is not null;
            begin
                execute format('create table %I partition of %I for values from (%L) to (%L)',
                    child, parent, low, high);
            exception when check_violation then
                continue;
            end;
            call seal_by_tenant(child::regclass);
            made := made + 1;
        end loop;
    end loop;
    return made;
end
$$;
select make_partitions((extract(epoch from now()) * 1000000)::bigint, 3);

-- Drops the month that begins at an instant, with all of its executions, lines and documents, and
-- says how many partitions that were. It belongs to the owner of the tables, as the one above does;
-- whoever calls it has made sure that nothing of the month is kept. It waits for its lock for a
-- moment only, because everybody who comes later waits behind it.
create function drop_partitions(month_at bigint) returns integer
    language plpgsql security definer set search_path = scriptorium, pg_catalog, pg_temp
    set lock_timeout = '1s' as $$
declare
    parent  text;
    child   regclass;
    dropped integer := 0;
begin
    for parent in values ('execution_documents'), ('execution_logs'), ('executions') loop
        child := to_regclass('scriptorium.' || parent
            || to_char(to_timestamp(month_at / 1000000.0) at time zone 'UTC', '_YYYY_MM'));
        continue when child is null;
        execute format('drop table %s', child);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;
