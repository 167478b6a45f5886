-- Intent: an address is unique in its tenant only. Unique in the platform, it told whoever may add
-- users that a stranger has an account in another tenant (P3.1).
-- Locks: users against writes while two indexes are built, which are small.

drop index users_email;
create unique index users_email on users (tenant_id, email);
-- One sign-in page serves every tenant.
create index users_sign_in on users (email, created_at, id);
