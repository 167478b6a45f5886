-- Intent: endpoints may ask for signed requests: their secrets, encrypted, and which requests have come already.
-- Locks: endpoints exclusively while its rows are checked, of which there is one for each method of each endpoint; a share
-- row exclusive lock on scripts while the foreign keys are added; the new tables are empty.

alter table endpoints drop constraint endpoints_auth_check;
alter table endpoints add constraint endpoints_auth_check check (auth in ('required', 'signature', 'public'));

-- What a signature is accepted of. `sealed` is encrypted with a key that is not in the database.
create table signing_secrets (
    tenant_id  uuid   not null,
    id         uuid   not null,
    script_id  uuid   not null,
    sealed     bytea  not null,
    created_by uuid,
    created_at bigint not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create index signing_secrets_script on signing_secrets (tenant_id, script_id, created_at);
call seal_by_tenant('signing_secrets');

-- Signed requests that were accepted, by a digest, as long as they could be sent again.
create table signed_requests (
    tenant_id  uuid   not null,
    script_id  uuid   not null,
    digest     bytea  not null,
    expires_at bigint not null,
    primary key (tenant_id, script_id, digest),
    foreign key (tenant_id, script_id) references scripts (tenant_id, id) on delete cascade
);
create index signed_requests_expiry on signed_requests (tenant_id, script_id, expires_at);
call seal_by_tenant('signed_requests');
