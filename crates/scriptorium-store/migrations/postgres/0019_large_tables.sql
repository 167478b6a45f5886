-- Intent: what a large tenant asks costs a page and not the tenant: lists of scripts by type and status,
-- the next instants of a tenant, what went wrong with one busy script; and the words of executions are
-- indexed day by day.
-- Locks: exclusive on executions for as long as it takes to build an index and to note every ended
-- execution for the search index, which is filled anew afterwards, in small batches. On a large
-- history, stop the servers first.

-- The scripts of one type or status, the newest first.
drop index scripts_type_status;
create index scripts_type on scripts (tenant_id, type, created_at, id) where deleted_at is null;
create index scripts_status on scripts (tenant_id, status, created_at, id) where deleted_at is null;

create index schedules_upcoming on schedules (tenant_id, next_at, script_id) where next_at is not null;

-- Of a script that ran a million times, the few that failed.
create index executions_failures on executions (tenant_id, script_id, status, id)
    where status in ('failed', 'timeout', 'cancelled');

-- Words of executions name their day from now on. The owner of the tables sees no tenant's rows unless
-- it says so, here until the end of the transaction.
alter table executions no force row level security;
alter table search_pending no force row level security;
truncate execution_documents;
-- What is new waits in a list that each look into the index reads from end to end: a short one.
drop index execution_documents_words;
create index execution_documents_words on execution_documents using gin (words)
    with (gin_pending_list_limit = 64);
alter index script_documents_words set (gin_pending_list_limit = 64);
delete from search_pending where kind = 'execution';
insert into search_pending (tenant_id, kind, id)
    select tenant_id, 'execution', id from executions where status not in ('pending', 'running')
    order by id desc;
-- What is deleted leaves this list, too, which may be long.
create index search_pending_id on search_pending (tenant_id, id);
alter table executions force row level security;
alter table search_pending force row level security;

-- How many days of UTC are between 1970 and the instant at which an id of version 7 was made.
create function day_of(id uuid) returns integer language sql immutable as
    $$ select least(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 86400000, 65535)::integer $$;

-- How a day is called in the words of an execution (search/prefix.rs).
create function name_of(day integer) returns text language sql immutable as
    $$ select lpad(to_hex(day), 4, '0') $$;

-- The tenant's newest executions that hold the words, before `below` and from `above` on; `~` in the
-- words stands for a day. A word that nearly all hold is found among the newest few hundred, one by
-- one. Any other is looked up for one day after the other, the newest first, until a page is full, so
-- that it costs what it costs in the days that fill a page; for a rare word these are many, with few
-- documents of it. Within a day the index gives all documents of a word in no order: when
-- they turn out to be many, the day is read in order instead, because a page of them is near, and
-- only when it is not, all of them are gathered and sorted. Tenant and order are asked about after
-- the words: the planner knows nothing of words it is not told, and would read the tenant's documents
-- in order instead of the index. For the same reason one plan has to do for all words: to make one
-- takes longer than to run it.
create or replace function find_executions(query text, above uuid, below uuid, most integer)
    returns setof uuid language plpgsql stable security definer rows 50
    set search_path = scriptorium, pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan as $$
declare
    own    uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    many   constant integer := 1000;
    newest uuid;
    oldest uuid;
    asked  tsquery;
    low    uuid;
    high   uuid;
    seen   integer;
    hits   uuid[];
begin
    select d.id into newest from execution_documents d
        where d.tenant_id = own and d.id < below order by d.id desc limit 1;
    select d.id into oldest from execution_documents d
        where d.tenant_id = own and d.id >= above order by d.id limit 1;
    if newest is null or oldest is null or newest < oldest then
        return;
    end if;
    -- Those of the days before do not match: their words have other names.
    asked := replace(query, '~', name_of(day_of(newest)))::tsquery;
    select array_agg(n.id) into hits from (
        select d.id from (
            select d.id, d.words from execution_documents d
            where d.tenant_id = own and d.id < below order by d.id desc limit 256) d
        where d.id >= above and d.words @@ asked limit most) n;
    if cardinality(hits) >= most then
        return query select unnest(hits);
        return;
    end if;
    for day in reverse day_of(newest) .. day_of(oldest) loop
        asked := replace(query, '~', name_of(day))::tsquery;
        low := greatest(above, first_id_at(day * 86400000000));
        high := least(below, first_id_at((day + 1) * 86400000000));
        with found as materialized (
            select d.tenant_id, d.id from execution_documents d
            where d.words @@ asked and d.id >= low and d.id < high limit many)
        select count(*), (array_agg(found.id order by found.id desc)
                filter (where found.tenant_id = own))[:most]
            into seen, hits from found;
        if seen >= many then
            select array_agg(n.id) into hits from (
                select d.id from (
                    select d.id, d.words from execution_documents d
                    where d.tenant_id = own and d.id >= low and d.id < high
                    order by d.id desc limit 4 * many) d
                where d.words @@ asked limit most) n;
            if coalesce(cardinality(hits), 0) < most then
                with found as materialized (
                    select d.tenant_id, d.id from execution_documents d
                    where d.words @@ asked and d.id >= low and d.id < high)
                select array_agg(n.id) into hits from (
                    select found.id from found where found.tenant_id = own
                    order by found.id desc limit most) n;
            end if;
        end if;
        if hits is not null then
            return query select unnest(hits);
            most := most - cardinality(hits);
            exit when most <= 0;
        end if;
    end loop;
end
$$;
