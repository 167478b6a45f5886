//! All SQL: repositories, migrations, the tenants' own tables.
