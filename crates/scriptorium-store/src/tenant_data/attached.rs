//! Tables that a host has in the platform's PostgreSQL database already, as business tables of the
//! tenants (decision 0053). Where they are and whose their rows are is declared; what their columns
//! are is looked up.

use scriptorium_model::Invalid;

/// Where a table of the host is, and whose its rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The schema it is in.
    pub schema: String,
    /// Its name there.
    pub table: String,
    /// The column that says whose a row is. Nobody sees it; a new row is given it.
    pub tenant: String,
    /// How that column names a tenant.
    pub named: Named,
    /// The columns that are seen when none is declared with its type; without any, all whose types we
    /// know.
    pub columns: Vec<String>,
    /// Whether rows may be changed through us.
    pub write: bool,
    /// What was found of it, in the words that its views are named after.
    pub(super) found: Option<Found>,
}

/// How a column of the host's names a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Named {
    /// By its id: a UUID, or a text.
    #[default]
    Id,
    /// By its slug.
    Slug,
    /// By a key of the host's, which a table of the host's has beside the tenant's slug or id.
    Key(Keys),
}

/// The table in which a host has its keys of tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The schema it is in.
    pub schema: String,
    /// Its name there.
    pub table: String,
    /// The column with the key.
    pub key: String,
    /// The column with the tenant: a text with its slug, or a UUID, which is its id. No two rows have
    /// the same.
    pub tenant: String,
}

/// What was found of a table at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The number of the table, which stays when its name does not.
    pub(super) oid: i64,
    /// The type of the column that says whose a row is, as PostgreSQL writes it.
    pub(super) ty: String,
    /// By which order of texts that column is compared, when it is one.
    pub(super) collation: Option<String>,
    /// A query for what that column has for the tenant of the session, when it is not its id.
    pub(super) key: Option<String>,
}

impl Attached {
    /// A table of the host's whose `tenant` is the id of the tenant, to be read.
    pub fn new(
        schema: impl Into<String>,
        table: impl Into<String>,
        tenant: impl Into<String>,
    ) -> Self {
        Self {
            schema: schema.into(),
            table: table.into(),
            tenant: tenant.into(),
            named: Named::Id,
            columns: Vec::new(),
            write: false,
            found: None,
        }
    }

    /// Says how its column names a tenant.
    #[must_use]
    pub fn named(mut self, named: Named) -> Self {
        self.named = named;
        self
    }

    /// Shows these columns only.
    #[must_use]
    pub fn columns<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Lets its rows be changed.
    #[must_use]
    pub fn written(mut self) -> Self {
        self.write = true;
        self
    }

    /// Checks names.
    pub(super) fn check(&self, field: &str, invalid: &mut Invalid) {
        let mut names = vec![&self.schema, &self.table, &self.tenant];
        if let Named::Key(keys) = &self.named {
            names.extend([&keys.schema, &keys.table, &keys.key, &keys.tenant]);
        }
        for name in names {
            // Quotes of either kind would end where it is written.
            let fits = (1..=63).contains(&name.len()) && !name.contains(['"', '$', '\0']);
            if !fits {
                let message = format!("{name:?} is no name of a table, schema or column");
                invalid.push(field, "bad_name", message);
            }
        }
    }
}
