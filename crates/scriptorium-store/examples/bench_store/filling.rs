//! Statements that fill both databases: scripts are copies of the first ones, made by the database
//! from a table of what differs, so that no column is forgotten.

/// What differs from copy to copy; a temporary table. The types are SQLite's; `postgres` has its own.
pub(crate) const COPIES: &str = "create temp table copies (template, tenant_id, id, name, \
    path, event, next_at, words)";

/// A table that is copied, and what each copy has instead of the template's value.
pub(crate) struct Copied {
    pub(crate) table: &'static str,
    pub(crate) script_column: &'static str,
    pub(crate) replaced: &'static [(&'static str, &'static str)],
}

pub(crate) const COPIED: [Copied; 6] = [
    Copied {
        table: "scripts",
        script_column: "id",
        replaced: &[
            ("tenant_id", "c.tenant_id"),
            ("id", "c.id"),
            ("name", "c.name"),
        ],
    },
    Copied {
        table: "script_versions",
        script_column: "script_id",
        replaced: &[
            ("tenant_id", "c.tenant_id"),
            ("script_id", "c.id"),
            ("name", "c.name"),
        ],
    },
    Copied {
        table: "script_tags",
        script_column: "script_id",
        replaced: &[("tenant_id", "c.tenant_id"), ("script_id", "c.id")],
    },
    Copied {
        table: "schedules",
        script_column: "script_id",
        replaced: &[
            ("tenant_id", "c.tenant_id"),
            ("script_id", "c.id"),
            ("next_at", "c.next_at"),
        ],
    },
    Copied {
        table: "endpoints",
        script_column: "script_id",
        replaced: &[
            ("tenant_id", "c.tenant_id"),
            ("script_id", "c.id"),
            ("path", "c.path"),
            ("route_key", "c.path"),
        ],
    },
    Copied {
        table: "subscriptions",
        script_column: "script_id",
        replaced: &[
            ("tenant_id", "c.tenant_id"),
            ("script_id", "c.id"),
            ("event_type", "c.event"),
        ],
    },
];

impl Copied {
    /// The statement that copies, given the columns of the table.
    pub(crate) fn statement(&self, columns: &[String]) -> String {
        let value = |column: &String| {
            let replaced = self.replaced.iter().find(|(name, _)| name == column);
            replaced.map_or_else(|| format!("t.\"{column}\""), |(_, value)| (*value).into())
        };
        let quoted: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
        let values: Vec<String> = columns.iter().map(value).collect();
        format!(
            "insert into {table} ({}) select {} from copies c join {table} t on t.{} = c.template",
            quoted.join(", "),
            values.join(", "),
            self.script_column,
            table = self.table,
        )
    }
}

/// Notes the copies for the search index.
pub(crate) const NOTE_COPIES: &str = "insert into search_pending (tenant_id, kind, id, words) \
    select tenant_id, 'script', id, words from copies";

/// One copy of a script.
pub(crate) struct Copy {
    pub(crate) tenant: scriptorium_model::TenantId,
    pub(crate) template: usize,
    pub(crate) id: scriptorium_model::Uuid,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) event: String,
    pub(crate) next_at: i64,
    pub(crate) words: String,
}

/// Every copy, tenant by tenant. One schedule in a hundred is due.
pub(crate) fn copies<'a>(
    shape: crate::shape::Shape,
    source: &'a crate::rows::Source,
    tenants: &'a [scriptorium_model::TenantId],
    now_us: i64,
) -> impl Iterator<Item = Copy> + 'a {
    let numbers = move |place| (0..shape.scripts_of_tenant()).map(move |number| (place, number));
    (0..tenants.len())
        .flat_map(numbers)
        .map(move |(place, number)| {
            let due = number % 500 < 5;
            let ahead = (crate::rows::mix(number) % 86_400_000_000) as i64;
            let common = if number % 20 == 0 { " warehouse" } else { "" };
            Copy {
                tenant: tenants[place],
                template: (number % 5) as usize,
                id: source.script(place, number),
                name: format!("Script {number}"),
                path: format!("/orders/{number}"),
                event: format!("order.kind{}", number % 50),
                next_at: if due {
                    now_us - 1_000_000
                } else {
                    now_us + 3_600_000_000 + ahead
                },
                words: format!("script {number} checks an order against the stock orders{common}"),
            }
        })
}
