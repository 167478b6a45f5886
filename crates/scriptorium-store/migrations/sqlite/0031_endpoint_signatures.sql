-- Intent: endpoints may ask for signed requests: their secrets, encrypted, and which requests have come already.
-- Locks: the file's one writer while `endpoints` is written anew; there is one row for each method of each endpoint.

-- SQLite cannot change a check: the table is made again.
create table endpoints_anew (
    tenant_id  blob    not null,
    script_id  blob    not null,
    method     text    not null check (method in ('GET', 'POST', 'PUT', 'DELETE', 'PATCH')),
    path       text    not null,
    route_key  text    not null,
    auth       text    not null check (auth in ('required', 'signature', 'public')),
    permission text,
    active     integer not null check (active in (0, 1)),
    rate_limit_per_minute integer check (rate_limit_per_minute >= 1),
    primary key (tenant_id, script_id, method),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
insert into endpoints_anew
    select tenant_id, script_id, method, path, route_key, auth, permission, active, rate_limit_per_minute
    from endpoints;
drop table endpoints;
alter table endpoints_anew rename to endpoints;
create unique index endpoints_route on endpoints (tenant_id, route_key, method);

-- What a signature is accepted of. `sealed` is encrypted with a key that is not in the database.
create table signing_secrets (
    tenant_id  blob    not null,
    id         blob    not null,
    script_id  blob    not null,
    sealed     blob    not null,
    created_by blob,
    created_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create index signing_secrets_script on signing_secrets (tenant_id, script_id, created_at);

-- Signed requests that were accepted, by a digest, as long as they could be sent again.
create table signed_requests (
    tenant_id  blob    not null,
    script_id  blob    not null,
    digest     blob    not null,
    expires_at integer not null,
    primary key (tenant_id, script_id, digest),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create index signed_requests_expiry on signed_requests (tenant_id, script_id, expires_at);
