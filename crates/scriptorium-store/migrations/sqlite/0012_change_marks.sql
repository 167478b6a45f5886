-- Intent: the marks by which a server notices what another changed are kept for each tenant. A SQLite
-- file has one server; the table is there so that both databases hold the same.
-- Locks: none to speak of; the table that goes has two rows.

drop table change_marks;
create table change_marks (
    tenant_id  blob    not null references tenants (id) on delete cascade,
    kind       text    not null,
    changed_in integer not null,
    primary key (tenant_id, kind)
);
create index change_marks_changed_in on change_marks (changed_in);
