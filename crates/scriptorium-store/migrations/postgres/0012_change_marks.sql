-- Intent: the marks by which a server notices what another changed are kept for each tenant, so that
-- tenants who save at the same time do not wait for one another.
-- Locks: change_marks exclusively, for an instant. A server of an earlier release cannot save scripts
-- afterwards: stop it first.

drop table change_marks;
-- Nodes tell one another after the commit: within it, telling takes a lock that all databases of the
-- cluster share, until the commit is on disk.
drop function announce_change();

-- The last transaction of a tenant that changed something of a kind. A node keeps the snapshot that it
-- has looked through, and looks for transactions that had not ended in it: unlike a counter, which can
-- be read after a larger one is committed and before a smaller one is, that misses none.
create table change_marks (
    tenant_id  uuid not null references tenants (id) on delete cascade,
    kind       text not null,
    changed_in xid8 not null,
    primary key (tenant_id, kind)
);
create index change_marks_changed_in on change_marks (changed_in);
call seal_by_tenant('change_marks');
